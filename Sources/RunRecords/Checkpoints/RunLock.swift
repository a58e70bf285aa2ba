private import Foundation
private import Glibc

/// Keeps a second job out of a run folder as long as this value exists.
///
/// It is the system's lock on `RUN/checkpoints/lock`, which ends with its process, however the process ends: a dead job
/// never blocks others. Over NFS it is the server's lock. The server releases it when the host of a dead job says so,
/// or when its lease ends. On a file system without locks, no job is refused.
public final class RunLock {
  private let handle: CInt

  /// - Throws: ``RunRecordError`` if a live job has the lock, or if the file cannot be created.
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
    // The text is only for people; the system decides who has the lock.
    let text = Array("host \(ProcessInfo.processInfo.hostName), process \(getpid())\n".utf8)
    _ = unsafe ftruncate(handle, 0) == 0 ? pwrite(handle, text, text.count, 0) : 0
    self.handle = handle
  }

  /// Checks that no live job has the lock, and leaves no file behind.
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
