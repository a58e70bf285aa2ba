import Foundation
import Kernels
import Networks
import RunRecords
import TestSupport
import Testing

/// Models as files: what is written is read back, and what does not fit is refused with a sentence.
struct ModelFileTests {
  private let folder: ScratchFolder
  private var path: String { folder.path + "/model.safetensors" }

  init() throws { folder = try ScratchFolder() }

  /// 3-4-2 with tanh, and random weights.
  private func model<Scalar: Real>(_ precision: Scalar.Type) throws -> ModelFile<Scalar> {
    let network = try Network<Scalar>(
      [.dense(inputs: nil, outputs: 4), .activation(.tanh), .dense(inputs: nil, outputs: 2)], inputs: 3)
    return ModelFile(
      network: network, parameters: network.initialParameters(.uniform, seed: 3), scaling: #"{"name":"unit"}"#)
  }

  private func expectEqual<Scalar: Real>(as precision: Scalar.Type) throws {
    let written = try model(precision)
    try written.write(to: path)
    let read = try ModelFile<Scalar>(contentsOf: path)
    #expect(read.parameters.all.array == written.parameters.all.array)
    #expect(read.network.configuration == written.network.configuration)
    #expect(read.names == ["layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"])
    #expect(read.scaling == #"{"name":"unit"}"#)
  }

  @Test func `a written model is read back, bit by bit, in either precision`() throws {
    try expectEqual(as: Float.self)
    try expectEqual(as: Double.self)
  }

  @Test func `a model is converted to the precision that is asked for`() throws {
    let written = try model(Double.self)
    try written.write(to: path)
    let read = try ModelFile<Float>(contentsOf: path)
    #expect(read.parameters.all.array == written.parameters.all.array.map { Float($0) })
  }

  @Test func `the metadata is the network's configuration as JSON with every size`() throws {
    try model(Float.self).write(to: path)
    let metadata = try SafetensorsFile(contentsOf: path).metadata
    #expect(
      metadata["network"]
        == #"[{"dense":{"inputs":3,"outputs":4}},"tanh",{"dense":{"inputs":4,"outputs":2}}]"#)
  }

  private static func tensor(_ name: String, _ shape: [Int]) -> SafetensorsTensor {
    SafetensorsTensor(name: name, shape: shape, values: [Float](repeating: 1, count: shape.reduce(1, *)))
  }

  private static let small = [tensor("layers.0.weight", [2, 3]), tensor("layers.0.bias", [2])]

  @Test(
    arguments: [
      ([], "[]", "holds no network"),
      ([tensor("layers.0.weight", [6])], "[]", "holds no network"),
      (small, nil, "does not say in its metadata which network"),
      (small, "{", "is not a network"),
      (small, #"[{"dense": 2}, "tanh", {"dense": 2}]"#, "2 dense layers"),
      (small, #"[{"dense": {"inputs": 5, "outputs": 2}}]"#, "promises 5 inputs"),
      ([small[0]], #"[{"dense": 2}]"#, "layers.0.bias"),
      ([small[0], tensor("layers.0.bias", [3])], #"[{"dense": 2}]"#, "its shape is [3]"),
      (
        small + [tensor("layers.2.weight", [1, 5]), tensor("layers.2.bias", [1])],
        #"[{"dense": 2}, "relu", {"dense": 1}]"#, "do not fit together"
      ),
    ] as [([SafetensorsTensor], String?, String)])
  func `a file that holds no such network is refused`(
    tensors: [SafetensorsTensor], network: String?, sentence: String
  ) throws {
    try SafetensorsFile(tensors: tensors, metadata: network.map { ["network": $0] } ?? [:]).write(to: path)
    let path = path
    let error = #expect(throws: SafetensorsError.self) { try ModelFile<Float>(contentsOf: path) }
    #expect(try #require(error).kind == .content)
    #expect(try #require(error).description.contains(sentence), "\(String(describing: error))")
  }
}
