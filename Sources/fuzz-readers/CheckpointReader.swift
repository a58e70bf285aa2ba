internal import Configurations
import Foundation
import Kernels
internal import Ranks
import RunRecords
import Training

/// A checkpoint of one step of the digits, and the training that is to go on with it.
private final class CheckpointTarget {
  let loop: TrainingLoop<Float>
  let files: [(name: String, bytes: [UInt8])]
  /// `DONE` as it was written here.
  private var done: [UInt8]

  init() throws {
    let configuration = try ConfigurationSource(
      preset: .standard, settings: ["network=[{dense: 2}, tanh, {dense: 10}]", "data.validation=100"]
    ).configuration()
    loop = try TrainingLoop(configuration, problem: LearningProblem(configuration), ranks: 1)
    let kept = CollectedState()
    try loop.exchange(with: kept)
    var state = CheckpointState(
      version: "1", command: "train", ranks: 2, configuration: try configuration.yaml(), data: "d",
      platform: CheckpointState.Platform(blas: "b", blasKernel: "k", mpi: "m", loops: "l"))
    state.step = 3
    let scratch = NSTemporaryDirectory() + "/fuzz-checkpoint-\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    let path = try CheckpointStore(RunFolder(path: scratch)).write(state, kept.tensors, metadata: [:])
    files = ["DONE", "model.safetensors", "optimizer.safetensors", "state.json"].map { name in
      (name, FileManager.default.contents(atPath: path + "/" + name).map(Array.init) ?? [])
    }
    done = files[0].bytes
  }

  /// Reads the checkpoint in a folder, and takes its state.
  ///
  /// A `DONE` that nobody has changed gets the hashes that the other files have now, so that what is behind them is looked at.
  func read(_ folder: String) throws {
    let present = FileManager.default.contents(atPath: folder + "/DONE").map(Array.init)
    if present == done || present == files[0].bytes {
      let sums = files.dropFirst().map { file in
        let hash = Fingerprint()
        let bytes = FileManager.default.contents(atPath: folder + "/" + file.name).map(Array.init) ?? []
        unsafe bytes.withUnsafeBytes { unsafe hash.add($0) }
        return "\(hash.hexadecimal)  \(file.name)\n"
      }
      done = Array(sums.joined().utf8)
      try Data(done).write(to: URL(fileURLWithPath: folder + "/DONE"))
    }
    let checkpoint = try Checkpoint(contentsOf: folder, step: 3)
    let state = RestoredState(RestoredState.Index(checkpoint.tensors), tensors: checkpoint.tensors)
    try loop.exchange(with: state)
    try state.finish()
  }
}

extension FuzzedReader {
  static var checkpoint: FuzzedReader {
    get throws {
      let target = try CheckpointTarget()
      return FuzzedReader(
        name: "checkpoint", files: target.files.map { File(name: $0.name, bytes: $0.bytes) },
        words: [
          "state.json", "../", "  DONE\n", "\"step\":3", "\"metricsBytes\":-1", "1e999", "I64", "F32", "position.steps",
          "[1]", "[0]", "null",
        ], read: target.read)
    }
  }
}
