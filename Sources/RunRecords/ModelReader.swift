private import Foundation
internal import Kernels
internal import Networks

/// Finds a network in the tensors of a safetensors file, and its parameters.
///
/// Layers with parameters take the file's numbers N of `layers.N.…` in their order, so that layers without parameters
/// may be left out of a network that the user names, and of the file's numbering.
struct ModelReader {
  let path: String
  let file: SafetensorsFile
  /// The numbers N of layers with tensors, ascending.
  private let numbers: [Int]
  /// What names the layers on the command line.
  private let option: String

  init(path: String, option: String) throws(SafetensorsError) {
    (self.path, self.option) = (path, option)
    file = try SafetensorsFile(contentsOf: path)
    numbers = Set(file.names.compactMap(Self.layerNumber)).sorted()
  }

  /// The layers with the sizes that the tensors have, and the features of their input.
  ///
  /// - Parameters:
  ///   - named: a network that the user names, without sizes; wins over the metadata. Its dense layers have a bias where
  ///     the file has one.
  func layers(named: [LayerConfiguration]?) throws(SafetensorsError) -> (layers: [LayerConfiguration], inputs: Int) {
    guard let inputs = firstInputs else {
      throw refuse(
        "holds no network: there is no matrix layers.N.weight",
        "write the weights of a torch.nn.Sequential named layers, or a model of rp-dist")
    }
    let layers = if let named { named } else { try layersInMetadata() }
    guard layers.count(where: \.hasParameters) == numbers.count else {
      let dense = layers.count { if case .dense = $0 { true } else { false } }
      let others = layers.count(where: \.hasParameters) - dense
      throw refuse(
        "holds \(numbers.count) layers with weights, but the network has \(dense) dense "
          + (others == 0 ? "layers" : "and \(others) batchNorm layers"), "name the network that belongs to the file")
    }
    var remaining = numbers[...]
    var sized: [LayerConfiguration] = []
    for layer in layers {
      if layer.hasParameters, let number = remaining.popFirst() {
        sized.append(try self.sized(layer, number: number, isNamed: named != nil))
      } else {
        sized.append(layer)
      }
    }
    return (sized, inputs)
  }

  /// The features of the input of the first layer with parameters; nil where it is not one.
  private var firstInputs: Int? {
    guard let number = numbers.first, let weight = file.tensor(named: "layers.\(number).weight") else { return nil }
    switch weight.shape.count {
    case 2 where weight.shape[1] > 0: return weight.shape[1]
    case 1 where weight.shape[0] > 0 && file.tensor(named: "layers.\(number).running_mean") != nil:
      return weight.shape[0]
    default: return nil
    }
  }

  /// A layer with the sizes of its tensors; sizes in the metadata are checked against them.
  private func sized(
    _ layer: LayerConfiguration, number: Int, isNamed: Bool
  ) throws(SafetensorsError) -> LayerConfiguration {
    guard case .dense(let inputs, let outputs, let bias) = layer else { return layer }
    let name = "layers.\(number).weight"
    guard let weight = file.tensor(named: name), weight.shape.count == 2,
      weight.shape.allSatisfy((1...LayerConfiguration.maximumUnits).contains)
    else {
      throw refuse("there is no such matrix", "a dense layer needs weights [outputs × inputs]", tensor: name)
    }
    let hasBias = file.tensor(named: "layers.\(number).bias") != nil
    guard !isNamed else { return .dense(inputs: weight.shape[1], outputs: weight.shape[0], bias: hasBias) }
    guard weight.shape[0] == outputs && weight.shape[1] == inputs ?? weight.shape[1] else {
      throw refuse(
        "its shape is \(weight.shape), but the file's metadata promises \(inputs.map(String.init) ?? "?") inputs and "
          + "\(outputs) outputs", "write weights as [outputs × inputs]", tensor: name)
    }
    guard bias || !hasBias else {
      throw refuse(
        "the file's metadata promises a dense layer without bias", "leave the tensor out",
        tensor: "layers.\(number).bias")
    }
    return .dense(inputs: weight.shape[1], outputs: weight.shape[0], bias: bias)
  }

  /// Reads the parameters of a network made of ``layers(named:)``, converted to `Scalar`.
  ///
  /// - Returns: the parameters, and the names in the file of the network's parameter blocks.
  func parameters<Scalar: Real>(
    of network: Network<Scalar>
  ) throws(SafetensorsError) -> (parameters: Arena<Scalar>, names: [String]) {
    let parameters = Arena<Scalar>(count: network.layout.count)
    let layersWithParameters = network.layout.slices.indices.filter { !network.layout.slices[$0].isEmpty }
    let numbers = Dictionary(uniqueKeysWithValues: zip(layersWithParameters, numbers))
    var names: [String] = []
    for block in network.layout.blocks {
      let name = "layers.\(numbers[block.layer] ?? block.layer).\(block.role.rawValue)"
      guard let tensor = file.tensor(named: name) else {
        let isDense = if case .dense = network.configuration[block.layer] { true } else { false }
        throw refuse(
          "there is no such tensor",
          isDense
            ? "a dense layer needs a weight and a bias"
            : "batch normalisation needs weight, bias, running_mean and running_var", tensor: name)
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

  /// N of `layers.N.weight` and the other tensors of a layer; PyTorch's counters (`num_batches_tracked`) are not needed.
  static func layerNumber(_ name: String) -> Int? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "layers", ParameterShape.Role(rawValue: String(parts[2])) != nil else {
      return nil
    }
    return Int(parts[1]).flatMap { $0 >= 0 ? $0 : nil }
  }
}
