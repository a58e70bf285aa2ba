private import Foundation
private import Glibc

/// Keeps a second job out of a run folder as long as the value lives.
///
/// The system's lock on `RUN/checkpoints/lock`, which ends with the process that has it, however that ends: what a dead job
/// left behind never holds anybody up. Over NFS the lock is that of the server, which gives it up when the host of a dead job
/// tells it to, or its lease is over; where a file system has no locks nothing is refused.
public final class RunLock {
  private let handle: CInt

  /// - Throws: ``RunRecordError`` where a live job has the lock, or the file cannot be made.
  public init(_ run: RunFolder) throws(RunRecordError) {
    let path = run.checkpoints + "/lock"
    _ = unsafe mkdir(run.checkpoints, 0o777)
    let handle = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
    guard handle >= 0 else {
      throw RunRecordError(.cannotWrite, path, "cannot be made: \(systemReason(errno))")
    }
    do {
      try Self.lock(handle, run)
    } catch {
      _ = close(handle)
      throw error
    }
    // For people; who has the lock is the system's to say.
    let text = Array("host \(ProcessInfo.processInfo.hostName), process \(getpid())\n".utf8)
    _ = unsafe ftruncate(handle, 0) == 0 ? pwrite(handle, text, text.count, 0) : 0
    self.handle = handle
  }

  /// Makes sure that no live job has the lock, and leaves nothing behind.
  public static func check(_ run: RunFolder) throws(RunRecordError) {
    let handle = unsafe open(run.checkpoints + "/lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard handle >= 0 else { return }
    defer { _ = close(handle) }
    try lock(handle, run)
  }

  private static func lock(_ handle: CInt, _ run: RunFolder) throws(RunRecordError) {
    guard flock(handle, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
    var owner = [UInt8](repeating: 0, count: 200)
    let count = unsafe pread(handle, &owner, owner.count, 0)
    let text = String(decoding: owner.prefix(max(0, count)).prefix { $0 >= 0x20 && $0 < 0x7f }, as: UTF8.self)
    throw RunRecordError(
      .cannotCreate, run.path,
      "a live job is writing this run\(text.isEmpty ? "" : " (\(text))"); wait until it has ended, or end it")
  }

  deinit { _ = close(handle) }
}
