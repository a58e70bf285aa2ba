public import Kernels
public import Networks

/// A trained network in a safetensors file with PyTorch's names and layouts.
///
/// Tensors are `layers.N.weight` [outputs × inputs] and `layers.N.bias` [outputs] with N as in PyTorch's nn.Sequential, for
/// batch normalisation `weight`, `bias`, `running_mean` and `running_var` [units], and `layers.N.branch.M.weight` for a layer
/// in the branch of another. Metadata `network` is the network's configuration as JSON with every size, `inputShape` the shape
/// of a sample, `scaling` the map of its inputs as JSON.
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
  ///   - layers: the network, for files without metadata; wins over the metadata. Layers with parameters take the file's
  ///     tensors in the order of their numbers, so that layers without parameters may be left out, and a dense layer
  ///     whose bias is not in the file has none.
  ///   - option: what names the layers on the command line, for messages.
  /// - Throws: ``SafetensorsError`` for a file that cannot be read or does not hold this network.
  public init(
    contentsOf path: String, layers: [LayerConfiguration]? = nil, option: String = "--network"
  ) throws(SafetensorsError) {
    let reader = try ModelReader(path: path, option: option)
    let (fitted, inputShape) = try reader.layers(named: layers)
    do {
      network = try Network(fitted, inputShape: inputShape)
    } catch {
      throw reader.refuse("holds layers that do not fit together (\(error))", "check the order of the layers")
    }
    (parameters, names) = try reader.parameters(of: network)
    scaling = reader.file.metadata["scaling"]
  }

  /// The number in the file of each layer with parameters, by its place in the network; they differ where the file's
  /// numbers leave out layers that the network has, or the other way round.
  public var layerNumbers: [Int: Int] {
    var numbers: [Int: Int] = [:]
    for (name, block) in zip(names, network.layout.blocks) {
      numbers[block.layer] = ModelReader.address(name)?.number
    }
    return numbers
  }

  /// Writes the model under a temporary name and renames it, so that the file is whole or absent.
  public func write(to path: String) throws(SafetensorsError) {
    let tensors = zip(names, network.layout.blocks).map { name, block in
      SafetensorsTensor(name: name, shape: block.shape, values: parameters.all[block.range].array)
    }
    try SafetensorsFile(tensors: tensors, metadata: metadata).write(to: path)
  }

  /// What the file says beside its tensors.
  public var metadata: [String: String] {
    var metadata = ["format": "pt", "network": networkJSON]
    metadata["inputShape"] = network.inputShape.description
    metadata["scaling"] = scaling
    return metadata
  }

  /// The network's configuration as JSON with every size.
  private var networkJSON: String {
    // Names and sizes always encode.
    (try? jsonText(network.configuration)) ?? "[]"
  }
}
