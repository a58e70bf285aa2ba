import RunRecords
import TestSupport

/// Models and batches that do not belong together or are no such files.
extension BadInput {
  private static let onFiles = "statistics --model DIR/m.safetensors --batch DIR/b.safetensors --out DIR/o.safetensors"

  /// A model of one dense layer, 3 inputs and 2 outputs, and a batch of one sample; either may be replaced.
  private static func files(model: [UInt8]? = nil, inputs: Int = 3) -> @Sendable (ScratchFolder) throws -> Void {
    { folder in
      let path = folder.path + "/m.safetensors"
      try SafetensorsFile(tensors: [
        SafetensorsTensor(name: "layers.0.weight", shape: [2, 3], values: [Float](repeating: 1, count: 6)),
        SafetensorsTensor(name: "layers.0.bias", shape: [2], values: [0, 0] as [Float]),
      ]).write(to: path)
      if let model { _ = try folder.write(model, to: "m.safetensors") }
      try SafetensorsFile(tensors: [
        SafetensorsTensor(name: "inputs", shape: [1, inputs], values: [Float](repeating: 1, count: inputs)),
        SafetensorsTensor(name: "targets", shape: [1, 2], values: [0, 1] as [Float]),
      ]).write(to: folder.path + "/b.safetensors")
    }
  }

  static let statisticsFiles: [BadInput] = [
    BadInput(
      name: "a model without a network", arguments: onFiles + " --loss squaredError", exitCode: 65,
      says: ["m.safetensors", "--network"], files: files()),
    BadInput(
      name: "a network with too many layers", arguments: onFiles + " --loss squaredError --network dense,dense",
      exitCode: 65, says: ["1 layers", "2 dense"], files: files()),
    BadInput(
      name: "an unknown layer in --network", arguments: onFiles + " --loss squaredError --network dense,tnh",
      exitCode: 64, says: ["'tnh'", "tanh"], files: files()),
    BadInput(
      name: "an unknown loss of statistics", arguments: onFiles + " --loss squareError --network dense", exitCode: 64,
      says: ["squareError", "squaredError"], files: files()),
    BadInput(
      name: "an unknown partition", arguments: onFiles + " --loss squaredError --network dense --partition unti",
      exitCode: 64, says: ["unti", "unit"], files: files()),
    BadInput(
      name: "blocks of weights", arguments: onFiles + " --loss squaredError --network dense --blocks", exitCode: 64,
      says: ["--blocks", "--partition unit"], files: files()),
    BadInput(
      name: "a batch that does not fit the model", arguments: onFiles + " --loss squaredError --network dense",
      exitCode: 65, says: ["inputs", "4 numbers"], files: files(inputs: 4)),
    BadInput(
      name: "a target that is no distribution", arguments: onFiles + " --loss softmaxCrossEntropy --network dense",
      exitCode: 65, says: ["targets", "row 0", "distribution"],
      files: { folder in
        try files()(folder)
        try SafetensorsFile(tensors: [
          SafetensorsTensor(name: "inputs", shape: [1, 3], values: [1, 2, 3] as [Float]),
          SafetensorsTensor(name: "targets", shape: [1, 2], values: [5, -7] as [Float]),
        ]).write(to: folder.path + "/b.safetensors")
      }),
    BadInput(
      name: "a batch without rows, of a shape that overflows",
      arguments: onFiles + " --loss squaredError --network dense", exitCode: 65, says: ["inputs", "no rows"],
      files: { folder in
        try files()(folder)
        try SafetensorsFile(tensors: [
          SafetensorsTensor(name: "inputs", shape: [0, 1 << 40], values: [] as [Float]),
          SafetensorsTensor(name: "targets", shape: [0, 2], values: [] as [Float]),
        ]).write(to: folder.path + "/b.safetensors")
      }),
    BadInput(
      name: "weights that are not finite", arguments: onFiles + " --loss squaredError --network dense", exitCode: 65,
      says: ["layers.0.weight", "not finite"],
      files: { folder in
        try files()(folder)
        try SafetensorsFile(tensors: [
          SafetensorsTensor(name: "layers.0.weight", shape: [2, 3], values: [1, 2, 3, .nan, 5, 6] as [Float]),
          SafetensorsTensor(name: "layers.0.bias", shape: [2], values: [0, 0] as [Float]),
        ]).write(to: folder.path + "/m.safetensors")
      }),
    BadInput(
      name: "an output that is a device",
      arguments: "statistics --model DIR/m.safetensors --batch DIR/b.safetensors --out /dev/null "
        + "--loss squaredError --network dense", exitCode: 74, says: ["/dev/null", "not a regular file"], files: files()
    ),
    BadInput(
      name: "a truncated model", arguments: onFiles + " --loss squaredError --network dense", exitCode: 65,
      says: ["m.safetensors"], files: files(model: [200, 0, 0, 0, 0, 0, 0, 0, 123])),
    BadInput(
      name: "a model that is a zip file", arguments: onFiles + " --loss squaredError --network dense", exitCode: 65,
      says: ["m.safetensors"], files: files(model: Array("PK\u{3}\u{4} not a model at all".utf8))),
    BadInput(
      name: "a missing model", arguments: onFiles + " --loss squaredError --network dense", exitCode: 66,
      says: ["m.safetensors"]),
    BadInput(
      name: "an unwritable output",
      arguments: "statistics --model DIR/m.safetensors --batch DIR/b.safetensors --out /proc/none/o.safetensors "
        + "--loss squaredError --network dense", exitCode: 74, says: ["/proc/none"], files: files()),
  ]
}
