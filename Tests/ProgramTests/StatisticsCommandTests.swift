import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist statistics` on files from elsewhere.
  @Suite(.serialized) struct StatisticsCommandTests {
    /// A golden's network and batch as files; without metadata, as another program would write them.
    private func files(_ golden: Golden, in folder: ScratchFolder) throws -> (arguments: [String], network: String) {
      try files(golden.problem, in: folder)
    }

    private func files(
      _ problem: ReferenceProblem, in folder: ScratchFolder
    ) throws -> (arguments: [String], network: String) {
      var tensors: [SafetensorsTensor] = []
      var names: [String] = []
      for (number, layer) in problem.network.layers.enumerated() {
        switch layer {
        case .dense(let weight, let bias):
          names.append("dense")
          let shape = [weight.count, weight[0].count]
          tensors.append(
            SafetensorsTensor(name: "layers.\(number).weight", shape: shape, values: Array(weight.joined())))
          tensors.append(SafetensorsTensor(name: "layers.\(number).bias", shape: [bias.count], values: bias))
        case .activation(let activation):
          names.append(activation.rawValue)
        case .normalization, .mask, .residual:
          Issue.record("no golden has such a layer")
        }
      }
      try SafetensorsFile(tensors: tensors).write(to: folder.path + "/model.safetensors")
      let (inputs, targets) = (problem.inputs, problem.targets)
      try SafetensorsFile(
        tensors: [
          SafetensorsTensor(name: "inputs", shape: [inputs.count, inputs[0].count], values: Array(inputs.joined())),
          SafetensorsTensor(
            name: "targets", shape: [targets.count, targets[0].count], values: Array(targets.joined())),
        ]
      ).write(to: folder.path + "/batch.safetensors")
      return (
        [
          "statistics", "--model", "model.safetensors", "--batch", "batch.safetensors",
          "--loss", problem.loss.rawValue, "--out", "out.safetensors",
        ], names.joined(separator: ",")
      )
    }

    /// The worst difference of the output file from the golden, relative to each tensor's largest magnitude.
    private func difference(_ golden: Golden, _ bound: ReferenceBound, precision: String, ranks: Int?) throws -> Double
    {
      let folder = try ScratchFolder()
      let (arguments, network) = try files(golden, in: folder)
      let run = try ProgramRun.run(
        program, arguments + ["--network", network, "--bound", bound.rawValue, "--precision", precision],
        ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let out = try SafetensorsFile(contentsOf: folder.path + "/out.safetensors")
      let dense = golden.problem.network.layers.indices.filter {
        if case .dense = golden.problem.network.layers[$0] { true } else { false }
      }
      #expect(out.tensors.count == 3 + 4 * dense.count)
      #expect(out.tensors.allSatisfy { $0.dtype == (precision == "float64" ? .f64 : .f32) })

      func tensor(_ name: String, _ shape: [Int]) throws -> [Double] {
        let tensor = try #require(out.tensor(named: name))
        #expect(tensor.shape == shape, "\(name)")
        return tensor.doubles
      }
      let (rows, expected) = (golden.problem.inputs.count, golden.expected)
      let outputs = expected.outputs[0].count
      var worst = [
        relativeDifference(try tensor("meanLoss", []), [expected.meanLoss]),
        relativeDifference(try tensor("outputs", [rows, outputs]), Array(expected.outputs.joined())),
        relativeDifference(
          try tensor("outputTotalGradient", [rows, outputs]), Array(expected.outputTotalGradient.joined())),
      ]
      for (number, layer) in zip(dense, expected.layers(bound)) {
        let shape = [layer.wDot.count, layer.wDot[0].count]
        let name = "layers.\(number)"
        worst += [
          relativeDifference(try tensor("\(name).weight.wDot", shape), Array(layer.wDot.joined())),
          relativeDifference(try tensor("\(name).weight.wDDot", shape), Array(layer.wDDot.joined())),
          relativeDifference(try tensor("\(name).bias.wDot", [shape[0]]), layer.biasDot),
          relativeDifference(try tensor("\(name).bias.wDDot", [shape[0]]), layer.biasDDot),
        ]
      }
      return worst.reduce(0, max)
    }

    @Test(arguments: try Golden.all, ReferenceBound.allCases)
    func `the file agrees with the golden to 1e-12 in Double`(golden: Golden, bound: ReferenceBound) throws {
      #expect(try difference(golden, bound, precision: "float64", ranks: nil) <= 1e-12)
    }

    @Test func `in Float it agrees to Float's rounding, and under mpirun it is the same file`() throws {
      let golden = try Golden.load(name: "tanh-autoencoder")
      let alone = try difference(golden, .full, precision: "float32", ranks: nil)
      // Larger than Double's rounding, so it was computed in Float; some tens of roundings of 6e-8.
      #expect(alone > 1e-12 && alone < 5e-6)
      #expect(try difference(golden, .full, precision: "float32", ranks: 3) == alone)
    }

    @Test(arguments: ["relu-regression", "softplus-classifier", "tanh-autoencoder"], ReferenceBound.allCases)
    func `by unit the file agrees with the golden to 1e-12 in Double`(name: String, bound: ReferenceBound) throws {
      let golden = try UnitGolden.load(name: name)
      let folder = try ScratchFolder()
      let (arguments, network) = try files(golden.problem, in: folder)
      for options in [[], ["--blocks"]] {
        let run = try ProgramRun.run(
          program,
          arguments + ["--network", network, "--bound", bound.rawValue, "--precision", "float64"]
            + ["--partition", "unit"] + options, in: folder.path)
        try #require(run.exitCode == 0, "\(run.errors)")
        let out = try SafetensorsFile(contentsOf: folder.path + "/out.safetensors")
        let layers = bound == .full ? golden.expected.full : golden.expected.paper
        #expect(out.tensors.count == 3 + (options.isEmpty ? 4 : 5) * layers.count)
        func expect(_ name: String, _ shape: [Int], _ values: [Double]) throws {
          let tensor = try #require(out.tensor(named: name), "\(name)")
          #expect(tensor.shape == shape, "\(name)")
          #expect(relativeDifference(tensor.doubles, values) <= 1e-12, "\(name)")
        }
        try expect("meanLoss", [], [golden.expected.meanLoss])
        for (number, layer) in layers.enumerated() {
          let (outputs, n) = (layer.wDot.count, layer.inputMoment.count)
          try expect("layers.\(2 * number).weight.wDot", [outputs, n - 1], Array(layer.wDot.joined()))
          try expect("layers.\(2 * number).bias.wDot", [outputs], layer.biasDot)
          try expect("layers.\(2 * number).unitCurvature", [outputs], layer.unitCurvature)
          try expect("layers.\(2 * number).inputMoment", [n, n], Array(layer.inputMoment.joined()))
          guard !options.isEmpty else { continue }
          try expect("layers.\(2 * number).blocks", [outputs, n, n], Array(layer.blocks.joined().joined()))
        }
      }
    }

    /// A network of some layers of 24 units, and a batch, as files.
    private func deepFiles(_ depth: Int, in folder: ScratchFolder) throws -> [String] {
      var random = SmallRandom(seed: 8)
      func tensor(_ name: String, _ shape: [Int], _ largest: Double) -> SafetensorsTensor {
        let values = (0..<shape.reduce(1, *)).map { _ in Float(random.uniform(-largest...largest)) }
        return SafetensorsTensor(name: name, shape: shape, values: values)
      }
      let layers = (0...depth).flatMap { layer in
        let (rows, columns) = (layer == depth ? 3 : 24, layer == 0 ? 5 : 24)
        return [
          tensor("layers.\(2 * layer).weight", [rows, columns], 0.3), tensor("layers.\(2 * layer).bias", [rows], 0.1),
        ]
      }
      try SafetensorsFile(tensors: layers).write(to: folder.path + "/deep.safetensors")
      try SafetensorsFile(tensors: [tensor("inputs", [6, 5], 1), tensor("targets", [6, 3], 1)]).write(
        to: folder.path + "/batch.safetensors")
      return [
        "statistics", "--model", "deep.safetensors", "--batch", "batch.safetensors", "--loss", "squaredError", "--out",
        "out.safetensors", "--network", String(repeating: "dense,tanh,", count: depth) + "dense",
      ]
    }

    @Test(arguments: [["--bound", "full"], ["--partition", "unit", "--blocks"]])
    func `numbers of deep networks are written with their exponents, and only these`(options: [String]) throws {
      let folder = try ScratchFolder()
      func tensors(_ depth: Int, _ precision: String) throws -> [String: SafetensorsTensor] {
        let run = try ProgramRun.run(
          program, try deepFiles(depth, in: folder) + options + ["--precision", precision], in: folder.path)
        try #require(run.exitCode == 0 && run.errors.isEmpty, "\(run.errors)")
        let out = try SafetensorsFile(contentsOf: folder.path + "/out.safetensors")
        return Dictionary(uniqueKeysWithValues: out.tensors.map { ($0.name, $0) })
      }
      #expect(try tensors(5, "float32").keys.allSatisfy { !$0.hasSuffix(".exponent") })
      let (single, double) = (try tensors(90, "float32"), try tensors(90, "float64"))
      #expect(double.keys.allSatisfy { !$0.hasSuffix(".exponent") })
      let exponents = single.filter { $0.key.hasSuffix(".exponent") }
      #expect(exponents.values.allSatisfy { $0.dtype == .i32 && $0.shape == [] && $0.doubles != [0] })
      #expect(Set(single.keys).subtracting(exponents.keys) == Set(double.keys))
      let named = Set(exponents.keys.map { $0.dropLast(".exponent".count) })
      let scaled = ["outputTotalGradient", options.contains("unit") ? "layers.0.blocks" : "layers.0.weight.wDDot"]
      #expect(scaled.allSatisfy { named.contains($0[...]) } && named.allSatisfy { single[String($0)] != nil })
      for (name, expected) in double {
        let number = try #require(single[name])
        let exponent = Int(exponents[name + ".exponent"]?.doubles[0] ?? 0)
        let found = number.doubles.map { scalbn($0, exponent) }
        #expect(relativeDifference(found, expected.doubles) <= 1e-5, "\(name)")
      }
    }

    @Test func `a trailing identity may be left out, and --network wins over the metadata`() throws {
      let golden = try Golden.load(name: "tanh-autoencoder")
      let folder = try ScratchFolder()
      let (arguments, network) = try files(golden, in: folder)
      let model = try SafetensorsFile(contentsOf: folder.path + "/model.safetensors")
      func outputs(_ network: String) throws -> [Double] {
        let run = try ProgramRun.run(
          program, arguments + ["--network", network, "--precision", "float64"], in: folder.path)
        try #require(run.exitCode == 0, "\(run.errors)")
        return try #require(try SafetensorsFile(contentsOf: folder.path + "/out.safetensors").tensor(named: "outputs"))
          .doubles
      }
      let expected = try outputs(network)
      #expect(try outputs(network + ",identity") == expected)
      try SafetensorsFile(
        tensors: model.tensors, metadata: ["network": #"["relu", {"dense": {"inputs": 1, "outputs": 1}}]"#]
      ).write(to: folder.path + "/model.safetensors")
      #expect(try outputs(network) == expected)
    }

    @Test func `the model file of a run says which network it is`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, short + ["--name", "s"], in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let values = [Double](repeating: 0.25, count: 2 * 64)
      try SafetensorsFile(
        tensors: [
          SafetensorsTensor(name: "inputs", shape: [2, 8, 8], values: values),
          SafetensorsTensor(name: "targets", shape: [2, 10], values: [1.0] + [Double](repeating: 0, count: 19)),
        ]
      ).write(to: folder.path + "/batch.safetensors")
      let statistics = try ProgramRun.run(
        program,
        [
          "statistics", "--model", "runs/s/model.safetensors", "--batch", "batch.safetensors",
          "--loss", "squaredError", "--out", "out.safetensors",
        ], in: folder.path)
      #expect(statistics.exitCode == 0, "\(statistics.errors)")
      let out = try SafetensorsFile(contentsOf: folder.path + "/out.safetensors")
      #expect(out.tensor(named: "layers.4.weight.wDDot")?.shape == [10, 32])
    }
  }
}
