internal import Kernels

/// One entry of a network's configuration.
///
/// In YAML and JSON: `{dense: 400}`, `{dense: {inputs: 784, outputs: 400}}`, or an activation's name. A new kind of layer
/// is added here, in ``makeLayer(inputs:inputIsNonNegative:inputCarriesTotalGradient:)`` and in a file of its own.
public enum LayerConfiguration: Equatable, Sendable {
  /// An affine layer; without `inputs` its input size is the output size of the layer below.
  case dense(inputs: Int?, outputs: Int)
  case activation(Activation)
}

/// A network's layers do not fit together or to the data.
public struct NetworkError: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}

extension LayerConfiguration {
  /// The names that a layer can have in a configuration.
  public static var names: [String] { ["dense"] + Activation.allCases.map(\.rawValue) }

  /// The number of units above, given that below.
  func outputs(inputs: Int) -> Int {
    switch self {
    case .dense(_, let outputs): outputs
    case .activation: inputs
    }
  }

  /// The layer itself.
  func makeLayer<Scalar: Real>(
    inputs: Int, inputIsNonNegative: Bool, inputCarriesTotalGradient: Bool
  ) -> any Layer<Scalar> {
    switch self {
    case .dense(_, let outputs):
      Dense<Scalar>(
        inputs: inputs, outputs: outputs, inputIsNonNegative: inputIsNonNegative,
        inputCarriesTotalGradient: inputCarriesTotalGradient)
    case .activation(let activation):
      ActivationLayer<Scalar>(activation, units: inputs)
    }
  }

  /// The most units of a layer; the sizes of all products and arenas then stay far from overflowing.
  public static var maximumUnits: Int { 1 << 24 }

  /// The same layers with every size written out, as they are stored in model files.
  ///
  /// - Throws: ``NetworkError`` when a size does not fit the layer below, or there is no dense layer.
  public static func resolve(_ layers: [LayerConfiguration], inputs: Int) throws(NetworkError) -> [LayerConfiguration] {
    var units = inputs
    var resolved: [LayerConfiguration] = []
    for (index, layer) in layers.enumerated() {
      if case .dense(let declared, let outputs) = layer {
        guard (1...maximumUnits).contains(outputs) else {
          throw NetworkError("network: layer \(index) is dense with \(outputs) outputs; it needs 1 to \(maximumUnits)")
        }
        if let declared, declared != units {
          let below = index == 0 ? "the data has \(units) features" : "the layer below has \(units) outputs"
          throw NetworkError("network: layer \(index) is dense with \(declared) inputs, but \(below)")
        }
        resolved.append(.dense(inputs: units, outputs: outputs))
      } else {
        resolved.append(layer)
      }
      units = layer.outputs(inputs: units)
    }
    let hasParameters = layers.contains { if case .dense = $0 { true } else { false } }
    guard hasParameters else {
      throw NetworkError("network: there is nothing to train without a dense layer; add one, for example {dense: 10}")
    }
    return resolved
  }
}

extension LayerConfiguration: Codable {
  private enum Keys: String, CodingKey { case dense }
  private enum DenseKeys: String, CodingKey, CaseIterable { case inputs, outputs }

  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      guard let activation = Activation(rawValue: name) else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: decoder.codingPath,
            debugDescription: UnknownName(name, among: LayerConfiguration.names, kind: "layer").description))
      }
      self = .activation(activation)
      return
    }
    let container = try decoder.container(keyedBy: AnyKey.self)
    guard container.allKeys.count == 1, let key = container.allKeys.first else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "a layer is an activation's name or one entry such as {dense: 10}"))
    }
    guard key.stringValue == Keys.dense.rawValue else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: UnknownName(key.stringValue, among: LayerConfiguration.names, kind: "layer").description))
    }
    guard let dense = try? container.nestedContainer(keyedBy: AnyKey.self, forKey: key) else {
      self = .dense(inputs: nil, outputs: try container.decode(Int.self, forKey: key))
      return
    }
    for key in dense.allKeys where DenseKeys(rawValue: key.stringValue) == nil {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: dense.codingPath,
          debugDescription: UnknownName(key.stringValue, among: DenseKeys.allCases.map(\.rawValue), kind: "key")
            .description))
    }
    self = .dense(
      inputs: try dense.decodeIfPresent(Int.self, forKey: AnyKey("inputs")),
      outputs: try dense.decode(Int.self, forKey: AnyKey("outputs")))
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .activation(let activation):
      var container = encoder.singleValueContainer()
      try container.encode(activation.rawValue)
    case .dense(nil, let outputs):
      var container = encoder.container(keyedBy: Keys.self)
      try container.encode(outputs, forKey: .dense)
    case .dense(let inputs?, let outputs):
      var container = encoder.container(keyedBy: Keys.self)
      var dense = container.nestedContainer(keyedBy: DenseKeys.self, forKey: .dense)
      try dense.encode(inputs, forKey: .inputs)
      try dense.encode(outputs, forKey: .outputs)
    }
  }
}
