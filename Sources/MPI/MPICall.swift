internal import Synchronization

/// The call into the MPI library that the computing thread of this process is in, for another thread that watches it.
///
/// Written by the one thread that calls MPI; a call costs three relaxed stores.
public struct MPICall: Equatable, Sendable {
  /// How many calls this process has begun.
  public let number: Int
  /// The MPI function, for example `MPI_Allreduce`; nil between two calls.
  public let operation: String?

  /// Calls begun and calls ended: odd while one is under way.
  private static let edges = Atomic<Int>(0)
  /// The first byte of the name of the last function.
  private static let name = Atomic<UInt>(0)

  static func begin(_ operation: StaticString) {
    name.store(unsafe UInt(bitPattern: operation.utf8Start), ordering: .relaxed)
    edges.store(edges.load(ordering: .relaxed) + 1, ordering: .releasing)
  }

  static func end() { edges.store(edges.load(ordering: .relaxed) + 1, ordering: .releasing) }

  /// The present call, seen from any thread.
  public static var present: MPICall {
    let count = edges.load(ordering: .acquiring)
    guard count % 2 == 1, let start = unsafe UnsafePointer<CChar>(bitPattern: name.load(ordering: .relaxed)) else {
      return MPICall(number: (count + 1) / 2, operation: nil)
    }
    return MPICall(number: (count + 1) / 2, operation: unsafe String(cString: start))
  }
}
