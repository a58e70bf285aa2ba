public import Kernels

/// How many numbers the workspaces have.
public struct WorkspaceSize: Equatable, Sendable {
  /// All of them: they take address space.
  public var reserved: Int
  /// The numbers that are written; only these take memory.
  public var touched: Int

  public init(reserved: Int = 0, touched: Int = 0) { (self.reserved, self.touched) = (reserved, touched) }

  public static func + (a: WorkspaceSize, b: WorkspaceSize) -> WorkspaceSize {
    WorkspaceSize(reserved: a.reserved + b.reserved, touched: a.touched + b.touched)
  }

  /// Limits a size to 2⁵² numbers, more than any machine has, so that it does not overflow.
  public static func * (size: WorkspaceSize, samples: Int) -> WorkspaceSize {
    func product(_ a: Int, _ b: Int) -> Int { Double(a) * Double(b) < 0x1p52 ? a * b : 1 << 52 }
    return WorkspaceSize(reserved: product(size.reserved, samples), touched: product(size.touched, samples))
  }
}

/// The sizes of a network's workspaces, before it allocates them. The workspace of products is small and left out.
extension Network {
  /// The workspaces of ``reserve(samples:)``, for each sample.
  ///
  /// - Parameter bound: the bound of the steps; nil where they form no Ẅ.
  public func workspace(bound: Bound?) -> WorkspaceSize {
    let signals = Signal.allCases.reduce(WorkspaceSize()) { sum, signal in sum + workspace(of: signal, bound: bound) }
    return signals + layerWorkspace(samples: 1, sharing: nil, bound: bound)
  }

  /// How many numbers of these workspaces an evaluation of the network touches for each sample: values, what layers
  /// keep of a pass, and the derivatives of the loss.
  public var touchedByEvaluation: Int {
    units(of: .value) + 2 * outputs + layerWorkspace(samples: 1, sharing: nil, bound: .paper).reserved
  }

  /// The workspaces of ``reserve(_:in:)`` that are not shared, for all rows.
  public func ownWorkspace(_ sharing: Sharing) -> WorkspaceSize {
    let signals = Signal.allCases.filter { !sharing.shares($0) }.reduce(WorkspaceSize()) { sum, signal in
      let size = workspace(of: signal, bound: sharing.bound)
      return sum
        + WorkspaceSize(
          reserved: (size * sharing.rows).reserved, touched: (size * sharing.samples).touched)
    }
    return signals + layerWorkspace(samples: sharing.samples, sharing: sharing, bound: sharing.bound)
  }

  private func workspace(of signal: Signal, bound: Bound?) -> WorkspaceSize {
    let units = units(of: signal)
    let isTouched = signal == .value || signal == .yDot || bound != nil
    // At the output, the memory of Z first holds h, which a loss always writes.
    return WorkspaceSize(reserved: units, touched: isTouched ? units : signal == .z ? outputs : 0)
  }

  private func units(of signal: Signal) -> Int {
    plan.memory(of: signal).reduce(0) { sum, memory in if case .own(let units) = memory { sum + units } else { sum } }
  }
}

/// How the ranks of a machine share the signals of a minibatch, and the work of forming statistics from them.
public struct Sharing: Equatable, Sendable {
  /// This rank's number among the ranks of its machine.
  public let rank: Int
  public let ranks: Int
  /// The largest number of samples that this rank gets of one minibatch.
  public let samples: Int
  /// The largest number of samples that the ranks of the machine get together.
  public let rows: Int
  /// The bound of the steps. It determines which signals the statistics need: u only with the full bound, no Z where
  /// nil.
  public let bound: Bound?

  public init(rank: Int, ranks: Int, samples: Int, rows: Int, bound: Bound?) {
    (self.rank, self.ranks, self.samples, self.rows, self.bound) = (rank, ranks, samples, rows, bound)
  }

  /// The output units of a layer whose statistics this rank forms.
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

  /// The numbers of a workspace in shared memory, rounded up to whole cache lines.
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

  /// Allocates every workspace. The signals that other ranks read are in memory that all ranks of the machine share,
  /// where each rank's rows follow the rows of the ranks before it. After that, a step allocates nothing.
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
