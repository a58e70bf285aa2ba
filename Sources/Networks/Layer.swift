public import Kernels

/// What a layer computes: its value and total gradient, how Ẏ and Z pass through it, its statistics, and its derivatives along
/// a direction.
///
/// A layer owns its workspaces, allocated by ``reserve(_:)`` before the first step, and sees the signals around it and its
/// parameters at a ``Site``. A step calls, in this order, `forward`, `totalGradient` unless `forward` was asked for it, the
/// ``statistics``, and `backward`, with the same number of rows, which may be 0. What comes after `forward` follows the pass of
/// the last one.
public protocol Layer<Scalar>: AnyObject {
  associatedtype Scalar: Real

  /// Takes what a step works in from a room; a step allocates nothing.
  func reserve(_ room: Room<Scalar>)

  /// (M1, M4, M5) Writes y above and, where the site has a u above, the total gradient, in one traversal where the layer
  /// can. Collective.
  func forward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws

  /// (M4, M5) Writes the total gradient above, after a `forward` that was not asked for it.
  func totalGradient(_ site: Site<Scalar>)

  /// How Ẇ and Ẅ of the layer's parameters are formed.
  var statistics: StatisticsForm<Scalar> { get }

  /// (M8, M10, M13) Writes Ẏ below and, where the site has it, Z. For a layer that works in place both have the memory of
  /// those above. Collective: after the statistics of the layer's own parameters.
  func backward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws

  /// Forward mode at the last forward pass: writes ẏ above, the derivative of the layer's value along a direction.
  ///
  /// - Parameter v: the direction of the layer's own parameters, like them.
  func tangent(_ site: Site<Scalar>, along v: Vector<Scalar>)

  /// Σ_s Ẏ⁺ · ÿ⁺ at the last forward pass, with ÿ⁺ the second derivative of the layer's value along a direction: that of
  /// its own rule, for an input that moves evenly. 0 for most layers.
  ///
  /// - Parameters:
  ///   - site: its tangent below is not nil.
  ///   - model: with ``Bound/paper`` products of a parameter's change and the input's are left out (M12).
  func secondDerivative(_ site: Site<Scalar>, along v: Vector<Scalar>, _ model: Bound) -> Scalar

  /// Adds the sides of the layer's kinks, where σ' or σ'' jumps, in the last forward pass; most layers have none.
  func addKinkSides(rows: Int, to sides: inout KinkSides)

  /// (M6, M8) The squared error of the layer's outputs at the top of a network, with Ẏ and Z *below* the layer, in one pass;
  /// nil, with nothing written, for a layer that cannot.
  ///
  /// - Parameters:
  ///   - targets: [rows × outputs].
  ///   - outputs: y above, [rows × outputs].
  ///   - below: what is written.
  ///   - u: the total gradient below; nil with Z.
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
  /// How batch normalisation and dropout work, and what is asked for after `forward`.
  public let pass: Pass
  /// The size of the global minibatch, of which the rows are this rank's part.
  public let samples: Int
  public let bound: Bound
  let ids: RowIDs

  /// The rows of this rank.
  public var rows: Int { input.y.rows }

  /// What the dropout masks of a row are addressed by.
  public func id(ofRow row: Int) -> Int { Int(ids.all[row]) }

  /// The signals above.
  public var above: Sensitivity<Scalar> { Sensitivity(yDot: output.yDot, z: output.z) }
}

/// The signals at a boundary, each [rows × units].
public struct SiteSignals<Scalar: Real> {
  public let y: Matrix<Scalar>
  /// The total gradient; nil where it is zero, or not wanted.
  public let u: Matrix<Scalar>?
  /// Ẏ; of no rows before the way back, and where nothing below needs it.
  public let yDot: Matrix<Scalar>
  /// Z = Ÿ ∘ u; nil where nothing below asks for curvature.
  public let z: Matrix<Scalar>?
  /// ẏ, in forward mode; nil where it is zero.
  public let tangent: Matrix<Scalar>?
}

/// What the dropout masks of a minibatch's rows are addressed by.
final class RowIDs {
  var all: [Int32] = []
}

/// What a layer takes its workspaces from. It counts them and, unless it was made for counting alone, allocates them.
public final class Room<Scalar: Real> {
  /// The most samples that a rank gets of one minibatch.
  public let samples: Int
  /// The most samples whose signals this rank forms statistics of: those of all ranks that share their signals.
  public let statisticsSamples: Int
  /// Of the steps that use the workspaces; nil where they form no Ẅ.
  public let bound: Bound?
  private let sharing: Sharing?
  private let allocates: Bool
  /// What was taken, in numbers.
  private(set) var size = WorkspaceSize()

  init(samples: Int, sharing: Sharing?, bound: Bound?, allocates: Bool) {
    (self.samples, self.sharing, self.bound, self.allocates) = (samples, sharing, bound, allocates)
    statisticsSamples = sharing?.rows ?? samples
  }

  /// A matrix with a row for each sample of this rank.
  ///
  /// - Parameter isTouched: whether the steps write it, so that it takes memory.
  public func matrix(columns: Int, isTouched: Bool = true) -> Matrix<Scalar> {
    take(rows: samples, columns: columns, touchedRows: isTouched ? samples : 0)
  }

  /// A matrix with a row for each sample that this rank forms statistics of.
  public func statisticsMatrix(columns: Int, isTouched: Bool = true) -> Matrix<Scalar> {
    take(rows: statisticsSamples, columns: columns, touchedRows: isTouched ? statisticsSamples : 0)
  }

  private func take(rows: Int, columns: Int, touchedRows: Int) -> Matrix<Scalar> {
    size = size + WorkspaceSize(reserved: columns) * rows
    size = size + WorkspaceSize(touched: columns) * touchedRows
    return allocates ? Matrix(rows: rows, columns: columns) : Matrix(rows: 0, columns: columns)
  }

  /// The units of which this rank forms statistics.
  func units(of outputs: Int) -> Range<Int> { sharing.map { $0.units(of: outputs) } ?? 0..<outputs }

  /// Makes room for a product; counted with the products of the network.
  public func reserve(_ products: ProductWorkspace<Scalar>, rows: Int, columns: Int, terms: Int, isStep: Bool = false) {
    guard allocates else { return }
    products.reserve(rows: rows, columns: columns, terms: terms, isStep: isStep)
  }
}
