/// One entry of a network's configuration: a description of any kind of layer.
///
/// In YAML and JSON: `{dense: 400}`, `{dense: {inputs: 784, outputs: 400, bias: false}}`, `{dropout: {keep: 0.9}}`,
/// `{residual: [...]}`, `batchNorm`, `flatten`, or an activation's name.
public struct LayerConfiguration: Sendable {
  public let description: any LayerDescription

  public init(_ description: any LayerDescription) { self.description = description }

  /// The kinds of layers. A new kind is one file in `Layers` and one entry here.
  static let kinds: [any LayerDescription.Type] = [
    DenseLayer.self, BatchNormLayer.self, DropoutLayer.self, FlattenLayer.self, ResidualLayer.self,
    ActivationLayer.self,
  ]

  /// The names that a layer can have in a configuration.
  public static var names: [String] { kinds.flatMap { $0.names } }

  private static func kind(named name: String) -> (any LayerDescription.Type)? {
    kinds.first { $0.names.contains(name) }
  }

  /// A layer of which only the name is known, for models whose tensors give the sizes.
  ///
  /// - Parameter place: where the name was given, for messages.
  public static func named(_ name: String, in place: String) throws(UnknownName) -> LayerConfiguration {
    let known = kinds.filter { $0.isNamedAlone }
    guard let kind = known.first(where: { $0.names.contains(name) }) else {
      throw UnknownName(name, among: known.flatMap { $0.names }, kind: "layer in \(place)")
    }
    return LayerConfiguration(kind.init(name: name))
  }

  /// The largest number of units of a layer; it keeps the sizes of all products and arenas far from overflow.
  public static var maximumUnits: Int { 1 << 24 }

  /// The description if it is of the given kind; otherwise nil.
  public func of<Kind: LayerDescription>(_ kind: Kind.Type) -> Kind? { description as? Kind }

  /// The layer and the layers of its branch.
  public var all: [LayerConfiguration] { [self] + description.branch.flatMap(\.all) }

  /// The layers and the layers of their branches, with their addresses.
  public static func addressed(
    _ layers: [LayerConfiguration], in parent: LayerAddress? = nil
  ) -> [(address: LayerAddress, layer: LayerConfiguration)] {
    layers.enumerated().flatMap { number, layer in
      let address = parent?.branch(number) ?? LayerAddress(number)
      return [(address, layer)] + addressed(layer.description.branch, in: address)
    }
  }

  /// The layers that compute: the layer itself, or the layers of its branch.
  public var computing: [LayerConfiguration] {
    description.branch.isEmpty ? [self] : description.branch.flatMap(\.computing)
  }

  /// The layer as `fit` replaces it or, for a layer made of others, with the layers of its branch replaced, in their
  /// order.
  public func fitted<Failure: Error>(
    _ fit: (LayerConfiguration) throws(Failure) -> LayerConfiguration
  ) throws(Failure) -> LayerConfiguration {
    let branch = description.branch
    guard !branch.isEmpty else { return try fit(self) }
    return LayerConfiguration(
      description.with(branch: try branch.map { layer throws(Failure) in try layer.fitted(fit) }))
  }

  /// Whether the layer, or a layer of its branch, has parameters, and therefore tensors in model files.
  public var hasParameters: Bool {
    // Whether there are parameters does not depend on sizes.
    all.contains { !$0.description.parameters(of: Shape(1)).isEmpty }
  }

  /// The layers of a network or of a branch, with every size written out.
  ///
  /// - Parameters:
  ///   - input: the shape of a sample.
  ///   - parent: the layer whose branch they form; nil for the layers of a network.
  /// - Throws: ``NetworkError`` when a size does not fit the layer below, or a setting is out of its range.
  static func sized(
    _ layers: [LayerConfiguration], for input: Shape, in parent: LayerAddress? = nil
  ) throws(NetworkError) -> (layers: [LayerConfiguration], output: Shape) {
    var (shape, sized): (Shape, [LayerConfiguration]) = (input, [])
    for (number, layer) in layers.enumerated() {
      let address = parent?.branch(number) ?? LayerAddress(number)
      let description = try layer.description.sized(for: shape, at: address)
      sized.append(LayerConfiguration(description))
      shape = description.output(of: shape)
    }
    return (sized, shape)
  }

  /// The same layers with every size written out, as they are stored in model files.
  ///
  /// - Throws: ``NetworkError`` when a size does not fit the layer below, a setting is out of its range, or there is no
  ///   layer with parameters.
  public static func resolve(
    _ layers: [LayerConfiguration], input: Shape
  ) throws(NetworkError) -> [LayerConfiguration] {
    let sized = try sized(layers, for: input).layers
    guard sized.contains(where: \.hasParameters) else {
      throw NetworkError("network: there is nothing to train without a dense layer; add one, for example {dense: 10}")
    }
    return sized
  }
}

extension LayerConfiguration: Equatable {
  public static func == (a: LayerConfiguration, b: LayerConfiguration) -> Bool {
    a.description.isEqual(to: b.description)
  }
}

/// In YAML and JSON a layer is a name, or an object with one name and its settings.
extension LayerConfiguration: Codable {
  public init(from decoder: any Decoder) throws {
    func refuse(_ problem: String) -> DecodingError {
      .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: problem))
    }
    func known(_ name: String) throws -> any LayerDescription.Type {
      guard let kind = Self.kind(named: name) else {
        throw refuse(UnknownName(name, among: Self.names, kind: "layer").description)
      }
      return kind
    }
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      let kind = try known(name)
      if let example = kind.example { throw refuse("layer '\(name)' needs \(example)") }
      description = kind.init(name: name)
      return
    }
    let container = try decoder.container(keyedBy: AnyKey.self)
    guard container.allKeys.count == 1, let key = container.allKeys.first else {
      throw refuse("a layer is a name such as relu or one entry such as {dense: 10}")
    }
    let kind = try known(key.stringValue)
    guard kind.example != nil else {
      throw refuse("layer '\(key.stringValue)' has no settings; write its name alone")
    }
    func decode<Kind: LayerDescription>(_ kind: Kind.Type) throws -> any LayerDescription {
      try container.decode(kind, forKey: key)
    }
    description = try decode(kind)
  }

  public func encode(to encoder: any Encoder) throws {
    func encode(_ description: some LayerDescription) throws {
      guard type(of: description).example != nil else {
        var container = encoder.singleValueContainer()
        return try container.encode(description.name)
      }
      var container = encoder.container(keyedBy: AnyKey.self)
      try container.encode(description, forKey: AnyKey(description.name))
    }
    try encode(description)
  }
}

extension Decoder {
  /// The settings of a layer that is written with keys; nil where there is only a value.
  ///
  /// - Throws: an error that names an unknown key.
  func settings<Key: CodingKey & CaseIterable & RawRepresentable<String>>(
    _ keys: Key.Type
  ) throws -> KeyedDecodingContainer<Key>? {
    guard let any = try? container(keyedBy: AnyKey.self) else { return nil }
    for key in any.allKeys where Key(rawValue: key.stringValue) == nil {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: any.codingPath,
          debugDescription: UnknownName(key.stringValue, among: Key.allCases.map(\.rawValue), kind: "key").description))
    }
    return try container(keyedBy: Key.self)
  }
}
