import Foundation
import Networks
import Testing

@Suite struct LayerConfigurationTests {
  @Test(
    arguments: [
      (LayerConfiguration.dense(inputs: nil, outputs: 400), #"{"dense":400}"#),
      (.dense(inputs: 784, outputs: 400), #"{"dense":{"inputs":784,"outputs":400}}"#),
      (.dense(inputs: nil, outputs: 1, bias: false), #"{"dense":{"bias":false,"outputs":1}}"#),
      (.dense(inputs: 2, outputs: 1, bias: false), #"{"dense":{"bias":false,"inputs":2,"outputs":1}}"#),
      (.batchNorm, #""batchNorm""#), (.dropout(keep: 0.5), #"{"dropout":{"keep":0.5}}"#), (.flatten, #""flatten""#),
      (.residual([.dense(outputs: 3), .activation(.relu)]), #"{"residual":[{"dense":3},"relu"]}"#),
      (.residual([.residual([.batchNorm])]), #"{"residual":[{"residual":["batchNorm"]}]}"#),
    ] + Activation.allCases.map { (LayerConfiguration.activation($0), "\"\($0.rawValue)\"") })
  func `a layer is written and read in its short form`(layer: LayerConfiguration, json: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    #expect(String(decoding: try encoder.encode(layer), as: UTF8.self) == json)
    #expect(try read(json) == layer)
  }

  @Test func `a layer has a longer or shorter form too`() throws {
    #expect(try read(#"{"dropout": 0.9}"#) == .dropout(keep: 0.9))
    #expect(try read(#"{"dropout": 1}"#) == .dropout(keep: 1))
    #expect(try read(#"{"dense": {"outputs": 3, "bias": true}}"#) == .dense(inputs: nil, outputs: 3))
  }

  @Test func `a network's layers survive a round trip`() throws {
    let layers: [LayerConfiguration] = [
      .dense(inputs: 4, outputs: 3, bias: false), .batchNorm, .activation(.leakyRelu), .dropout(keep: 0.75),
      .dense(inputs: nil, outputs: 2),
    ]
    let data = try JSONEncoder().encode(layers)
    #expect(try JSONDecoder().decode([LayerConfiguration].self, from: data) == layers)
  }

  @Test(arguments: [
    (#""relo""#, "unknown layer 'relo'; did you mean 'relu'?"),
    (#""Sigmoid ""#, "did you mean 'sigmoid'?"),
    (#""leaky_relu""#, "did you mean 'leakyRelu'?"),
    (#"{"dens": 10}"#, "unknown layer 'dens'; did you mean 'dense'?"),
    (#"{"relu": 10}"#, "layer 'relu' has no settings"),
    (#"{"batchNorm": {"rate": 0.1}}"#, "layer 'batchNorm' has no settings"),
    (#""batchnorm""#, "did you mean 'batchNorm'?"),
    (#""dense""#, "{dense: 10}"),
    (#""dropout""#, "{dropout: {keep: 0.9}}"),
    (#""residual""#, "layer 'residual' needs the layers of its branch"),
    (#"{"flatten": 3}"#, "layer 'flatten' has no settings"),
    (#"{"residual": ["relo"]}"#, "unknown layer 'relo'; did you mean 'relu'?"),
    (#"{"dropout": {"rate": 0.1}}"#, "unknown key 'rate'; known are: keep"),
    (#"{"dense": {"outputs": 3, "biases": false}}"#, "unknown key 'biases'; did you mean 'bias'?"),
    (#"{"dense": {"inputs": 3, "ouputs": 10}}"#, "unknown key 'ouputs'; did you mean 'outputs'?"),
    (#"{"dense": 10, "relu": 1}"#, "one entry"),
    ("{}", "one entry"),
  ])
  func `an unknown name is an error that suggests the nearest`(json: String, message: String) throws {
    let error = try #require(throws: DecodingError.self) { try read(json) }
    guard case .dataCorrupted(let context) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(context.debugDescription.contains(message))
  }

  @Test(arguments: [
    #"{"dense": {"inputs": 3}}"#, #"{"dense": "ten"}"#, #"{"dense": 1.5}"#, "7", "null", "[]",
    #"{"residual": "relu"}"#, #"{"residual": {"dense": 3}}"#,
    #"{"dense": {"outputs": 3, "bias": 1.5}}"#, #"{"dropout": {}}"#, #"{"dropout": "half"}"#,
  ])
  func `a layer without a size or of another type is an error`(json: String) {
    #expect(throws: DecodingError.self) { try read(json) }
  }

  @Test func `names are listed when none is near`() {
    let unknown = UnknownName("convolution", among: LayerConfiguration.names, kind: "layer")
    #expect(unknown.description.contains("known are: dense, batchNorm, dropout, flatten, residual, identity"))
    #expect(!unknown.description.contains("did you mean"))
    // A swap of neighbours is one edit, and case is none.
    #expect(UnknownName("rleu", among: ["relu", "elu"], kind: "layer").nearest == "relu")
    #expect(UnknownName("TANH", among: ["relu", "tanh"], kind: "layer").nearest == "tanh")
    #expect(UnknownName("x", among: [], kind: "layer").nearest == nil)
  }

  @Test func `sizes are filled in from the layer below`() throws {
    let resolved = try LayerConfiguration.resolve(
      [.activation(.tanh), .dense(inputs: nil, outputs: 3), .activation(.relu), .dense(inputs: 3, outputs: 2)],
      input: Shape(5))
    #expect(
      resolved == [
        .activation(.tanh), .dense(inputs: 5, outputs: 3), .activation(.relu), .dense(inputs: 3, outputs: 2),
      ])
    #expect(try LayerConfiguration.resolve(resolved, input: Shape(5)) == resolved)
    let network = try Network<Float>(resolved, inputs: 5)
    #expect(network.configuration == resolved)
    #expect((network.inputs, network.outputs) == (5, 2))
  }

  @Test func `layers that do not fit are errors that say where`() throws {
    func message(_ layers: [LayerConfiguration], inputs: Int = 5) throws -> String {
      try #require(throws: NetworkError.self) { try Network<Float>(layers, inputs: inputs) }.description
    }
    #expect(try message([.dense(inputs: nil, outputs: 0)]).contains("layer 0 is dense with 0 outputs"))
    #expect(try message([.dense(inputs: nil, outputs: -2)]).contains("-2 outputs"))
    #expect(
      try message([.dense(inputs: 4, outputs: 3)]).contains("layer 0 is dense with 4 inputs, but the data has 5"))
    #expect(
      try message([.dense(inputs: 5, outputs: 3), .activation(.relu), .dense(inputs: 4, outputs: 2)])
        .contains("layer 2 is dense with 4 inputs, but the layer below has 3 outputs"))
    #expect(try message([]).contains("without a dense layer"))
    #expect(try message([.activation(.relu), .dropout(keep: 0.5)]).contains("without a dense layer"))
  }

  private func read(_ json: String) throws -> LayerConfiguration {
    try JSONDecoder().decode(LayerConfiguration.self, from: Data(json.utf8))
  }
}
