private import Foundation
public import Kernels
private import Synchronization

/// Two ranks that are threads of the test, so that each can be given numbers of its own.
public struct ThreadRanks: GlobalSum {
  /// A rank waited in vain for the other to add a vector of the same length.
  public struct Alone: Error {}

  private final class Exchange: @unchecked Sendable {
    let condition = NSCondition()
    /// For each rank, the vectors that it has added, in order.
    var vectors: [[[Double]]] = [[], []]
  }

  public let rank: Int
  public let ranks = 2
  private let exchange: Exchange

  public func sum(_ values: Vector<Float>) throws { preconditionFailure("the checks add in Double") }

  public func sum(_ values: Vector<Double>) throws {
    exchange.condition.lock()
    defer { exchange.condition.unlock() }
    let number = exchange.vectors[rank].count
    exchange.vectors[rank].append(values.array)
    exchange.condition.broadcast()
    let deadline = Date(timeIntervalSinceNow: 10)
    while exchange.vectors[1 - rank].count <= number {
      guard exchange.condition.wait(until: deadline) else { throw Alone() }
    }
    let both = exchange.vectors.map { $0[number] }
    guard both[0].count == both[1].count else { throw Alone() }
    values.copy(from: zip(both[0], both[1]).map { $0 + $1 })
  }

  /// Runs the same on both ranks, at the same time.
  ///
  /// - Returns: what each of them found.
  public static func run<Result: Sendable>(_ body: @escaping @Sendable (ThreadRanks) throws -> Result) throws
    -> [Result]
  {
    let exchange = Exchange()
    let results = Mutex<[Swift.Result<Result, any Error>?]>([nil, nil])
    DispatchQueue.concurrentPerform(iterations: 2) { rank in
      let result = Swift.Result { try body(ThreadRanks(rank: rank, exchange: exchange)) }
      results.withLock { $0[rank] = result }
    }
    return try results.withLock { $0 }.compactMap { try $0?.get() }
  }
}
