internal import Kernels

/// One entry of a network's configuration.
///
/// In YAML and JSON: `{dense: 400}`, `{dense: {inputs: 784, outputs: 400, bias: false}}`, `{dropout: {keep: 0.9}}`,
/// `batchNorm`, or an activation's name. A new kind of layer is added here, in
/// ``makeLayer(number:inputs:inputCarriesTotalGradient:workspace:)`` and in a file of its own.
public enum LayerConfiguration: Equatable, Sendable {
  /// An affine layer; without `inputs` its input size is the output size of the layer below.
  case dense(inputs: Int?, outputs: Int, bias: Bool = true)
  case activation(Activation)
  case batchNorm
  /// (M21) `keep` is the probability that a unit is kept, in (0, 1].
  case dropout(keep: Double)
}

/// A network's layers do not fit together or to the data.
public struct NetworkError: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}

extension LayerConfiguration {
  /// The names that a layer can have in a configuration.
  public static var names: [String] { ["dense", "batchNorm", "dropout"] + Activation.allCases.map(\.rawValue) }

  /// Whether the layer has parameters, and so tensors in model files.
  public var hasParameters: Bool {
    switch self {
    case .dense, .batchNorm: true
    case .activation, .dropout: false
    }
  }

  /// The number of units above, given that below.
  func outputs(inputs: Int) -> Int {
    switch self {
    case .dense(_, let outputs, _): outputs
    case .activation, .batchNorm, .dropout: inputs
    }
  }

  /// The layer itself; `number` is its place in the network.
  ///
  /// - Parameter workspace: for the products of all layers of the network.
  func makeLayer<Scalar: Real>(
    number: Int, inputs: Int, inputCarriesTotalGradient: Bool, workspace: ProductWorkspace<Scalar>
  ) -> any Layer<Scalar> {
    switch self {
    case .dense(_, let outputs, let bias):
      Dense<Scalar>(
        inputs: inputs, outputs: outputs, hasBias: bias, inputCarriesTotalGradient: inputCarriesTotalGradient,
        workspace: workspace)
    case .activation(let activation):
      ActivationLayer<Scalar>(activation, units: inputs)
    case .batchNorm:
      BatchNorm<Scalar>(units: inputs)
    case .dropout(let keep):
      Dropout<Scalar>(keep: keep, units: inputs, number: number)
    }
  }

  /// The most units of a layer; the sizes of all products and arenas then stay far from overflowing.
  public static var maximumUnits: Int { 1 << 24 }

  /// The same layers with every size written out, as they are stored in model files.
  ///
  /// - Throws: ``NetworkError`` when a size does not fit the layer below, a setting is out of its range, or there is no
  ///   layer with parameters.
  public static func resolve(_ layers: [LayerConfiguration], inputs: Int) throws(NetworkError) -> [LayerConfiguration] {
    var units = inputs
    var resolved: [LayerConfiguration] = []
    for (index, layer) in layers.enumerated() {
      resolved.append(try layer.resolved(index: index, inputs: units))
      units = layer.outputs(inputs: units)
    }
    guard layers.contains(where: \.hasParameters) else {
      throw NetworkError("network: there is nothing to train without a dense layer; add one, for example {dense: 10}")
    }
    return resolved
  }

  /// The layer with every size written out, checked.
  private func resolved(index: Int, inputs: Int) throws(NetworkError) -> LayerConfiguration {
    switch self {
    case .dense(let declared, let outputs, let bias):
      guard (1...Self.maximumUnits).contains(outputs) else {
        throw NetworkError(
          "network: layer \(index) is dense with \(outputs) outputs; it needs 1 to \(Self.maximumUnits)")
      }
      if let declared, declared != inputs {
        let below = index == 0 ? "the data has \(inputs) features" : "the layer below has \(inputs) outputs"
        throw NetworkError("network: layer \(index) is dense with \(declared) inputs, but \(below)")
      }
      return .dense(inputs: inputs, outputs: outputs, bias: bias)
    case .dropout(let keep):
      guard keep > 0, keep <= 1 else {
        throw NetworkError(
          "network: layer \(index) is dropout with keep \(keep); the share of units that are kept is above 0 and at most 1"
        )
      }
      return self
    case .activation, .batchNorm:
      return self
    }
  }
}
