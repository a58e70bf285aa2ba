private import Foundation
internal import Kernels
internal import Networks

/// Finds a network and its parameters in the tensors of a safetensors file.
///
/// Layers with parameters get the file's addresses, N of `layers.N.weight` or `layers.N.branch.M.weight`, in their
/// order. Layers without parameters may therefore be left out of a network that the user names, and of the file's
/// numbering.
struct ModelReader {
  let path: String
  let file: SafetensorsFile
  /// The addresses of layers with tensors, ascending.
  private let addresses: [LayerAddress]
  /// The command-line option that names the layers.
  private let option: String

  init(path: String, option: String) throws(SafetensorsError) {
    (self.path, self.option) = (path, option)
    file = try SafetensorsFile(contentsOf: path)
    addresses = Set(file.names.compactMap(Self.address)).sorted()
  }

  /// The layers with the sizes of the tensors, and the shape of their input.
  ///
  /// - Parameters:
  ///   - named: a network that the user names, without sizes; takes precedence over the metadata. Its dense layers have
  ///     a bias if the file has one.
  func layers(named: [LayerConfiguration]?) throws(SafetensorsError) -> (layers: [LayerConfiguration], input: Shape) {
    let written = try writtenShape()
    guard let first = addresses.first.map(tensors), written != nil || isNetwork(first) else { throw noNetwork }
    if named != nil, let inner = addresses.first(where: { $0.path.count > 1 }) {
      throw refuse(
        "its tensors belong to a branch, which a list of names cannot say",
        "leave \(option) out, and write the network as metadata 'network'", tensor: "layers.\(inner).weight")
    }
    let layers = if let named { named } else { try layersInMetadata() }
    let withTensors = layers.flatMap(\.computing).filter(\.hasParameters)
    guard withTensors.count == addresses.count else {
      throw refuse(
        "holds \(addresses.count) layers with weights, but the network has \(count(withTensors))",
        "name the network that belongs to the file")
    }
    var remaining = zip(withTensors, addresses).makeIterator()
    let inputs = withTensors.first?.description.inputs(of: first)
    let fitted = try layers.map { layer throws(SafetensorsError) in
      try layer.fitted { layer throws(SafetensorsError) in
        guard layer.hasParameters, let (_, address) = remaining.next() else { return layer }
        return try self.fit(layer, address, isNamed: named != nil)
      }
    }
    if let written {
      guard inputs.map(written.fits) ?? true else {
        throw refuse(
          "has metadata 'inputShape' \(written), but its first layer with weights has \(inputs ?? 0) inputs",
          "write the shape of a sample, for example [\(inputs ?? 0)]")
      }
      return (fitted, written)
    }
    guard let inputs else { throw noNetwork }
    return (fitted, Shape(inputs))
  }

  /// The numbers of layers by name, such as `3 dense and 2 batchNorm layers`.
  private func count(_ layers: [LayerConfiguration]) -> String {
    let dense = DenseLayer.names[0]
    let others = Set(layers.map(\.description.name)).subtracting([dense]).sorted()
    let counts = ([dense] + others).map { name in "\(layers.count { $0.description.name == name }) \(name)" }
    return counts.joined(separator: " and ") + " layers"
  }

  /// The shapes of a layer's tensors.
  private func tensors(_ address: LayerAddress) -> LayerTensors {
    var shapes: [ParameterShape.Role: [Int]] = [:]
    for role in ParameterShape.Role.allCases {
      shapes[role] = file.tensor(named: "layers.\(address).\(role.rawValue)")?.shape
    }
    return LayerTensors(shapes)
  }

  /// Whether the tensors of the first layer give the number of features of a sample, for a file without metadata
  /// `inputShape`.
  private func isNetwork(_ first: LayerTensors) -> Bool {
    guard let weight = first[.weight], weight.allSatisfy({ $0 > 0 }) else { return false }
    return weight.count > 1 || (weight.count == 1 && first[.runningMean] != nil)
  }

  private var noNetwork: SafetensorsError {
    refuse(
      "holds no network: there is no matrix layers.N.weight",
      "write the weights of a torch.nn.Sequential named layers, or a model of rp-dist")
  }

  /// The shape of a sample in the metadata; nil if the metadata do not give it.
  private func writtenShape() throws(SafetensorsError) -> Shape? {
    guard let json = file.metadata["inputShape"] else { return nil }
    let shape = try? JSONDecoder().decode(Shape.self, from: Data(json.utf8))
    let most = Double(LayerConfiguration.maximumUnits)
    guard let shape, !shape.dimensions.isEmpty, shape.dimensions.allSatisfy({ $0 > 0 }),
      shape.dimensions.reduce(1.0, { $0 * Double($1) }) <= most
    else {
      throw refuse(
        "has metadata 'inputShape' that is no shape: \(json.prefix(200))", "write the sizes of a sample, such as [784]")
    }
    return shape
  }

  /// A layer with the sizes of its tensors; sizes in the metadata are checked against the tensors.
  private func fit(
    _ layer: LayerConfiguration, _ address: LayerAddress, isNamed: Bool
  ) throws(SafetensorsError) -> LayerConfiguration {
    do {
      return LayerConfiguration(try layer.description.fitted(to: tensors(address), isNamed: isNamed))
    } catch {
      throw refuse(error.problem, error.remedy, tensor: "layers.\(address).\(error.role.rawValue)")
    }
  }

  /// Reads the parameters of a network made of ``layers(named:)``, converted to `Scalar`.
  ///
  /// - Returns: the parameters, and the parameter blocks' names in the file.
  func parameters<Scalar: Real>(
    of network: Network<Scalar>
  ) throws(SafetensorsError) -> (parameters: Arena<Scalar>, names: [String]) {
    let parameters = Arena<Scalar>(count: network.layout.count)
    var own: [LayerAddress] = []
    for block in network.layout.blocks where own.last != block.address { own.append(block.address) }
    let addresses = Dictionary(uniqueKeysWithValues: zip(own, addresses))
    var names: [String] = []
    for block in network.layout.blocks {
      let name = "layers.\(addresses[block.address] ?? block.address).\(block.role.rawValue)"
      guard let tensor = file.tensor(named: name) else {
        let needed = network.layer(of: block).map { type(of: $0.description).neededTensors }
        throw refuse("there is no such tensor", needed ?? "check the network", tensor: name)
      }
      guard tensor.shape == block.shape else {
        throw refuse(
          "its shape is \(tensor.shape), but the network needs \(block.shape)", "check the network", tensor: name)
      }
      let values = tensor.values(as: Scalar.self)
      guard values.allSatisfy(\.isFinite) else {
        throw refuse(
          "it holds weights that are not finite in \(Scalar.precision.rawValue)",
          "use a model whose training went well", tensor: name)
      }
      guard block.role != .runningVariance || values.allSatisfy({ $0 >= 0 }) else {
        throw refuse("it holds a negative variance", "use a model whose training went well", tensor: name)
      }
      parameters.all[block.range].copy(from: values)
      names.append(name)
    }
    return (parameters, names)
  }

  func refuse(_ problem: String, _ remedy: String, tensor: String? = nil) -> SafetensorsError {
    SafetensorsError(path: path, kind: .content, tensor: tensor, problem: problem, remedy: remedy)
  }

  private func layersInMetadata() throws(SafetensorsError) -> [LayerConfiguration] {
    guard let json = file.metadata["network"] else {
      throw refuse(
        "does not say in its metadata which network it is", "name the layers with \(option), e.g. dense,tanh,dense")
    }
    do {
      return try JSONDecoder().decode([LayerConfiguration].self, from: Data(json.utf8))
    } catch {
      throw refuse(
        "has metadata 'network' that is not a network: \(json.prefix(200))", "name the layers with \(option)")
    }
  }

  /// N of `layers.N.weight` and the other tensors of a layer, or N and M of `layers.N.branch.M.weight`; PyTorch's
  /// counters (`num_batches_tracked`) are not needed.
  static func address(_ name: String) -> LayerAddress? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts.count % 2 == 1, parts[0] == "layers",
      ParameterShape.Role(rawValue: String(parts[parts.count - 1])) != nil
    else { return nil }
    var path: [Int] = []
    for (number, part) in parts.dropFirst().dropLast().enumerated() {
      if number % 2 == 1 {
        guard part == "branch" else { return nil }
      } else {
        guard let number = Int(part), number >= 0 else { return nil }
        path.append(number)
      }
    }
    return LayerAddress(path: path)
  }
}
