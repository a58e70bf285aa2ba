internal import Kernels

/// How many numbers workspaces have.
public struct WorkspaceSize: Equatable, Sendable {
  /// All of them: they take address space.
  public var reserved: Int
  /// Those that are written, and only those take memory.
  public var touched: Int

  public init(reserved: Int = 0, touched: Int = 0) { (self.reserved, self.touched) = (reserved, touched) }

  public static func + (a: WorkspaceSize, b: WorkspaceSize) -> WorkspaceSize {
    WorkspaceSize(reserved: a.reserved + b.reserved, touched: a.touched + b.touched)
  }

  /// More than any machine has stays below the overflow.
  public static func * (size: WorkspaceSize, samples: Int) -> WorkspaceSize {
    func product(_ a: Int, _ b: Int) -> Int { Double(a) * Double(b) < 0x1p52 ? a * b : 1 << 52 }
    return WorkspaceSize(reserved: product(size.reserved, samples), touched: product(size.touched, samples))
  }
}

/// What a network's workspaces take, before it allocates them. What products work in is small and left out.
extension Network {
  /// Those of ``reserve(samples:)``, for each sample.
  ///
  /// - Parameter bound: of the steps; nil where they form no Ẅ.
  public func workspace(bound: Bound?) -> WorkspaceSize {
    let signals = Signal.allCases.reduce(WorkspaceSize()) { sum, signal in sum + workspace(of: signal, bound: bound) }
    return signals + layerWorkspace(samples: 1, sharing: nil, bound: bound)
  }

  /// The numbers for each sample that judging a network touches of the same: values, what layers keep of a pass, and the
  /// derivatives of the loss.
  public var touchedByEvaluation: Int {
    units(of: .value) + 2 * outputs + layerWorkspace(samples: 1, sharing: nil, bound: .paper).reserved
  }

  /// Those of ``reserve(_:in:)`` that are not shared, of all rows.
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
    // At the output Z is h first, which a loss writes in any case.
    return WorkspaceSize(reserved: units, touched: isTouched ? units : signal == .z ? outputs : 0)
  }

  private func units(of signal: Signal) -> Int {
    plan.memory(of: signal).reduce(0) { sum, memory in if case .own(let units) = memory { sum + units } else { sum } }
  }
}
