public import Kernels

/// What a configuration says of a layer: its sizes and settings, without memory.
///
/// A kind of layer is one file: its description, a line in ``LayerConfiguration/kinds``, and the ``Layer`` that computes.
/// The description is encoded as what follows the layer's name in YAML: `{dense: 10}` holds 10. A kind whose ``example`` is
/// nil has no settings, and is encoded as its name alone.
public protocol LayerDescription: Codable, Equatable, Sendable {
  /// The names that the kind has in configurations; most have one.
  static var names: [String] { get }

  /// What a layer of the kind needs besides its name, with an example; nil where the name is all.
  static var example: String? { get }

  /// Whether a layer of the kind follows from its name and a model's tensors.
  static var isNamedAlone: Bool { get }

  /// A layer whose name alone is known, such as one whose sizes come from a model's tensors.
  init(name: String)

  /// The one of ``names`` that the layer has.
  var name: String { get }

  /// The layer with every size written out.
  ///
  /// - Parameter address: for messages.
  /// - Throws: ``NetworkError`` for an input or a setting that does not fit.
  func sized(for input: Shape, at address: LayerAddress) throws(NetworkError) -> Self

  /// What one sample has above the layer, given what it has below.
  func output(of input: Shape) -> Shape

  /// The names and shapes of the parameters, in the order in which they lie in the layer's slice of the arenas.
  func parameters(of input: Shape) -> [ParameterShape]

  /// The same layer with the sizes that tensors of a model file have.
  ///
  /// - Parameters:
  ///   - tensors: those of the layer.
  ///   - isNamed: whether the layer is of a list of names, which leaves sizes open; else its sizes must be the tensors'.
  func fitted(to tensors: LayerTensors, isNamed: Bool) throws(TensorMismatch) -> Self

  /// What tensors a layer of the kind needs in a model file, for messages; not asked where it has no parameters.
  static var neededTensors: String { get }

  /// The features of the input that tensors of a model file belong to; nil where they do not say.
  func inputs(of tensors: LayerTensors) -> Int?

  /// Whether the layer works in place, and needs its input no more after `forward`: the plan then gives it the same memory
  /// for y, Ẏ and Z below and above where nothing else reads its input. u has its own.
  var worksInPlace: Bool { get }

  /// The rows that a sample adds to those of the minibatch over which the layer takes mean and variance: one for each of
  /// its positions. nil for layers that take none.
  func normalizedRowsPerSample(of input: Shape) -> Int?

  /// Whether a training pass computes what the network computes in use.
  var isTrainedAsUsed: Bool { get }

  /// The layers of the layer's branch, for layers made of others.
  var branch: [LayerConfiguration] { get }

  /// The same layer with another branch, of as many layers.
  func with(branch: [LayerConfiguration]) -> Self

  /// Adds the layer to a plan; a layer made of others adds those.
  ///
  /// - Returns: the boundary above it.
  func add(to plan: inout SignalPlan, above boundary: Int, at address: LayerAddress) -> Int

  /// The layer itself. Not called for layers made of others.
  func make<Scalar: Real>(_ site: LayerSite<Scalar>) -> any Layer<Scalar>
}

extension LayerDescription {
  public static var example: String? { nil }
  public static var isNamedAlone: Bool { true }
  public static var neededTensors: String { "\(names[0]) needs all tensors of its parameters" }
  public var name: String { Self.names[0] }
  public func sized(for input: Shape, at address: LayerAddress) throws(NetworkError) -> Self { self }
  public func output(of input: Shape) -> Shape { input }
  public func parameters(of input: Shape) -> [ParameterShape] { [] }
  public func fitted(to tensors: LayerTensors, isNamed: Bool) throws(TensorMismatch) -> Self { self }
  public func inputs(of tensors: LayerTensors) -> Int? { nil }
  public var worksInPlace: Bool { false }
  public func normalizedRowsPerSample(of input: Shape) -> Int? { nil }
  public var isTrainedAsUsed: Bool { true }
  public var branch: [LayerConfiguration] { [] }
  public func with(branch: [LayerConfiguration]) -> Self { self }

  public func add(to plan: inout SignalPlan, above boundary: Int, at address: LayerAddress) -> Int {
    plan.add(LayerConfiguration(self), above: boundary, at: address)
  }

  func isEqual(to other: any LayerDescription) -> Bool { other as? Self == self }
}

/// What a layer is made for: the shapes around it and what the network knows of its neighbours.
public struct LayerSite<Scalar: Real> {
  public let input: Shape
  public let output: Shape
  public let address: LayerAddress
  /// Whether u below can be other than zero.
  public let inputCarriesTotalGradient: Bool
  /// Whether y stays where the layer wrote it until the way back: not where a layer above works in place.
  public let keepsOutput: Bool
  /// What the products of all layers of the network work in.
  public let products: ProductWorkspace<Scalar>
}

/// A network's layers do not fit together or to the data.
public struct NetworkError: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// The shapes of one layer's tensors in a model file.
public struct LayerTensors {
  private let shapes: [ParameterShape.Role: [Int]]

  public init(_ shapes: [ParameterShape.Role: [Int]]) { self.shapes = shapes }

  /// nil where the file has none.
  public subscript(role: ParameterShape.Role) -> [Int]? { shapes[role] }
}

/// A tensor of a model file does not fit its layer.
public struct TensorMismatch: Error {
  public let role: ParameterShape.Role
  public let problem, remedy: String

  public init(_ role: ParameterShape.Role, _ problem: String, _ remedy: String) {
    (self.role, self.problem, self.remedy) = (role, problem, remedy)
  }
}
