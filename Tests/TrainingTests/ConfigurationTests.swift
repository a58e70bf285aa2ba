import Configurations
import Foundation
import Networks
import Runs
import TestSupport
import Testing

struct ConfigurationTests {
  private func configuration(_ settings: [String], file: String? = nil) throws -> Configuration {
    try ConfigurationSource(preset: .standard, file: file, settings: settings).configuration()
  }

  @Test func `a preset gives way to the file, the file to --data and --name, those to --set from left to right`() throws
  {
    let folder = try ScratchFolder()
    let file = try folder.write(
      "training: {epochs: 3, batch: 7}\nrun: {name: fromFile}\ndata: {set: mnist, path: fromFile}".utf8, to: "c.yml")
    var source = ConfigurationSource(preset: .standard, file: file)
    #expect(try source.configuration().training.epochs == 3)
    #expect(try source.configuration().network.count == 5, "the preset's, where the file is silent")
    #expect(try source.configuration().run.name == "fromFile")
    (source.data, source.name) = ("fromData", "fromName")
    source.settings = ["training.epochs=4", "training.epochs=5", "data.path=fromSet"]
    let merged = try source.configuration()
    #expect(merged.training.epochs == 5)
    #expect(merged.training.batch == 7)
    #expect(merged.run.name == "fromName")
    #expect(merged.data.path == "fromSet")
  }

  @Test func `an empty file changes nothing`() throws {
    let folder = try ScratchFolder()
    let file = try folder.write("# nothing\n".utf8, to: "empty.yml")
    #expect(try configuration([], file: file) == configuration([]))
  }

  @Test(arguments: Preset.all.map(\.name)) func `the written configuration of a preset is read back equal`(name: String)
    throws
  {
    var source = ConfigurationSource(preset: try Preset.named(name))
    if source.preset.summary.hasSuffix("(needs --data)") { source.data = "some where" }
    source.settings = ["optimizer.learningRate=0.001", "regularization.l2=1e-12", "training.precision=float64"]
    let configuration = try source.configuration()
    #expect(try ConfigurationSource.written(configuration.yaml(), path: "c.yml") == configuration)
  }

  @Test func `a section or key without a value changes nothing`() throws {
    let folder = try ScratchFolder()
    let file = try folder.write("training:\noptimizer: {learningRate: ~}\n".utf8, to: "empty.yml")
    #expect(try configuration([], file: file) == configuration([]))
    // One that the preset names, and one that it does not.
    #expect(try configuration(["training.epochs=", "training.seed="]) == configuration([]))
  }

  @Test func `a reduction is a section or its method's name alone, and a name alone does not undo a section`() throws {
    #expect(try configuration([]).reduction.method == .auto)
    #expect(try configuration(["reduction=node"]).reduction.method == .node)
    #expect(try configuration(["reduction={method: mpi}"]).reduction.method == .mpi)
    #expect(try configuration(["reduction.method=mpi", "reduction=node"]).reduction.method == .node)
    #expect(try configuration(["reduction=node", "reduction={}"]).reduction.method == .node)
    #expect(try configuration([]).reduction.pieceBytes == .auto)
    #expect(try configuration(["reduction.pieceBytes=4096"]).reduction.pieceBytes == .bytes(4096))
    #expect(try configuration(["reduction={pieceBytes: whole}"]).reduction.pieceBytes == .whole)
    let folder = try ScratchFolder()
    let file = try folder.write("reduction: mpi\n".utf8, to: "c.yml")
    #expect(try configuration([], file: file).reduction.method == .mpi)
    #expect(try configuration(["reduction={}"], file: file).reduction.method == .mpi)
    let written = try configuration(["reduction=node"])
    #expect(try ConfigurationSource.written(written.yaml(), path: "c.yml") == written)
  }

  @Test func `numbers are written as a person writes them`() throws {
    let yaml = try configuration(["optimizer.learningRate=300", "regularization.l2=0.01"]).yaml()
    #expect(yaml.contains("learningRate: 300\n"))
    #expect(yaml.contains("l2: 0.01\n"))
  }

  @Test func `the values of --set are YAML`() throws {
    let changed = try configuration(["network=[{dense: 3}, relu, {dense: {inputs: 3, outputs: 10}}]"])
    #expect(
      changed.network == [
        .dense(inputs: nil, outputs: 3), .activation(.relu), .dense(inputs: 3, outputs: 10),
      ])
  }

  @Test func `layers with settings are written into the configuration and read back`() throws {
    let changed = try configuration([
      "network=[{dense: {outputs: 8, bias: false}}, batchNorm, relu, {dropout: 0.9}, {dropout: {keep: 1}}, {dense: 10}]"
    ])
    #expect(
      changed.network == [
        .dense(inputs: nil, outputs: 8, bias: false), .batchNorm, .activation(.relu), .dropout(keep: 0.9),
        .dropout(keep: 1), .dense(inputs: nil, outputs: 10),
      ])
    #expect(try ConfigurationSource.written(changed.yaml(), path: "c.yml") == changed)
  }

  @Test(arguments: [
    ("training.epochs=2.5", "training.epochs: expected a whole number, found '2.5'"),
    ("optimizer.learningRate=fast", "optimizer.learningRate: expected a number, found 'fast'"),
    ("regularization.includingBiases=maybe", "regularization.includingBiases: expected true or false, found 'maybe'"),
    ("training=3", "training: expected a section with keys"),
    ("network=tanh", "network: expected a list, found 'tanh'"),
    ("network={dense: 4}", "network: expected a list, found a section with keys"),
    ("training.batch.size=3", "training.batch: expected a single value, found a section with keys"),
    ("optimizer.name=adamm", "optimizer.name: unknown value 'adamm'"),
    ("network=[{dense: 3}, {dropout: {keep: most}}]", "expected a number, found 'most'"),
    ("network=[{dense: 3}, {batchNorm: 3}]", "network[1]: layer 'batchNorm' has no settings"),
    ("network=[{dens: 3}]", "network[0]: unknown layer 'dens'; did you mean 'dense'?"),
    ("network=[{dense: {outputs: 3, input: 4}}]", "unknown key 'input'; did you mean 'inputs'?"),
  ]) func `a wrong setting is answered with its key, what is expected and what is there`(
    setting: String, sentence: String
  ) throws {
    let error = #expect(throws: ConfigurationError.self) { try configuration([setting]) }
    #expect(try #require(error).description.contains(sentence), "\(String(describing: error))")
  }

  @Test func `hinge needs damping or l2`() throws {
    #expect(throws: ConfigurationError.self) {
      try configuration(["loss=hinge", "regularization.l2=0", "optimizer.partition=weight"])
    }
    #expect(throws: Never.self) { try configuration(["loss=hinge", "regularization.l2=0"]) }
    #expect(throws: Never.self) { try configuration(["loss=hinge", "regularization.l2=0", "optimizer.damping=0.1"]) }
    #expect(throws: Never.self) { try configuration(["loss=hinge", "regularization.l2=0.1"]) }
    #expect(throws: Never.self) { try configuration(["loss=squaredHinge"]) }
  }
}
