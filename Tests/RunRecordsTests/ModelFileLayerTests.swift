import Foundation
import Kernels
import Networks
import RunRecords
import TestSupport
import Testing

/// Model files of networks with batch normalisation, dropout and dense layers without bias.
struct ModelFileLayerTests {
  private let folder: ScratchFolder
  private var path: String { folder.path + "/model.safetensors" }

  init() throws { folder = try ScratchFolder() }

  private static func tensor(_ name: String, _ shape: [Int], _ value: Float = 1) -> SafetensorsTensor {
    SafetensorsTensor(name: name, shape: shape, values: [Float](repeating: value, count: shape.reduce(1, *)))
  }

  /// The four tensors of batch normalisation of two units.
  private static func normalization(_ number: Int, variance: Float = 1) -> [SafetensorsTensor] {
    ["weight", "bias", "running_mean"].map { tensor("layers.\(number).\($0)", [2]) }
      + [tensor("layers.\(number).running_var", [2], variance)]
  }

  private static let dense = [tensor("layers.0.weight", [2, 3]), tensor("layers.0.bias", [2])]

  @Test func `every kind of layer is written and read back, bit by bit`() throws {
    let network = try Network<Float>(
      [
        .batchNorm, .dense(inputs: nil, outputs: 4, bias: false), .batchNorm, .activation(.tanh), .dropout(keep: 0.75),
        .dense(inputs: nil, outputs: 2),
      ], inputs: 3)
    let parameters = Arena<Float>(count: network.layout.count)
    for k in 0..<parameters.count { parameters.all[k] = 1 / Float(k + 3) }
    try ModelFile(network: network, parameters: parameters, scaling: nil).write(to: path)
    let read = try ModelFile<Float>(contentsOf: path)
    #expect(read.network.configuration == network.configuration)
    #expect(read.parameters.all.array == parameters.all.array)
    let normalization = ["weight", "bias", "running_mean", "running_var"]
    let first = normalization.map { "layers.0.\($0)" }
    let second = normalization.map { "layers.2.\($0)" }
    #expect(read.names == first + ["layers.1.weight"] + second + ["layers.5.weight", "layers.5.bias"])
    let file = try SafetensorsFile(contentsOf: path)
    #expect(file.names == read.names)
    #expect(file.tensor(named: "layers.2.running_var")?.shape == [4])
    #expect(
      file.metadata["network"]
        == #"["batchNorm",{"dense":{"bias":false,"inputs":3,"outputs":4}},"batchNorm","tanh",{"dropout":{"keep":0.75}}"#
        + #",{"dense":{"inputs":4,"outputs":2}}]"#)
  }

  @Test func `branches and the shape of a sample are written and read back`() throws {
    let layers: [LayerConfiguration] = [
      .flatten, .residual([.dense(outputs: 5), .activation(.tanh), .residual([.batchNorm]), .dense(outputs: 12)]),
      .dense(outputs: 2),
    ]
    let network = try Network<Float>(layers, inputShape: Shape([3, 2, 2]))
    let parameters = Arena<Float>(count: network.layout.count)
    for k in 0..<parameters.count { parameters.all[k] = 1 / Float(k + 3) }
    try ModelFile(network: network, parameters: parameters, scaling: nil).write(to: path)
    let read = try ModelFile<Float>(contentsOf: path)
    #expect(read.network.inputShape == Shape([3, 2, 2]))
    #expect(read.network.configuration == network.configuration)
    #expect(read.parameters.all.array == parameters.all.array)
    #expect(read.names.contains("layers.1.branch.2.branch.0.running_var"))
    #expect(try SafetensorsFile(contentsOf: path).metadata["inputShape"] == "[3, 2, 2]")
    #expect(read.layerNumbers == [1: 1, 2: 2])
    // Names alone cannot say which layers are in a branch.
    let list = [DenseLayer.names[0], "tanh", "batchNorm", "dense", "dense"]
    let named = try list.map { try LayerConfiguration.named($0, in: "--network") }
    let refused = #expect(throws: SafetensorsError.self) { try ModelFile<Float>(contentsOf: path, layers: named) }
    #expect(refused?.description.contains("layers.1.branch.0.weight") == true)
    #expect(throws: UnknownName.self) { try LayerConfiguration.named("residual", in: "--network") }
    // A shape that the first layer with weights does not have.
    var file = try SafetensorsFile(contentsOf: path)
    file = SafetensorsFile(
      tensors: file.names.compactMap { file.tensor(named: $0) },
      metadata: file.metadata.merging(["inputShape": "[3, 2, 3]"]) { $1 })
    try file.write(to: path)
    let error = #expect(throws: SafetensorsError.self) { try ModelFile<Float>(contentsOf: path) }
    #expect(error?.description.contains("inputShape") == true && error?.description.contains("12 inputs") == true)
  }

  @Test func `a PyTorch file without metadata is read as the network that is named`() throws {
    // Sequential(Linear(3, 2, bias=False), BatchNorm1d(2), Tanh(), Dropout(), Linear(2, 1)).
    try SafetensorsFile(
      tensors: [Self.dense[0]] + Self.normalization(1)
        + [Self.tensor("layers.4.weight", [1, 2]), Self.tensor("layers.4.bias", [1])]
    ).write(to: path)
    let layers: [LayerConfiguration] = [
      .dense(inputs: nil, outputs: 1), .batchNorm, .activation(.tanh), .dense(inputs: nil, outputs: 1),
    ]
    let model = try ModelFile<Double>(contentsOf: path, layers: layers)
    #expect(
      model.network.configuration == [
        .dense(inputs: 3, outputs: 2, bias: false), .batchNorm, .activation(.tanh), .dense(inputs: 2, outputs: 1),
      ])
    #expect(model.parameters.count == 6 + 8 + 3)
    #expect(model.names.last == "layers.4.bias")
  }

  @Test func `PyTorch's counter of batches, a whole number, is no obstacle`() throws {
    try SafetensorsFile(tensors: Self.normalization(0)).write(to: path)
    var bytes = try fileBytes(path)
    // The same file with one more tensor: eight bytes of a whole number at the end.
    let headerCount = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let header = try #require(String(bytes: bytes[8..<8 + headerCount], encoding: .utf8))
    let data = bytes[(8 + headerCount)...]
    let end = try #require(header.lastIndex(of: "}"))
    let counter =
      #","layers.0.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[\#(data.count),\#(data.count + 8)]}}"#
    bytes = safetensorsBytes(header: header[..<end] + counter) + data + [7, 0, 0, 0, 0, 0, 0, 0]
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(try SafetensorsFile(contentsOf: path).tensor(named: "layers.0.num_batches_tracked")?.doubles == [7])
    let model = try ModelFile<Float>(contentsOf: path, layers: [.batchNorm])
    #expect(model.network.configuration == [.batchNorm])
    #expect(model.parameters.all.array == [Float](repeating: 1, count: 8))
  }

  @Test(
    arguments: [
      (dense, #"[{"dense": 2}, "batchNorm"]"#, "the network has 1 dense and 1 batchNorm layers"),
      (dense + normalization(1), #"[{"dense": 2}]"#, "holds 2 layers with weights, but the network has 1 dense layers"),
      (dense + normalization(1).dropLast(), #"[{"dense": 2}, "batchNorm"]"#, "layers.1.running_var"),
      (normalization(0).filter { $0.name != "layers.0.bias" }, #"["batchNorm"]"#, "batch normalisation needs weight"),
      (dense + normalization(1, variance: -1), #"[{"dense": 2}, "batchNorm"]"#, "holds a negative variance"),
      (dense + normalization(1, variance: .infinity), #"[{"dense": 2}, "batchNorm"]"#, "not finite"),
      (
        [tensor("layers.0.weight", [3, 3]), tensor("layers.0.bias", [3])] + normalization(1),
        #"[{"dense": 3}, "batchNorm"]"#, "its shape is [2], but the network needs [3]"
      ),
      (dense, #"["batchNorm"]"#, "its shape is [2, 3], but the network needs [3]"),
      (normalization(0), #"[{"dense": 2}]"#, "a dense layer needs weights"),
      (dense, #"[{"dense": {"outputs": 2, "bias": false}}]"#, "promises a dense layer without bias"),
      ([dense[0]], #"[{"dense": 2}]"#, "layers.0.bias"),
      (dense, #"[{"dense": 2}, {"dropout": 1.5}]"#, "dropout with keep 1.5"),
    ] as [([SafetensorsTensor], String, String)])
  func `a file that holds no such network is refused`(
    tensors: [SafetensorsTensor], network: String, sentence: String
  ) throws {
    try SafetensorsFile(tensors: tensors, metadata: ["network": network]).write(to: path)
    let path = path
    let error = #expect(throws: SafetensorsError.self) { try ModelFile<Float>(contentsOf: path) }
    #expect(try #require(error).kind == .content)
    #expect(try #require(error).description.contains(sentence), "\(String(describing: error))")
  }
}
