public import Kernels

/// The description of a layer in a configuration: its sizes and settings, without memory for computing.
///
/// A kind of layer is one file, with its description and the ``Layer`` that computes, and one entry in
/// ``LayerConfiguration/kinds``. The description is encoded as the value after the layer's name in YAML: 10 in
/// `{dense: 10}`. A kind whose ``example`` is nil has no settings, and is encoded as its name alone.
public protocol LayerDescription: Codable, Equatable, Sendable {
  /// The names that the kind has in configurations; most have one.
  static var names: [String] { get }

  /// What a layer of the kind needs besides its name, with an example; nil where the name is enough.
  static var example: String? { get }

  /// Whether the name and a model's tensors determine a layer of the kind.
  static var isNamedAlone: Bool { get }

  /// A layer of which only the name is known, for example because its sizes come from a model's tensors.
  init(name: String)

  /// The one of ``names`` that the layer has.
  var name: String { get }

  /// The layer with every size written out.
  ///
  /// - Parameter address: the layer's address, for messages.
  /// - Throws: ``NetworkError`` for an input or a setting that does not fit.
  func sized(for input: Shape, at address: LayerAddress) throws(NetworkError) -> Self

  /// The shape of one sample above the layer, given its shape below.
  func output(of input: Shape) -> Shape

  /// The names and shapes of the parameters, in the order in which they lie in the layer's slice of the arenas.
  func parameters(of input: Shape) -> [ParameterShape]

  /// The same layer with the sizes that tensors of a model file have.
  ///
  /// - Parameters:
  ///   - tensors: the tensors of the layer.
  ///   - isNamed: whether the layer comes from a list of names, which leaves sizes open; otherwise its sizes must equal
  ///     those of the tensors.
  func fitted(to tensors: LayerTensors, isNamed: Bool) throws(TensorMismatch) -> Self

  /// The tensors that a layer of the kind needs in a model file, for messages; not used for layers without parameters.
  static var neededTensors: String { get }

  /// The number of input features that follows from the tensors of a model file; nil where they do not determine it.
  func inputs(of tensors: LayerTensors) -> Int?

  /// Whether the layer works in place and no longer needs its input after `forward`. If nothing else reads its input,
  /// the plan then gives it the same memory for y, Ẏ and Z below and above. u always has separate memory.
  var worksInPlace: Bool { get }

  /// How many rows a sample contributes to the mean and variance that the layer computes over a minibatch: one for each
  /// position of the sample. nil for layers without mean and variance.
  func normalizedRowsPerSample(of input: Shape) -> Int?

  /// Whether the layer computes the same in a training pass as in use.
  var isTrainedAsUsed: Bool { get }

  /// The layers of the layer's branch, for layers made of others.
  var branch: [LayerConfiguration] { get }

  /// The same layer with another branch, which has as many layers.
  func with(branch: [LayerConfiguration]) -> Self

  /// Adds the layer to a plan; a layer made of others adds its branch.
  ///
  /// - Returns: the boundary above it.
  func add(to plan: inout SignalPlan, above boundary: Int, at address: LayerAddress) -> Int

  /// Makes the layer that computes. Not called for layers made of others.
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

/// The place for which a layer is made: the shapes around it and what the network knows about its neighbours.
public struct LayerSite<Scalar: Real> {
  public let input: Shape
  public let output: Shape
  public let address: LayerAddress
  /// Whether u below can differ from zero.
  public let inputCarriesTotalGradient: Bool
  /// Whether y above the layer is still in memory in the backward pass; false where a layer above works in place.
  public let keepsOutput: Bool
  /// The workspace of the products of all layers of the network.
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
