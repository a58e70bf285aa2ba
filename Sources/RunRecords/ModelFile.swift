public import Kernels
public import Networks

/// A trained network in a safetensors file with PyTorch's names and layouts.
///
/// Tensors are `layers.N.weight` [outputs × inputs] and `layers.N.bias` [outputs] with N as in PyTorch's nn.Sequential.
/// Batch normalisation has `weight`, `bias`, `running_mean` and `running_var` [units]. A layer in the branch of another
/// layer has `layers.N.branch.M.weight` and so on. The metadata have three entries: `network`, the network's
/// configuration as JSON with every size; `inputShape`, the shape of a sample; and `scaling`, the map of its inputs as
/// JSON.
public struct ModelFile<Scalar: Real> {
  public let network: Network<Scalar>
  public let parameters: Arena<Scalar>
  /// The parameter blocks' names in the file, in the order of the network's layout.
  public let names: [String]
  /// The input map as JSON; nil if the file has none.
  public let scaling: String?

  /// A model that will be written.
  public init(network: Network<Scalar>, parameters: Arena<Scalar>, scaling: String?) {
    self.network = network
    self.parameters = parameters
    self.scaling = scaling
    names = network.layout.blocks.map(\.name)
  }

  /// Reads a model, and converts it to `Scalar` if the file has another precision.
  ///
  /// - Parameters:
  ///   - layers: the network, for files without metadata; takes precedence over the metadata. Layers with parameters
  ///     get the file's tensors in the order of their numbers. Layers without parameters may therefore be left out, and
  ///     a dense layer without a bias in the file has none.
  ///   - option: the command-line option that names the layers, for messages.
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

  /// The number in the file of each layer with parameters, by its place in the network. Numbers and places differ if
  /// the file's numbering leaves out layers that the network has, or the other way round.
  public var layerNumbers: [Int: Int] {
    var numbers: [Int: Int] = [:]
    for (name, block) in zip(names, network.layout.blocks) {
      numbers[block.layer] = ModelReader.address(name)?.number
    }
    return numbers
  }

  /// Writes the model to a temporary file and renames it, so that the file is either complete or absent.
  public func write(to path: String) throws(SafetensorsError) {
    let tensors = zip(names, network.layout.blocks).map { name, block in
      SafetensorsTensor(name: name, shape: block.shape, values: parameters.all[block.range].array)
    }
    try SafetensorsFile(tensors: tensors, metadata: metadata).write(to: path)
  }

  /// The metadata of the file.
  public var metadata: [String: String] {
    var metadata = ["format": "pt", "network": networkJSON]
    metadata["inputShape"] = network.inputShape.description
    metadata["scaling"] = scaling
    return metadata
  }

  /// The network's configuration as JSON with every size.
  private var networkJSON: String {
    // Names and sizes can always be encoded.
    (try? jsonText(network.configuration)) ?? "[]"
  }
}
