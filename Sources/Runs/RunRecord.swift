internal import Datasets
private import Foundation
internal import Kernels
internal import MPI
internal import Ranks
internal import RunRecords
internal import Training

/// The files of a run in its folder, which rank 0 writes: settings, manifest, metrics and models.
struct RunRecord {
  let folder: RunFolder
  private(set) var metrics: MetricsWriter?
  private var manifest: Manifest

  init(_ folder: RunFolder, _ manifest: Manifest) { (self.folder, self.manifest) = (folder, manifest) }

  /// Writes the files that a folder has from the first step on. Collective.
  ///
  /// - Parameters:
  ///   - settings: the configuration as YAML.
  ///   - metrics: opens the metrics, for a new run or for one that continues.
  mutating func begin(
    _ settings: String, _ problem: LearningProblem, on world: RankGroup, describe: ErrorDescription,
    metrics: () throws -> MetricsWriter
  ) throws {
    try world.agree(describe: describe) {
      guard world.rank == 0 else { return }
      try writeWhole(settings, to: folder.configuration)
      try writeWhole(try manifest.json + "\n", to: folder.manifest)
      if let flips = problem.labelNoiseCSV { try writeWhole(flips, to: folder.labelNoise) }
      self.metrics = try metrics()
    }
  }

  /// Writes the trained networks. Collective.
  func write<Scalar: Real>(
    _ models: Models<Scalar>, on world: RankGroup, describe: ErrorDescription
  ) throws {
    try world.agree(describe: describe) {
      guard world.rank == 0 else { return }
      try models.teacher.write(to: folder.model)
      try models.student?.write(to: folder.student)
    }
  }

  /// Records that a run was stopped. Collective.
  mutating func stop(on world: RankGroup, describe: ErrorDescription) throws {
    manifest.status = .stopped
    try writeManifest(on: world, describe: describe)
  }

  /// Records how a run ended. Collective.
  ///
  /// - Parameter parameters: the SHA-256 of the parameters.
  mutating func finish(
    _ ending: RunEnding, parameters: String, on world: RankGroup, describe: ErrorDescription
  ) throws {
    manifest.finished = Date().ISO8601Format()
    manifest.parametersSHA256 = parameters
    switch ending {
    case .evaluated(let result): (manifest.status, manifest.result) = (.finished, result)
    case .diverged(let step, _): (manifest.status, manifest.divergedAtStep) = (.diverged, step)
    }
    try writeManifest(on: world, describe: describe)
  }

  private func writeManifest(on world: RankGroup, describe: ErrorDescription) throws {
    try world.agree(describe: describe) {
      if world.rank == 0 { try writeWhole(try manifest.json + "\n", to: folder.manifest) }
    }
  }
}

/// How the training of a run ended.
enum RunEnding {
  /// With a network that was evaluated on all sets.
  case evaluated(RunResult)
  /// With a loss, or a hypergradient, that was not finite at a step, and the quantity that overflowed first.
  case diverged(step: Int, Divergence?)
}
