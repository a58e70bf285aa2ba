private import BLAS
internal import Configurations
internal import Datasets
internal import Foundation
internal import Kernels
internal import MPI
private import Networks
internal import Ranks
internal import RunRecords
internal import Training

extension Configuration {
  /// Rank 0 names and creates a run's folder; every rank gets its path. Collective.
  func makeFolder(
    preset: String, started: Date, on world: RankGroup,
    describe: ErrorDescription
  ) throws -> RunFolder {
    let made = try world.agree(describe: describe) { () throws -> RunFolder? in
      guard world.rank == 0 else { return nil }
      let name = self.run.name ?? RunFolder.unusedName(preset: preset, start: started, in: self.run.folder)
      return try RunFolder.create(name, in: self.run.folder)
    }
    return RunFolder(path: try world.communicator.broadcast(made?.path ?? "", from: 0))
  }
}

extension Manifest {
  /// The manifest of a new run.
  init(
    _ configuration: Configuration, _ problem: LearningProblem, version: String, preset: String, started: Date,
    parameters: Int, hosts: [String], on world: RankGroup
  ) {
    self.init(
      version: version, preset: preset, started: started.ISO8601Format(), seed: configuration.training.seed,
      ranks: world.ranks, hosts: hosts, precision: configuration.training.precision.rawValue,
      parameters: parameters,
      data: Manifest.Data(
        set: configuration.data.set.rawValue, path: configuration.data.path,
        trainingSamples: problem.split.training.count, validationSamples: problem.split.validation?.count ?? 0,
        testSamples: problem.split.test.count, sha256: world.rank == 0 ? problem.split.fingerprint : "",
        labelNoise: Manifest.LabelNoise(configuration.data, problem)),
      libraries: Manifest.Libraries(
        mpi: MPILibrary.version, blas: configuration.blas?.configuration, blasKernel: configuration.blas?.coreName,
        threads: configuration.training.threads, instructions: Platform.instructions,
        mathLibrary: Platform.mathLibrary))
  }
}

extension TrainingLoop {
  /// Evaluates the trained network on all sets. Collective.
  func evaluate(_ outcome: TrainingOutcome, run: String, on world: RankGroup) throws -> RunResult {
    let split = problem.split
    let training = try evaluate(split.training, over: world)
    let validation = try split.validation.map { try evaluate($0, over: world) }
    let test = try evaluate(split.test, over: world)
    return RunResult(
      run: run, steps: outcome.steps, epochs: (outcome.steps + plan.stepsPerEpoch - 1) / plan.stepsPerEpoch,
      bestEpoch: outcome.bestEpoch, seconds: outcome.seconds, ranks: world.ranks,
      trainingLoss: training.loss, trainingAccuracy: training.accuracy,
      validationLoss: validation?.loss, validationAccuracy: validation?.accuracy,
      testLoss: test.loss, testAccuracy: test.accuracy)
  }
}

extension RunResult {
  var isFinite: Bool { trainingLoss.isFinite && testLoss.isFinite && (validationLoss ?? 0).isFinite }
}

extension Metrics {
  /// The metrics of one epoch.
  init(_ report: EpochReport, weights: WeightStatistics? = nil, cycle: Int? = nil) {
    self.init(
      epoch: report.epoch, step: report.step, seconds: report.seconds, learningRate: report.learningRate,
      trainingLoss: report.trainingLoss, validationLoss: report.validation?.loss,
      validationAccuracy: report.validation?.accuracy, weights: weights, cycle: cycle)
  }
}

extension LearningProblem {
  /// The training samples with wrong labels, as a run folder's `label-noise.csv` lists them: the identifier, the label
  /// used in training, and the true label. nil without label noise.
  var labelNoiseCSV: String? {
    guard let truth = split.trueTraining, let isFlipped = split.isFlipped else { return nil }
    let names = split.training.dataset.classNames
    var csv = CSVText(header: ["id", "label", "trueLabel"])
    for position in isFlipped.indices where isFlipped[position] {
      csv.append([
        "\(truth.id(at: position))", names[split.training.label(at: position)], names[truth.label(at: position)],
      ])
    }
    return csv.text
  }
}

extension Manifest.LabelNoise {
  /// The noise in a problem's labels; nil where there is none.
  init?(_ configuration: DataConfiguration, _ problem: LearningProblem) {
    guard let noise = configuration.labelNoise, let isFlipped = problem.split.isFlipped else { return nil }
    self.init(kind: noise.kind.rawValue, rate: noise.rate, seed: noise.seed, flipped: isFlipped.count { $0 })
  }
}
