private import Glibc

/// Ends a process that does not get the memory it requests.
///
/// A training run requests its memory during setup, before the first step. It cannot continue without the memory. The
/// ranks cannot agree on an error either, because the others wait in a collective. So the rank prints a message and
/// exits with an exit code; a launcher then ends the other ranks.
public enum OutOfMemory {
  /// The exit code of an internal failure, EX_SOFTWARE of sysexits.h.
  private static var exitCode: CInt { 70 }

  /// Prints on standard error how many bytes were not available, and ends the process.
  public static func end(wanting bytes: Int) -> Never {
    let names = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"]
    let rank = names.lazy.compactMap { (name: String) -> Int? in
      guard let value = unsafe getenv(name) else { return nil }
      return unsafe Int(String(cString: value))
    }.first
    // Ranks with the same limit fail together. The first rank reports for all, because the launcher then ends the
    // others.
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

  /// Ends the process if the system cannot provide so many bytes now.
  ///
  /// For Swift's own arrays, whose allocation reports no error. Call it before a large array is made.
  public static func check(_ bytes: Int) {
    // Small arrays come from memory that the process already has.
    guard bytes >= 1 << 22 else { return }
    guard let start = unsafe mapZeros(bytes) else { end(wanting: bytes) }
    unsafe munmap(start, bytes)
  }

  /// Maps memory of zeros. The system provides a page only when it is touched. nil where a limit of the process is
  /// reached.
  static func mapZeros(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let start = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0), unsafe start != MAP_FAILED else {
      return nil
    }
    return unsafe start
  }
}
