private import Foundation
public import Kernels
public import Networks

/// A trained network in a safetensors file with PyTorch's names and layouts.
///
/// Tensors are `layers.N.weight` [outputs × inputs] and `layers.N.bias` [outputs] with N as in PyTorch's nn.Sequential;
/// metadata `network` is the network's configuration as JSON with every size, `scaling` the map of its inputs as JSON.
public struct ModelFile<Scalar: Real> {
  public let network: Network<Scalar>
  public let parameters: Arena<Scalar>
  /// The names in the file of the parameter blocks, in the order of the network's layout.
  public let names: [String]
  /// The input map as JSON; nil where the file has none.
  public let scaling: String?

  /// A model to be written.
  public init(network: Network<Scalar>, parameters: Arena<Scalar>, scaling: String?) {
    self.network = network
    self.parameters = parameters
    self.scaling = scaling
    names = network.layout.blocks.map(\.name)
  }

  /// Reads a model, converting it to `Scalar` where the file has another precision.
  ///
  /// - Parameters:
  ///   - layers: the network, for files without metadata; wins over the metadata. Dense layers take the file's tensors in
  ///     the order of their numbers, so that layers without parameters may be left out.
  /// - Throws: ``SafetensorsError`` for a file that cannot be read or does not hold this network.
  public init(contentsOf path: String, layers: [LayerConfiguration]? = nil) throws(SafetensorsError) {
    let file = try SafetensorsFile(contentsOf: path)
    func refuse(_ problem: String, _ remedy: String, tensor: String? = nil) -> SafetensorsError {
      SafetensorsError(path: path, kind: .content, tensor: tensor, problem: problem, remedy: remedy)
    }

    let numbers = Set(file.names.compactMap(Self.layerNumber)).sorted()
    guard let first = numbers.first, let firstWeight = file.tensor(named: "layers.\(first).weight"),
      firstWeight.shape.count == 2, firstWeight.shape[1] > 0
    else {
      throw refuse(
        "holds no network: there is no matrix layers.N.weight",
        "write the weights of a torch.nn.Sequential named layers, or a model of rp-dist")
    }

    let configuration = if let layers { layers } else { try Self.layers(inMetadataOf: file, refuse) }
    let dense = configuration.count { if case .dense = $0 { true } else { false } }
    guard dense == numbers.count else {
      throw refuse(
        "holds \(numbers.count) layers with weights, but the network has \(dense) dense layers",
        "name the network that belongs to the file")
    }
    // The sizes come from the tensors; sizes in the metadata are checked against them below.
    var remaining = numbers[...]
    var sized: [LayerConfiguration] = []
    for layer in configuration {
      guard case .dense(let inputs, let outputs, let bias) = layer, let number = remaining.popFirst() else {
        sized.append(layer)
        continue
      }
      let name = "layers.\(number).weight"
      guard let weight = file.tensor(named: name), weight.shape.count == 2,
        weight.shape.allSatisfy((1...LayerConfiguration.maximumUnits).contains)
      else {
        throw refuse("there is no such matrix", "a dense layer needs weights [outputs × inputs]", tensor: name)
      }
      // A network that the user names has no sizes of its own.
      guard layers != nil || (weight.shape[0] == outputs && weight.shape[1] == inputs ?? weight.shape[1]) else {
        throw refuse(
          "its shape is \(weight.shape), but the file's metadata promises \(inputs.map(String.init) ?? "?") inputs and "
            + "\(outputs) outputs", "write weights as [outputs × inputs]", tensor: name)
      }
      sized.append(.dense(inputs: weight.shape[1], outputs: weight.shape[0], bias: bias))
    }
    do {
      network = try Network(sized, inputs: firstWeight.shape[1])
    } catch {
      throw refuse("holds layers that do not fit together (\(error))", "check the order of the layers")
    }

    var names: [String] = []
    parameters = Arena(count: network.layout.count)
    for (index, block) in network.layout.blocks.enumerated() {
      let name = "layers.\(numbers[index / 2]).\(block.role.rawValue)"
      guard let tensor = file.tensor(named: name) else {
        throw refuse("there is no such tensor", "a dense layer needs a weight and a bias", tensor: name)
      }
      guard tensor.shape == block.shape else {
        throw refuse(
          "its shape is \(tensor.shape), but the network needs \(block.shape)", "check the network", tensor: name)
      }
      let values = tensor.values(as: Scalar.self)
      guard values.allSatisfy(\.isFinite) else {
        throw refuse(
          "it holds weights that are not finite in \(Scalar.precision.rawValue)",
          "use a model whose training went well",
          tensor: name)
      }
      parameters.all[block.range].copy(from: values)
      names.append(name)
    }
    self.names = names
    scaling = file.metadata["scaling"]
  }

  /// Writes the model under a temporary name and renames it, so that the file is whole or absent.
  public func write(to path: String) throws(SafetensorsError) {
    let tensors = zip(names, network.layout.blocks).map { name, block in
      SafetensorsTensor(name: name, shape: block.shape, values: parameters.all[block.range].array)
    }
    var metadata = ["format": "pt", "network": networkJSON]
    metadata["scaling"] = scaling
    try SafetensorsFile(tensors: tensors, metadata: metadata).write(to: path)
  }

  /// The network's configuration as JSON with every size.
  private var networkJSON: String {
    // Names and sizes always encode.
    (try? jsonText(network.configuration)) ?? "[]"
  }

  private static func layers(
    inMetadataOf file: SafetensorsFile, _ refuse: (String, String, String?) -> SafetensorsError
  ) throws(SafetensorsError) -> [LayerConfiguration] {
    guard let json = file.metadata["network"] else {
      throw refuse(
        "does not say in its metadata which network it is", "name the layers with --network, e.g. dense,tanh,dense", nil
      )
    }
    do {
      return try JSONDecoder().decode([LayerConfiguration].self, from: Data(json.utf8))
    } catch {
      throw refuse(
        "has metadata 'network' that is not a network: \(json.prefix(200))", "name the layers with --network", nil)
    }
  }

  /// N of `layers.N.weight` or `layers.N.bias`.
  private static func layerNumber(_ name: String) -> Int? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "layers", parts[2] == "weight" || parts[2] == "bias" else { return nil }
    return Int(parts[1]).flatMap { $0 >= 0 ? $0 : nil }
  }
}
