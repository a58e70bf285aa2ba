/// In YAML and JSON a layer is a name, or an object with one name and its settings.
extension LayerConfiguration: Codable {
  private enum Key: String, CodingKey, CaseIterable { case dense, dropout }
  private enum DenseKey: String, CodingKey, CaseIterable { case inputs, outputs, bias }
  private enum DropoutKey: String, CodingKey, CaseIterable { case keep }

  public init(from decoder: any Decoder) throws {
    func refuse(_ problem: String, at path: [any CodingKey]? = nil) -> DecodingError {
      .dataCorrupted(.init(codingPath: path ?? decoder.codingPath, debugDescription: problem))
    }
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      self = try Self.named(name, refuse)
      return
    }
    let container = try decoder.container(keyedBy: AnyKey.self)
    guard container.allKeys.count == 1, let key = container.allKeys.first else {
      throw refuse("a layer is a name such as relu or one entry such as {dense: 10}")
    }
    /// The settings of a layer that are written out, nil where there is only a number.
    func settings<Known: CodingKey & CaseIterable & RawRepresentable<String>>(
      _ known: Known.Type
    ) throws -> KeyedDecodingContainer<Known>? {
      guard let any = try? container.nestedContainer(keyedBy: AnyKey.self, forKey: key) else { return nil }
      for key in any.allKeys where Known(rawValue: key.stringValue) == nil {
        throw refuse(
          UnknownName(key.stringValue, among: Known.allCases.map(\.rawValue), kind: "key").description,
          at: any.codingPath)
      }
      return try container.nestedContainer(keyedBy: Known.self, forKey: key)
    }
    switch Key(rawValue: key.stringValue) {
    case .dense:
      guard let dense = try settings(DenseKey.self) else {
        self = .dense(inputs: nil, outputs: try container.decode(Int.self, forKey: key))
        return
      }
      self = .dense(
        inputs: try dense.decodeIfPresent(Int.self, forKey: .inputs),
        outputs: try dense.decode(Int.self, forKey: .outputs),
        bias: try dense.decodeIfPresent(Bool.self, forKey: .bias) ?? true)
    case .dropout:
      let keep = try settings(DropoutKey.self)?.decode(Double.self, forKey: .keep)
      self = .dropout(keep: try keep ?? container.decode(Double.self, forKey: key))
    case nil:
      guard !Self.names.contains(key.stringValue) else {
        throw refuse("layer '\(key.stringValue)' has no settings; write its name alone")
      }
      throw refuse(UnknownName(key.stringValue, among: Self.names, kind: "layer").description)
    }
  }

  /// A layer that is its name alone.
  private static func named(
    _ name: String, _ refuse: (String, [any CodingKey]?) -> DecodingError
  ) throws -> LayerConfiguration {
    switch Key(rawValue: name) {
    case .dense: throw refuse("layer 'dense' needs its number of outputs, for example {dense: 10}", nil)
    case .dropout: throw refuse("layer 'dropout' needs the share of units it keeps: {dropout: {keep: 0.9}}", nil)
    case nil: break
    }
    if name == "batchNorm" { return .batchNorm }
    guard let activation = Activation(rawValue: name) else {
      throw refuse(UnknownName(name, among: names, kind: "layer").description, nil)
    }
    return .activation(activation)
  }

  public func encode(to encoder: any Encoder) throws {
    func encode(name: String) throws {
      var container = encoder.singleValueContainer()
      try container.encode(name)
    }
    switch self {
    case .activation(let activation): try encode(name: activation.rawValue)
    case .batchNorm: try encode(name: "batchNorm")
    case .dense(nil, let outputs, true):
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(outputs, forKey: .dense)
    case .dense(let inputs, let outputs, let bias):
      var container = encoder.container(keyedBy: Key.self)
      var dense = container.nestedContainer(keyedBy: DenseKey.self, forKey: .dense)
      try dense.encodeIfPresent(inputs, forKey: .inputs)
      try dense.encode(outputs, forKey: .outputs)
      if !bias { try dense.encode(bias, forKey: .bias) }
    case .dropout(let keep):
      var container = encoder.container(keyedBy: Key.self)
      var dropout = container.nestedContainer(keyedBy: DropoutKey.self, forKey: .dropout)
      try dropout.encode(keep, forKey: .keep)
    }
  }
}
