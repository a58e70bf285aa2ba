import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist hypergradient` on files from elsewhere.
  @Suite(.serialized) struct HypergradientCommandTests {
    /// The output's values, and L.
    private func result(
      _ files: HypergradientFiles, levels: Int, _ more: [String] = [], ranks: Int? = nil,
      dtype: SafetensorsDType = .f64
    ) throws -> (values: [Double], loss: Double) {
      let run = try files.run(levels: levels, more, ranks: ranks)
      try #require(run.exitCode == 0, "\(run.errors)")
      #expect(run.output.isEmpty && run.errors.isEmpty, "\(run.output)\(run.errors)")
      let out = try files.output
      #expect(out.names == ["hypergradient", "validationLoss"] && out.tensors.allSatisfy { $0.dtype == dtype })
      let (values, loss) = (out.tensors[0], out.tensors[1])
      #expect(values.shape == [files.golden.training.inputs.count] && loss.shape == [])
      return (values.doubles, loss.doubles[0])
    }

    @Test(arguments: [2, 3], [nil, 1, 2, 3, 4, 8] as [Int?])
    func `exact agrees with the golden at any number of ranks`(levels: Int, ranks: Int?) throws {
      let files = try HypergradientFiles()
      let (values, loss) = try result(files, levels: levels, ranks: ranks)
      let expected = files.golden.expected.of(levels)
      #expect(relativeDifference(values, expected.values) < 1e-10)
      #expect(abs(loss - expected.loss) < 1e-12)
    }

    @Test(arguments: [2, 3], ["fused", "nested"])
    func `differences are the same at any number of ranks and in any grid, to 1e-10`(
      levels: Int, strategy: String
    ) throws {
      let files = try HypergradientFiles()
      let options = ["--strategy", strategy, "--blocks", "encoder=0-1:0.01,head=2:0.02"]
      let alone = try result(files, levels: levels, options)
      let exact = files.golden.expected.of(levels).values
      let difference = relativeDifference(alone.values, exact)
      // Off by the square of the radius, so that the bound below tells other radii apart.
      #expect(difference > 1e-8 && difference < 1e-3)
      for ranks in [1, 2, 3, 4, 8] {
        let other = try result(files, levels: levels, options, ranks: ranks)
        #expect(relativeDifference(other.values, alone.values) < 1e-10, "\(ranks) ranks")
        #expect(abs(other.loss - alone.loss) < 1e-12)
      }
      for grid in ["8x1", "4x2", "2x4", "1x8"] {
        let other = try result(files, levels: levels, options + ["--grid", grid], ranks: 8)
        #expect(relativeDifference(other.values, alone.values) < 1e-10, "\(grid)")
      }
      let wider = try result(files, levels: levels, options.dropLast() + ["encoder=0-1:0.01,head=2:0.0202"])
      #expect(relativeDifference(wider.values, alone.values) > 1e-10)
    }

    @Test func `the radius replaces 0.01, and the difference falls with its square`() throws {
      let files = try HypergradientFiles()
      func difference(_ options: [String]) throws -> Double {
        relativeDifference(
          try result(files, levels: 3, ["--strategy", "fused"] + options).values, files.golden.expected.threeLevel)
      }
      let standard = try difference([])
      #expect(try difference(["--radius", "0.01"]) == standard)
      // Terms of the fourth order are some 1e-4 of those of the second.
      #expect(abs(try difference(["--radius", "0.02"]) / standard - 4) < 0.01)
    }

    @Test func `blocks have the numbers of the model file, and the student may have its own`() throws {
      let (places, numbers) = (try HypergradientFiles(), try HypergradientFiles(numbers: [3, 8]))
      let expected = try result(
        places, levels: 3, ["--strategy", "fused", "--blocks", "encoder=0:0.01,head=2:0.05"])
      let other = try result(
        numbers, levels: 3, ["--strategy", "fused", "--blocks", "encoder=0-3:0.01,head=4-8:0.05"])
      #expect(other.values == expected.values)
      let own = try result(
        places, levels: 3,
        ["--strategy", "fused", "--blocks", "encoder=0:0.01,head=2:0.05", "--student-blocks", "joint"])
      #expect(own.values != expected.values)
      #expect(relativeDifference(own.values, places.golden.expected.threeLevel) < 1e-3)
      let wrong = try numbers.run(levels: 3, ["--strategy", "fused", "--blocks", "encoder=3"])
      #expect(wrong.exitCode == 64)
      #expect(wrong.errors.contains("layer 8 of the teacher is in no block"), "\(wrong.errors)")
    }

    @Test func `two levels ignore student, pairs and unlabelled inputs, whatever they are`() throws {
      let files = try HypergradientFiles()
      try files.write(
        files.samples.map { tensor in
          ["unlabelled.inputs", "pairs.inputs"].contains(tensor.name)
            ? SafetensorsTensor(name: tensor.name, shape: [0], values: [] as [Double]) : tensor
        })
      let (values, _) = try result(
        files, levels: 2,
        ["--student", "no-such-file", "--student-rate", "7", "--student-loss", "hinge", "--pair-weight", "3"])
      #expect(relativeDifference(values, files.golden.expected.twoLevel) < 1e-10)
    }

    @Test func `in Float it agrees to Float's rounding; nested computes in Double all the same`() throws {
      let files = try HypergradientFiles()
      let expected = files.golden.expected.threeLevel
      let float = try result(files, levels: 3, ["--precision", "float32"], dtype: .f32)
      let difference = relativeDifference(float.values, expected)
      #expect(difference > 1e-10 && difference < 1e-5)
      let nested = try result(files, levels: 3, ["--strategy", "nested"])
      let rounded = try result(files, levels: 3, ["--strategy", "nested", "--precision", "float32"], dtype: .f32)
      #expect(rounded.values == nested.values.map { Double(Float($0)) })
    }

    @Test(arguments: ["exact", "fused", "nested"], [nil, 3] as [Int?])
    func `a validation loss without slope gives zeros, and a note`(strategy: String, ranks: Int?) throws {
      // Every margin of the validation samples is kept by far: the hinge and its slope are exactly 0.
      let files = try HypergradientFiles()
      var teacher = try SafetensorsFile(contentsOf: files.folder.path + "/teacher.safetensors").tensors
      let last = try #require(teacher.firstIndex { $0.name == "layers.2.bias" })
      teacher[last] = SafetensorsTensor(name: "layers.2.bias", shape: [3], values: [1000.0, 0, 0])
      try SafetensorsFile(tensors: teacher).write(to: files.folder.path + "/teacher.safetensors")
      let rows = files.golden.validation.targets.count
      try files.write(
        files.samples.map { tensor in
          tensor.name == "validation.targets"
            ? SafetensorsTensor(
              name: tensor.name, shape: [rows, 3], values: (0..<rows).flatMap { _ in [1.0, 0, 0] }) : tensor
        })
      let run = try files.run(levels: 2, ["--validation-loss", "hinge", "--strategy", strategy], ranks: ranks)
      #expect(run.exitCode == 0)
      #expect(run.errors.contains("note: the hypergradient is 0 for every example"), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1)
      let values = try #require(try files.output.tensor(named: "hypergradient")).doubles
      #expect(values == [Double](repeating: 0, count: files.golden.training.inputs.count))
    }

    @Test func `pairs that count nothing are left out, and a note says so`() throws {
      let files = try HypergradientFiles()
      func values(_ more: [String]) throws -> (values: [Double], errors: String) {
        let run = try files.run(levels: 3, more)
        #expect(run.exitCode == 0)
        return (try #require(try files.output.tensor(named: "hypergradient")).doubles, run.errors)
      }
      let (without, note) = try values(["--pair-weight", "0"])
      #expect(note.contains("note: the pairs"))
      #expect(relativeDifference(without, files.golden.expected.threeLevel) > 1e-6)
      try files.write(files.samples.filter { !$0.name.hasPrefix("pairs") })
      let (absent, silence) = try values(["--pair-weight", "0"])
      #expect(absent == without && silence.isEmpty)
    }

    @Test(arguments: [nil, 3] as [Int?]) func `a hypergradient that is not finite is not written`(ranks: Int?) throws {
      let files = try HypergradientFiles()
      let run = try files.run(
        levels: 2, ["--teacher-rate", "1e200", "--validation-loss", "squaredError"], ranks: ranks)
      #expect(run.exitCode == 1)
      #expect(run.errors.contains("the hypergradient is not finite"), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
      #expect(!FileManager.default.fileExists(atPath: files.folder.path + "/out.safetensors"))
    }

    @Test func `the model of a run says which network it is`() throws {
      let files = try HypergradientFiles()
      let run = try ProgramRun.run(program, short + ["--name", "s"], in: files.folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      func tensor(_ name: String, _ shape: [Int], _ value: (Int) -> Double) -> SafetensorsTensor {
        SafetensorsTensor(name: name, shape: shape, values: (0..<shape.reduce(1, *)).map(value))
      }
      try files.write(
        ["training", "validation"].flatMap { name in
          [
            tensor("\(name).inputs", [3, 8, 8]) { Double($0 % 7) / 7 },
            tensor("\(name).targets", [3, 10]) { $0 % 11 == 0 ? 1 : 0 },
          ]
        } + [tensor("training.weights", [3]) { _ in 1 }])
      let out = try ProgramRun.run(
        program,
        [
          "hypergradient", "--levels", "2", "--teacher", "runs/s/model.safetensors", "--teacher-rate", "0.1", "--case",
          "case.safetensors", "--out", "out.safetensors",
        ], in: files.folder.path)
      #expect(out.exitCode == 0, "\(out.errors)")
      // Training and validation are the same samples: more weight of any of them lowers their loss.
      let values = try #require(try files.output.tensor(named: "hypergradient")).doubles
      #expect(values.count == 3 && values.reduce(0, +) < 0)
    }
  }
}
