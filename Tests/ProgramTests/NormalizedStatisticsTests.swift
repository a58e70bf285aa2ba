import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist statistics` on files of networks with batch normalisation, as PyTorch would write them.
  @Suite(.serialized) struct NormalizedStatisticsTests {
    private static let problem = ReferenceProblem(
      network: ReferenceNetwork(layers: [
        .dense(weight: [[0.5, -1], [0.25, 0.75], [1, 0.5]], bias: []),
        .normalization(
          ReferenceNormalization(
            scale: [0.5, -2, 1], shift: [0.25, 1, -0.5], mean: [-1, 0.5, 0.25], variance: [2, 0.5, 1.5])),
        .activation(.tanh), .dense(weight: [[1, 0.5, -0.75], [0.5, -0.125, 2]], bias: [0.25, 0.5]),
      ]),
      loss: .squaredError, inputs: [[1, 2], [0.5, 0], [-3, 0.25]], targets: [[0.5, 1], [0, 1], [1, -1]])

    @Test(arguments: ["dense,batchNorm,tanh,dense", "dense,batchNorm,tanh,dropout,dense"], ReferenceBound.allCases)
    func `the statistics are those of the running averages, to 1e-12`(network: String, bound: ReferenceBound) throws {
      let folder = try ScratchFolder()
      try write(to: folder)
      let run = try ProgramRun.run(
        program,
        [
          "statistics", "--model", "model.safetensors", "--batch", "batch.safetensors", "--loss", "squaredError",
          "--network", network, "--bound", bound.rawValue, "--precision", "float64", "--out", "out.safetensors",
        ], in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let out = try SafetensorsFile(contentsOf: folder.path + "/out.safetensors")
      let expected = Self.problem.statistics(bound)
      func values(_ name: String) throws -> [Double] { try #require(out.tensor(named: name), "\(name)").doubles }
      #expect(try relativeDifference(values("meanLoss"), [expected.meanLoss]) <= 1e-12)
      #expect(try relativeDifference(values("outputs"), Array(expected.outputs.joined())) <= 1e-12)
      for (number, layer) in zip([0, 1, 3], expected.layers) {
        let name = "layers.\(number)"
        #expect(try relativeDifference(values("\(name).weight.wDot"), Array(layer.wDot.joined())) <= 1e-12)
        #expect(try relativeDifference(values("\(name).weight.wDDot"), Array(layer.wDDot.joined())) <= 1e-12)
        guard !layer.biasDot.isEmpty else { continue }
        #expect(try relativeDifference(values("\(name).bias.wDot"), layer.biasDot) <= 1e-12)
        #expect(try relativeDifference(values("\(name).bias.wDDot"), layer.biasDDot) <= 1e-12)
      }
      // Three of the outputs, two statistics of five blocks; nothing of the running averages nor of an absent bias.
      #expect(out.tensors.count == 3 + 2 * 5)
    }

    private func write(to folder: ScratchFolder) throws {
      func tensor(_ name: String, _ values: [Double]) -> SafetensorsTensor {
        SafetensorsTensor(name: name, shape: [values.count], values: values)
      }
      func tensor(_ name: String, _ rows: [[Double]]) -> SafetensorsTensor {
        SafetensorsTensor(name: name, shape: [rows.count, rows[0].count], values: Array(rows.joined()))
      }
      var tensors: [SafetensorsTensor] = []
      for (number, layer) in Self.problem.network.layers.enumerated() {
        switch layer {
        case .dense(let weight, let bias):
          tensors.append(tensor("layers.\(number).weight", weight))
          if !bias.isEmpty { tensors.append(tensor("layers.\(number).bias", bias)) }
        case .normalization(let layer):
          tensors += [
            tensor("layers.\(number).weight", layer.scale), tensor("layers.\(number).bias", layer.shift),
            tensor("layers.\(number).running_mean", layer.mean),
            tensor("layers.\(number).running_var", layer.variance),
          ]
        case .activation, .mask, .residual: break
        }
      }
      try SafetensorsFile(tensors: tensors).write(to: folder.path + "/model.safetensors")
      try SafetensorsFile(
        tensors: [tensor("inputs", Self.problem.inputs), tensor("targets", Self.problem.targets)]
      ).write(to: folder.path + "/batch.safetensors")
    }
  }
}
