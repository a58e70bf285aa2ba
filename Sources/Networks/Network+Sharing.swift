public import Kernels

/// How the ranks of a machine share the signals of a minibatch, and the work of forming statistics of them.
public struct Sharing: Equatable, Sendable {
  /// This rank's number among the ranks of its machine.
  public let rank: Int
  public let ranks: Int
  /// The most samples that this rank gets of one minibatch.
  public let samples: Int
  /// The most samples that the ranks of the machine get together.
  public let rows: Int
  /// Which signals statistics are formed of: u for the full bound alone, Z for neither bound where nil.
  public let bound: Bound?

  public init(rank: Int, ranks: Int, samples: Int, rows: Int, bound: Bound?) {
    (self.rank, self.ranks, self.samples, self.rows, self.bound) = (rank, ranks, samples, rows, bound)
  }

  /// The output units of a layer of which this rank forms statistics.
  func units(of outputs: Int) -> Range<Int> { shard(0..<outputs, rank: rank, of: ranks) }

  /// Whether other ranks read a signal.
  func shares(_ signal: Signal) -> Bool {
    switch signal {
    case .value, .yDot: true
    case .z: bound != nil
    case .totalGradient: bound == .full
    }
  }
}

extension Network {
  /// The part of a workspace's rows that belongs to this rank's last minibatch.
  func own(_ workspace: Matrix<Scalar>, _ rows: Int) -> Matrix<Scalar> { workspace[firstRow..<firstRow + rows] }

  /// The numbers of a workspace in shared memory, a whole number of cache lines.
  private func room(rows: Int, units: Int) -> Int { (rows * units + 15) / 16 * 16 }

  /// How many numbers of shared memory ``reserve(_:in:)`` needs.
  public func sharedCount(_ sharing: Sharing) -> Int {
    Signal.allCases.filter(sharing.shares).reduce(0) { total, signal in
      plan.memory(of: signal).reduce(total) { total, memory in
        guard case .own(let units) = memory else { return total }
        return total + room(rows: sharing.rows, units: units)
      }
    }
  }

  /// Allocates every workspace, with the signals that other ranks read in memory that all ranks of the machine see, each
  /// rank's rows after those of the ranks before it. After it a step allocates nothing.
  ///
  /// A pass then works on the rows that ``place(firstRow:of:)`` chose.
  ///
  /// - Parameter memory: at least ``sharedCount(_:)`` numbers, the same memory on every rank of the machine.
  public func reserve(_ sharing: Sharing, in memory: Vector<Scalar>) {
    precondition(memory.count >= sharedCount(sharing), "the signals must fit the memory that ranks share")
    var used = 0
    reserve(sharing) { signal, units in
      guard sharing.shares(signal) else { return Matrix(rows: sharing.rows, columns: units) }
      defer { used += room(rows: sharing.rows, units: units) }
      return memory[used..<used + sharing.rows * units].matrix(rows: sharing.rows, columns: units)
    }
  }
}
