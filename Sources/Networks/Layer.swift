public import Kernels

/// What a layer computes: its value and total gradient, how it passes Ẏ and Z back, its statistics, and its derivatives
/// along a direction.
///
/// A layer owns its workspaces, which ``reserve(_:)`` allocates before the first step. It sees its parameters and the
/// signals around it at a ``Site``. A step calls, in this order, `forward`, `totalGradient` (unless `forward` had to
/// write it), the ``statistics``, and `backward`, all with the same number of rows, which may be 0. The calls after
/// `forward` use the ``Pass`` of the last `forward`.
///
/// u and Z have exponents (M32), of which a layer needs to know only this: u above gets the exponent of u below, Z below
/// that of Z above, and what the layer adds to them it multiplies by the ``Site/scales``.
public protocol Layer<Scalar>: AnyObject {
  associatedtype Scalar: Real

  /// Takes the layer's workspaces from a room, so that a step allocates nothing.
  func reserve(_ room: Room<Scalar>)

  /// (M1, M4, M5) Writes y above and, where the site has a u above, the total gradient, in one traversal if the layer
  /// can. Collective.
  func forward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws

  /// (M4, M5) Writes the total gradient above, after a `forward` that did not write it.
  func totalGradient(_ site: Site<Scalar>)

  /// How Ẇ and Ẅ of the layer's parameters are formed.
  var statistics: StatisticsForm<Scalar> { get }

  /// (M8, M10, M13) Writes Ẏ below and, where the site has it, Z below. For a layer that works in place, both share the
  /// memory of the signals above. Collective; called after the layer's own statistics are formed.
  func backward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws

  /// Forward mode at the last forward pass: writes ẏ above, the derivative of the layer's value along a direction.
  ///
  /// - Parameter v: the direction, in the order of the layer's own parameters.
  func tangent(_ site: Site<Scalar>, along v: Vector<Scalar>)

  /// Σ_s Ẏ⁺ · ÿ⁺ at the last forward pass, with ÿ⁺ the second derivative of the layer's value along a direction, by the
  /// layer's own rule alone: for an input that changes linearly. 0 for most layers.
  ///
  /// - Parameters:
  ///   - site: its tangent below is not nil.
  ///   - model: with ``Bound/paper``, products of a parameter's change and the input's change are left out (M12).
  func secondDerivative(_ site: Site<Scalar>, along v: Vector<Scalar>, _ model: Bound) -> Scalar

  /// Adds on which side of each of the layer's kinks (jumps of σ' or σ'') the last forward pass was; most layers have
  /// no kinks.
  func addKinkSides(rows: Int, to sides: inout KinkSides)

  /// (M6, M8) The squared error of the layer's outputs at the top of a network, with Ẏ and Z *below* the layer, in one
  /// pass. A layer that cannot do this returns nil and writes nothing.
  ///
  /// - Parameters:
  ///   - targets: [rows × outputs].
  ///   - outputs: y above, [rows × outputs].
  ///   - below: receives Ẏ and Z.
  ///   - u: the total gradient below; nil if Z is nil.
  func squaredError(
    _ outputs: Matrix<Scalar>, targets: Matrix<Scalar>, below: Sensitivity<Scalar>, totalGradient u: Matrix<Scalar>?
  ) -> Double?

  /// Whether ``squaredError(_:targets:below:totalGradient:)`` is not nil.
  var formsSquaredError: Bool { get }
}

extension Layer {
  public func reserve(_ room: Room<Scalar>) {}
  public var statistics: StatisticsForm<Scalar> { .none }
  public func secondDerivative(_ site: Site<Scalar>, along v: Vector<Scalar>, _ model: Bound) -> Scalar { 0 }
  public func addKinkSides(rows: Int, to sides: inout KinkSides) {}
  public func squaredError(
    _ outputs: Matrix<Scalar>, targets: Matrix<Scalar>, below: Sensitivity<Scalar>, totalGradient u: Matrix<Scalar>?
  ) -> Double? { nil }
  public var formsSquaredError: Bool { false }
}

/// What a layer sees in a pass: the signals at the boundaries below and above it, for this rank's rows, and its parameters.
public struct Site<Scalar: Real> {
  public let input: SiteSignals<Scalar>
  public let output: SiteSignals<Scalar>
  /// The layer's slice of the parameters.
  public let parameters: Vector<Scalar>
  /// How batch normalisation and dropout work, and what is requested after `forward`.
  public let pass: Pass
  /// The size of the global minibatch, of which the rows are this rank's part.
  public let samples: Int
  public let bound: Bound
  /// (M32) The numbers by which the layer multiplies what it adds to u and Z.
  public let scales: SignalScales<Scalar>
  let ids: RowIDs

  /// The rows of this rank.
  public var rows: Int { input.y.rows }

  /// The number that addresses the dropout masks of a row.
  public func id(ofRow row: Int) -> Int { Int(ids.all[row]) }

  /// The signals above.
  public var above: Sensitivity<Scalar> { Sensitivity(yDot: output.yDot, z: output.z) }
}

/// The signals at a boundary, each [rows × units].
public struct SiteSignals<Scalar: Real> {
  public let y: Matrix<Scalar>
  /// The total gradient; nil where it is zero, or not wanted.
  public let u: Matrix<Scalar>?
  /// Ẏ; has no rows before the backward pass, and where nothing below needs it.
  public let yDot: Matrix<Scalar>
  /// Z = Ÿ ∘ u; nil where nothing below asks for curvature.
  public let z: Matrix<Scalar>?
  /// ẏ, in forward mode; nil where it is zero.
  public let tangent: Matrix<Scalar>?
}

/// The numbers that address the dropout masks of a minibatch's rows.
final class RowIDs {
  var all: [Int32] = []
}

/// The source of a layer's workspaces. It counts them and, unless it was made only for counting, allocates them.
public final class Room<Scalar: Real> {
  /// The largest number of samples that a rank gets of one minibatch.
  public let samples: Int
  /// The largest number of samples from whose signals this rank forms statistics: the samples of all ranks that share
  /// their signals.
  public let statisticsSamples: Int
  /// The bound of the steps that use the workspaces; nil where they form no Ẅ.
  public let bound: Bound?
  private let sharing: Sharing?
  private let allocates: Bool
  /// The size of all workspaces taken so far, in numbers.
  private(set) var size = WorkspaceSize()

  init(samples: Int, sharing: Sharing?, bound: Bound?, allocates: Bool) {
    (self.samples, self.sharing, self.bound, self.allocates) = (samples, sharing, bound, allocates)
    statisticsSamples = sharing?.rows ?? samples
  }

  /// A matrix with a row for each sample of this rank.
  ///
  /// - Parameter isTouched: whether the steps write to the matrix; only then does it take memory.
  public func matrix(columns: Int, isTouched: Bool = true) -> Matrix<Scalar> {
    take(rows: samples, columns: columns, touchedRows: isTouched ? samples : 0)
  }

  /// A matrix with a row for each sample from which this rank forms statistics.
  public func statisticsMatrix(columns: Int, isTouched: Bool = true) -> Matrix<Scalar> {
    take(rows: statisticsSamples, columns: columns, touchedRows: isTouched ? statisticsSamples : 0)
  }

  private func take(rows: Int, columns: Int, touchedRows: Int) -> Matrix<Scalar> {
    size = size + WorkspaceSize(reserved: columns) * rows
    size = size + WorkspaceSize(touched: columns) * touchedRows
    return allocates ? Matrix(rows: rows, columns: columns) : Matrix(rows: 0, columns: columns)
  }

  /// The units whose statistics this rank forms.
  func units(of outputs: Int) -> Range<Int> { sharing.map { $0.units(of: outputs) } ?? 0..<outputs }

  /// Makes room for a product, which is counted with the products of the network, not here.
  public func reserve(_ products: ProductWorkspace<Scalar>, rows: Int, columns: Int, terms: Int, isStep: Bool = false) {
    guard allocates else { return }
    products.reserve(rows: rows, columns: columns, terms: terms, isStep: isStep)
  }
}
