public import Kernels

/// The two signals that go backward at one boundary between layers.
public struct Sensitivity<Scalar: Real> {
  /// Ẏ, [samples × units]: the derivative of each sample's loss.
  public let yDot: Matrix<Scalar>
  /// Z = Ÿ ∘ u, [samples × units], nonnegative; nil where nothing below asks for curvature.
  public let z: Matrix<Scalar>?

  public init(yDot: Matrix<Scalar>, z: Matrix<Scalar>?) {
    self.yDot = yDot
    self.z = z
  }
}

/// The sums Ẇ and Ẅ over samples of one layer's parameters, each [parameters] long.
public struct StatisticsSlice<Scalar: Real> {
  public let wDot: Vector<Scalar>
  /// nil where only the gradient is wanted.
  public let wDDot: Vector<Scalar>?

  public init(wDot: Vector<Scalar>, wDDot: Vector<Scalar>?) {
    self.wDot = wDot
    self.wDDot = wDDot
  }
}

/// Which of the two bounds Ẅ stands for.
public enum Bound: String, Codable, CaseIterable, Sendable {
  /// (M12), the paper's: covers the loss without products of parameter changes of different layers.
  case paper
  /// (M13): covers the exact second-order Taylor model of the loss.
  case full
}

/// One layer of a network: it knows its value, its total gradient, how Ẏ and Z pass through it, and its statistics.
///
/// A layer owns its workspaces, allocated by ``reserve(samples:)`` before the first step; it sees its parameters and
/// their statistics as slices of the network's arenas. One step calls, in this order, `forward`, `totalGradient`,
/// `addStatistics`, `backward`, with the same number of samples.
public protocol Layer<Scalar>: AnyObject {
  associatedtype Scalar: Real

  /// Units below and above.
  var inputs: Int { get }
  var outputs: Int { get }

  /// The names and shapes of the layer's parameters, in the order in which they lie in its slice; empty for most layers.
  var parameters: [ParameterShape] { get }

  /// Whether the total gradient above is positive even where the one below is zero: true for layers with parameters.
  var introducesTotalGradient: Bool { get }

  /// Whether each output depends on its own input alone and the layer works in place: the network then gives it the same
  /// memory for y, Ẏ and Z below and above (u has its own), except for y above the network's input.
  var isElementwise: Bool { get }

  /// Whether no output can be negative, given that of the input.
  func outputIsNonNegative(inputIsNonNegative: Bool) -> Bool

  /// Allocates workspaces for up to `samples` samples; the only place where a layer allocates.
  func reserve(samples: Int)

  /// (M1) The layer's value: x [samples × inputs] to y [samples × outputs].
  func forward(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>)

  /// (M4, M5) The total gradient: u below [samples × inputs], nil where it is zero (M3), to u above [samples × outputs].
  ///
  /// Not called for layers where both are zero.
  func totalGradient(
    below u: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, into above: Matrix<Scalar>)

  /// (M8, M10) Passes Ẏ and Z from the layer's output to its input.
  ///
  /// `below.z` is nil where u below is zero or `above.z` is nil.
  func backward(
    above: Sensitivity<Scalar>, below: Sensitivity<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    parameters: Vector<Scalar>, bound: Bound)

  /// (M9, M13) Adds the samples' contributions to the sums Ẇ and Ẅ, or overwrites the sums when not accumulating.
  ///
  /// Not called for layers without parameters.
  func addStatistics(
    input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>, bound: Bound, accumulating: Bool)

  /// Adds the sides of the layer's kinks, where σ' or σ'' jumps, in the last forward pass; most layers have none.
  func addKinkSides(samples: Int, to sides: inout KinkSides)
}

extension Layer {
  public var parameters: [ParameterShape] { [] }
  public var introducesTotalGradient: Bool { false }
  public var isElementwise: Bool { false }

  public func addStatistics(
    input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>, bound: Bound, accumulating: Bool
  ) {}

  public func addKinkSides(samples: Int, to sides: inout KinkSides) {}
}

/// The name and shape of one block of a layer's parameters.
public struct ParameterShape: Equatable, Sendable {
  /// What a block does in its layer; biases can be left out of regularisation.
  public enum Role: String, Sendable { case weight, bias }

  public let role: Role
  /// [outputs × inputs] for weights, [outputs] for biases.
  public let shape: [Int]

  public init(role: Role, shape: [Int]) {
    self.role = role
    self.shape = shape
  }

  /// The number of parameters.
  public var count: Int { shape.reduce(1, *) }
}
