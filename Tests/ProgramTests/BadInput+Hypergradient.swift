import RunRecords
import TestSupport

/// Chains whose parts do not belong together.
extension BadInput {
  private static let two =
    "hypergradient --levels 2 --teacher DIR/t.safetensors --teacher-network dense --teacher-rate 0.1 "
    + "--case DIR/c.safetensors --out DIR/o.safetensors"
  private static let three =
    two.replacing("--levels 2", with: "--levels 3")
    + " --student DIR/s.safetensors --student-network dense --student-rate 0.1 --pair-weight 1"

  /// Models of one dense layer with 3 inputs and 2 outputs, and a case of two samples of each kind.
  ///
  /// - Parameters:
  ///   - studentOutputs: those of the student alone.
  ///   - shapes: tensors of the case that have other shapes; an empty one leaves the tensor out.
  ///   - value: of every input.
  private static func files(
    studentOutputs: Int = 2, studentInputs: Int = 3, _ shapes: [String: [Int]] = [:], value: Double = 1,
    target: Double = 0.5
  ) -> @Sendable (ScratchFolder) throws -> Void {
    { folder in
      for (name, outputs, inputs) in [("t", 2, 3), ("s", studentOutputs, studentInputs)] {
        try SafetensorsFile(tensors: [
          SafetensorsTensor(
            name: "layers.0.weight", shape: [outputs, inputs],
            values: [Double](repeating: 0.1, count: outputs * inputs)),
          SafetensorsTensor(name: "layers.0.bias", shape: [outputs], values: [Double](repeating: 0, count: outputs)),
        ]).write(to: folder.path + "/\(name).safetensors")
      }
      let standard: [(String, [Int], Double)] = [
        ("training.inputs", [2, 3], value), ("training.targets", [2, 2], 0.5), ("training.weights", [2], 1),
        ("unlabelled.inputs", [2, 3], 1), ("pairs.inputs", [2, 3], 1), ("pairs.targets", [2, 2], 0.5),
        ("validation.inputs", [2, 3], 1), ("validation.targets", [2, 2], target),
      ]
      let tensors = standard.compactMap { name, shape, value -> SafetensorsTensor? in
        let shape = shapes[name] ?? shape
        return shape.isEmpty
          ? nil
          : SafetensorsTensor(
            name: name, shape: shape, values: [Double](repeating: value, count: shape.reduce(1, *)))
      }
      try SafetensorsFile(tensors: tensors).write(to: folder.path + "/c.safetensors")
    }
  }

  static let hypergradients: [BadInput] = [
    BadInput(
      name: "weights of another length", arguments: two, exitCode: 65,
      says: ["c.safetensors", "training.weights", "3 numbers", "2 rows"], files: files(["training.weights": [3]])),
    BadInput(
      name: "a student with other classes", arguments: three, exitCode: 65,
      says: ["s.safetensors", "4 outputs", "teacher 2"], files: files(studentOutputs: 4)),
    BadInput(
      name: "a student with other inputs", arguments: three, exitCode: 65,
      says: ["s.safetensors", "5 inputs", "teacher 3"], files: files(studentInputs: 5)),
    BadInput(
      name: "no unlabelled samples", arguments: three, exitCode: 65, says: ["unlabelled.inputs", "no rows"],
      files: files(["unlabelled.inputs": [0, 3]])),
    BadInput(
      name: "three levels without an unlabelled tensor", arguments: three, exitCode: 65,
      says: ["unlabelled.inputs", "no such tensor"], files: files(["unlabelled.inputs": []])),
    BadInput(
      name: "a case without weights", arguments: two, exitCode: 65, says: ["training.weights", "no such tensor"],
      files: files(["training.weights": []])),
    BadInput(
      name: "a case without validation samples", arguments: two, exitCode: 65,
      says: ["validation.targets", "no such tensor"], files: files(["validation.targets": []])),
    BadInput(
      name: "pairs that count and are not there", arguments: three, exitCode: 65,
      says: ["pairs.inputs", "no such tensor"], files: files(["pairs.inputs": [], "pairs.targets": []])),
    BadInput(
      name: "targets of fewer rows", arguments: two, exitCode: 65, says: ["training.targets", "1 rows"],
      files: files(["training.targets": [1, 2]])),
    BadInput(
      name: "samples that do not fit the teacher", arguments: two, exitCode: 65,
      says: ["training.inputs", "4 numbers"],
      files: files(["training.inputs": [2, 4]])),
    BadInput(
      name: "samples that are not finite", arguments: two, exitCode: 65, says: ["training.inputs", "not finite"],
      files: files(value: .nan)),
    BadInput(
      name: "a validation target that is no distribution", arguments: two, exitCode: 65,
      says: ["validation.targets", "row 0", "distribution"], files: files(target: 0.6)),
    BadInput(name: "a case that is missing", arguments: two, exitCode: 66, says: ["t.safetensors"]),
    BadInput(
      name: "an output in no folder", arguments: two + " --out DIR/none/o.safetensors", exitCode: 74, says: ["none"],
      files: files()),
    BadInput(
      name: "an unknown strategy", arguments: two + " --strategy exat", exitCode: 64,
      says: ["'exat'", "did you mean 'exact'"], files: files()),
    BadInput(
      name: "an unknown teacher's loss", arguments: two + " --teacher-loss squareError", exitCode: 64,
      says: ["'squareError'", "did you mean 'squaredError'"], files: files()),
    BadInput(
      name: "an unknown student's loss", arguments: three + " --student-loss softmax", exitCode: 64,
      says: ["'softmax'", "softmaxCrossEntropy"], files: files()),
    BadInput(
      name: "an unknown validation loss", arguments: two + " --validation-loss hing", exitCode: 64,
      says: ["'hing'", "did you mean 'hinge'"], files: files()),
    BadInput(
      name: "a student's loss without soft labels", arguments: three + " --student-loss hinge", exitCode: 64,
      says: ["hinge", "soft labels"], files: files()),
    BadInput(
      name: "unknown blocks", arguments: two + " --blocks layer", exitCode: 64,
      says: ["'layer'", "did you mean 'layers'"], files: files()),
    BadInput(
      name: "blocks of layers that are not there", arguments: two + " --strategy fused --blocks encoder=0-3,head=7",
      exitCode: 64, says: ["block head", "7"], files: files()),
    BadInput(
      name: "an unknown layer in --teacher-network", arguments: two + " --teacher-network dens", exitCode: 64,
      says: ["'dens'", "--teacher-network", "'dense'"], files: files()),
    BadInput(
      name: "a grid that does not match the ranks", arguments: two + " --grid 5x2", exitCode: 64,
      says: ["grid 5x2", "10 places"], files: files()),
    BadInput(name: "a grid that is none", arguments: two + " --grid 4", exitCode: 64, says: ["'4'", "4x2"]),
    BadInput(
      name: "three levels without a student", arguments: two.replacing("--levels 2", with: "--levels 3"), exitCode: 64,
      says: ["--student"]),
    BadInput(
      name: "four levels", arguments: two.replacing("--levels 2", with: "--levels 4"), exitCode: 64, says: ["4"]),
    BadInput(
      name: "a radius of nothing", arguments: two + " --strategy fused --radius 0", exitCode: 64, says: ["radius"],
      files: files()),
    BadInput(
      name: "a rate that is infinite in float32", arguments: two + " --teacher-rate 1e39 --precision float32",
      exitCode: 64,
      says: ["--teacher-rate is 1e+39, which is infinite in float32", "--precision float64"]),
    BadInput(
      name: "a rate that is no number", arguments: two + " --teacher-rate nan", exitCode: 64, says: ["--teacher-rate"]),
    BadInput(
      name: "a pair weight below 0", arguments: three + " --pair-weight=-1", exitCode: 64, says: ["--pair-weight"]),
    BadInput(
      name: "a bench on a grid that does not match the ranks", arguments: "bench hypergradient --grid 2x4",
      exitCode: 64,
      says: ["grid 2x4", "8 places"]),
    BadInput(
      name: "a bench of no samples", arguments: "bench hypergradient --batch 0", exitCode: 64, says: ["--batch"]),
  ]
}
