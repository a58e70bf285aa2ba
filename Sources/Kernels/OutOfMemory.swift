private import Glibc

/// The end of a process that does not get the memory it asks for.
///
/// Memory is asked for when a training is set up, before its first step. There is no way on without it, and no error that
/// all ranks could agree on: the others wait in a collective. So the rank says what happened and leaves with an exit code,
/// which a launcher answers by ending the other ranks.
public enum OutOfMemory {
  /// The exit code of an internal failure, EX_SOFTWARE of sysexits.h.
  private static var exitCode: CInt { 70 }

  /// Says on standard error how many bytes were not to be had, and ends the process.
  public static func end(wanting bytes: Int) -> Never {
    let names = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"]
    let rank = names.lazy.compactMap { (name: String) -> Int? in
      guard let value = unsafe getenv(name) else { return nil }
      return unsafe Int(String(cString: value))
    }.first
    // Ranks with the same limit fail together. The first one speaks for all, since the launcher then ends the others.
    if let rank, rank > 0 { usleep(300_000) }
    let who = rank.map { "rank \($0): " } ?? ""
    let line =
      "rp-dist: \(who)the system does not give \(bytes) bytes of memory; raise the limit (ulimit -v, ulimit -d), start "
      + "fewer ranks on each host, or take smaller data, a smaller network or a smaller training.batch\n"
    unsafe line.utf8CString.withUnsafeBufferPointer { text in
      // One call, without memory of its own, and without the zero at the end.
      _ = unsafe write(STDERR_FILENO, text.baseAddress, text.count - 1)
    }
    _exit(exitCode)
  }

  /// Ends the process where the system would not give so many bytes now.
  ///
  /// For Swift's own arrays, whose allocation has no error: to be asked before a large one is made.
  public static func check(_ bytes: Int) {
    // Small ones come from memory that the process has already.
    guard bytes >= 1 << 22 else { return }
    guard let start = unsafe mapZeros(bytes) else { end(wanting: bytes) }
    unsafe munmap(start, bytes)
  }

  /// Zeros from the system, which gives a page only when it is touched; nil where a limit of the process is reached.
  static func mapZeros(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let start = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0), unsafe start != MAP_FAILED else {
      return nil
    }
    return unsafe start
  }
}
