import TestSupport

extension BadInput {
  private static let normalized = "--set network=[{dense:␣8},batchNorm,{dense:␣10}] --set"
  private static let onCSV = "--set data.set=csv --data DIR/a.csv --set network=[{dense:␣2}]"

  private static func csv(_ rows: [String]) -> @Sendable (ScratchFolder) throws -> Void {
    { folder in _ = try folder.write((rows.joined(separator: "\n") + "\n").utf8, to: "a.csv") }
  }

  /// Two classes, by turns, of samples that are all alike.
  private static let alike = csv((0..<20).map { "1,2,\($0 % 2)" })

  /// What trains, but cannot learn.
  static let unlearnable: [BadInput] = [
    BadInput(
      name: "a name of no way to treat the last batch", arguments: "--set training.lastBatch=dorp", exitCode: 64,
      says: ["training.lastBatch", "'dorp'", "did you mean 'drop'"]),
    BadInput(
      name: "a batch that is dropped for being the only one",
      arguments: "--set training.lastBatch=drop --set training.batch=2000",
      exitCode: 64, says: ["training.batch is 2000", "1438 samples", "spread"]),
    BadInput(
      name: "no batch left on true labels alone",
      arguments: "reweight --preset noisy-digits-reweight --set training.lastBatch=drop --set training.batch=1200 "
        + "--set reweight.compare=true", exitCode: 64,
      says: ["reweight.compare", "training.batch is 1200", "training.lastBatch"]),
    BadInput(
      name: "batch normalisation of single samples", arguments: "\(normalized) training.batch=1", exitCode: 64,
      says: ["batchNorm", "samples × positions", "training.batch is 1"]),
    BadInput(
      name: "batch normalisation of a last sample",
      arguments: "\(normalized) training.batch=479 --set training.lastBatch=keep", exitCode: 64,
      says: ["batchNorm", "1438 samples", "479", "spread"]),
    BadInput(
      name: "a comparison by batch normalisation of single samples",
      arguments: "compare --optimizers adam \(normalized) training.batch=1", exitCode: 64, says: ["training.batch is 1"]
    ),
    BadInput(
      name: "a check by batch normalisation of single samples",
      arguments: "check replicas \(normalized) training.batch=1",
      exitCode: 64, says: ["training.batch is 1"]),
    BadInput(
      name: "a student's batch normalisation of single samples",
      arguments: "reweight --preset teacher-student --set reweight.unlabelledBatch=1 "
        + "--set reweight.student.network=[{dense:␣8},batchNorm,{dense:␣10}]", exitCode: 64,
      says: ["reweight.student", "batchNorm", "unlabelledBatch"]),
    BadInput(
      name: "one class", arguments: "\(onCSV) --set network=[{dense:␣1}]", exitCode: 64,
      says: ["a.csv", "16 training samples", "class 'oak'", "data.label"], files: csv((0..<20).map { "\($0),2,oak" })),
    BadInput(
      name: "one class for a comparison", arguments: "compare --optimizers adam \(onCSV) --set network=[{dense:␣1}]",
      exitCode: 64, says: ["class 'oak'"], files: csv((0..<20).map { "\($0),2,oak" })),
    BadInput(
      name: "one class left to train on", arguments: "--set data.validation=1437", exitCode: 64,
      says: ["only training sample", "data.validation"]),
    BadInput(
      name: "inputs that are all alike", arguments: onCSV, exitCode: 64,
      says: ["a.csv", "16 training samples", "same input", "symmetric"], files: alike),
    BadInput(
      name: "inputs that are all alike, for numbers",
      arguments: "\(onCSV) --set data.target=value --set loss=squaredError --set network=[{dense:␣1}]", exitCode: 64,
      says: ["same input"], files: alike),
    BadInput(
      name: "inputs that are all alike, to reconstruct",
      arguments: "\(onCSV) --set data.target=input --set loss=squaredError", exitCode: 64, says: ["same input"],
      files: alike),
    BadInput(
      name: "inputs that float32 does not tell apart", arguments: "\(onCSV) --set data.scale=none", exitCode: 64,
      says: ["same input", "data.scale"], files: csv((0..<20).map { "\(1_000_000_000 + $0),\($0 % 2)" })),
    BadInput(
      name: "weights for inputs that are all alike", arguments: "reweight \(onCSV) --set data.validation=4",
      exitCode: 64,
      says: ["same input"], files: alike),
    BadInput(
      name: "a configuration of a newer program", arguments: "train DIR/new.yml", exitCode: 64,
      says: ["new.yml", "format 4", "newer rp-dist"], files: { _ = try $0.write("format: 4".utf8, to: "new.yml") }),
    BadInput(
      name: "a format that is none", arguments: "train DIR/new.yml", exitCode: 64,
      says: ["new.yml", "format is 'two'"],
      files: { _ = try $0.write("format: two".utf8, to: "new.yml") }),
    BadInput(
      name: "a run of a newer program", arguments: "evaluate DIR/run", exitCode: 65, says: ["config.yml", "format 4"],
      files: { _ = try $0.write("format: 4".utf8, to: "run/config.yml") }),
  ]
}
