internal import Synchronization

/// The MPI call that this process's computing thread is in, as another thread sees it.
///
/// Only the thread that calls MPI writes it. Each call costs three atomic stores.
public struct MPICall: Equatable, Sendable {
  /// How many calls this process has begun.
  public let number: Int
  /// The MPI function, for example `MPI_Allreduce`; nil between two calls.
  public let operation: String?

  /// The number of calls begun plus the number of calls ended: odd while a call is in progress.
  private static let edges = Atomic<Int>(0)
  /// The address of the first byte of the last function's name.
  private static let name = Atomic<UInt>(0)

  static func begin(_ operation: StaticString) {
    name.store(unsafe UInt(bitPattern: operation.utf8Start), ordering: .relaxed)
    edges.store(edges.load(ordering: .relaxed) + 1, ordering: .releasing)
  }

  static func end() { edges.store(edges.load(ordering: .relaxed) + 1, ordering: .releasing) }

  /// The current call; any thread may read it.
  public static var present: MPICall {
    let count = edges.load(ordering: .acquiring)
    guard count % 2 == 1, let start = unsafe UnsafePointer<CChar>(bitPattern: name.load(ordering: .relaxed)) else {
      return MPICall(number: (count + 1) / 2, operation: nil)
    }
    return MPICall(number: (count + 1) / 2, operation: unsafe String(cString: start))
  }
}
