public import Kernels

/// A quantity that a network keeps of every sample at its boundaries.
enum Signal: CaseIterable {
  case value, totalGradient, yDot, z
}

/// Where the memory of a signal at a boundary is.
enum SignalPlace: Equatable {
  case none
  /// That of the boundary below, since the layer between them works in place.
  case sameAsBelow
  case own(units: Int)
}

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

  /// Where the signal of each boundary lies: layers that work in place share memory for y, Ẏ and Z.
  func places(of signal: Signal) -> [SignalPlace] {
    func isNeeded(_ boundary: Int) -> Bool {
      switch signal {
      case .value: boundary > 0
      case .totalGradient: carriesTotalGradient[boundary]
      case .yDot: boundary > lowestTrained
      case .z: boundary > lowestTrained && carriesTotalGradient[boundary]
      }
    }
    return (0...layers.count).map { boundary in
      guard isNeeded(boundary) else { return .none }
      if signal != .totalGradient, boundary > 0, layers[boundary - 1].worksInPlace, isNeeded(boundary - 1) {
        return .sameAsBelow
      }
      return .own(units: boundary == 0 ? inputs : layers[boundary - 1].outputs)
    }
  }

  /// The numbers of a workspace in shared memory, a whole number of cache lines.
  private func room(rows: Int, units: Int) -> Int { (rows * units + 15) / 16 * 16 }

  /// How many numbers of shared memory ``reserve(_:in:)`` needs.
  public func sharedCount(_ sharing: Sharing) -> Int {
    Signal.allCases.filter(sharing.shares).reduce(0) { total, signal in
      places(of: signal).reduce(total) { total, place in
        guard case .own(let units) = place else { return total }
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
    for layer in layers where layer.hasSeparableStatistics {
      layer.reserve(statisticsOf: own(unitsOf: layer, sharing), samples: sharing.rows)
    }
  }

  func own(unitsOf layer: any Layer<Scalar>, _ sharing: Sharing) -> Range<Int> {
    shard(0..<layer.outputs, rank: sharing.rank, of: sharing.ranks)
  }

  /// For each block of the layout the elements whose sums this rank forms: some output units of layers with separable
  /// statistics, nothing of the others.
  public func separablePart(_ sharing: Sharing) -> [Range<Int>] {
    layout.blocks.map { block in
      let (layer, start) = (layers[block.layer], block.range.lowerBound)
      guard layer.hasSeparableStatistics else { return start..<start }
      let (units, row) = (own(unitsOf: layer, sharing), block.range.count / layer.outputs)
      return start + units.lowerBound * row..<start + units.upperBound * row
    }
  }
}
