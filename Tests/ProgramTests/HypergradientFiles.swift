import RunRecords
import TestSupport

/// The golden's chain as files, as another program would write them: no metadata.
struct HypergradientFiles {
  let golden: HypergradientGolden
  let folder: ScratchFolder

  /// - Parameters:
  ///   - numbers: those of the dense layers in both model files; the activation between them has no tensors.
  init(numbers: [Int] = [0, 2]) throws {
    (golden, folder) = (try HypergradientGolden(), try ScratchFolder())
    for (name, layers) in [("teacher", golden.teacher), ("student", golden.student)] {
      let tensors = zip(numbers, layers).flatMap { number, layer in
        [
          tensor("layers.\(number).weight", layer.weight),
          SafetensorsTensor(name: "layers.\(number).bias", shape: [layer.bias.count], values: layer.bias),
        ]
      }
      try SafetensorsFile(tensors: tensors).write(to: "\(folder.path)/\(name).safetensors")
    }
    try write(samples)
  }

  /// The tensors of the case.
  var samples: [SafetensorsTensor] {
    let weights = golden.training.weights ?? []
    return [
      tensor("training.inputs", golden.training.inputs), tensor("training.targets", golden.training.targets),
      SafetensorsTensor(name: "training.weights", shape: [weights.count], values: weights),
      tensor("unlabelled.inputs", golden.unlabelled), tensor("pairs.inputs", golden.pairs.inputs),
      tensor("pairs.targets", golden.pairs.targets), tensor("validation.inputs", golden.validation.inputs),
      tensor("validation.targets", golden.validation.targets),
    ]
  }

  func write(_ samples: [SafetensorsTensor]) throws {
    try SafetensorsFile(tensors: samples).write(to: folder.path + "/case.safetensors")
  }

  private func tensor(_ name: String, _ rows: [[Double]]) -> SafetensorsTensor {
    SafetensorsTensor(name: name, shape: [rows.count, rows[0].count], values: Array(rows.joined()))
  }

  /// The command line of a chain.
  func arguments(levels: Int) -> [String] {
    [
      "hypergradient", "--levels", "\(levels)", "--teacher", "teacher.safetensors", "--teacher-network",
      "dense,\(golden.teacher[0].activation),dense", "--teacher-rate", "\(golden.teacherRate)", "--case",
      "case.safetensors", "--out", "out.safetensors",
    ]
      + (levels == 2
        ? []
        : [
          "--student", "student.safetensors", "--student-network", "dense,\(golden.student[0].activation),dense",
          "--student-rate", "\(golden.studentRate)", "--pair-weight", "\(golden.pairs.weight ?? 0)",
        ])
  }

  func run(levels: Int, _ more: [String] = [], ranks: Int? = nil) throws -> ProgramRun {
    try ProgramRun.run(ProgramTests.program, arguments(levels: levels) + more, ranks: ranks, in: folder.path)
  }

  var output: SafetensorsFile { get throws { try SafetensorsFile(contentsOf: folder.path + "/out.safetensors") } }
}
