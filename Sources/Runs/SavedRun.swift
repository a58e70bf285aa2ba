public import Configurations
private import Datasets
private import Foundation
package import Kernels
public import MPI
internal import Networks
internal import Ranks
public import RunRecords
public import Training

/// A saved run, whose model can be used again.
public struct SavedRun: Sendable {
  /// The folder of its model: the run folder, or a checkpoint in it.
  public let folder: RunFolder
  /// The newest complete checkpoint, which replaces the model of a run that has not ended; nil where the run has ended.
  public let checkpoint: String?
  public let configuration: Configuration

  /// Reads the configuration of a run folder, or of a checkpoint in one. Of a run that has not ended it uses the newest
  /// complete checkpoint.
  ///
  /// - Parameters:
  ///   - path: the path of the folder, or the name of a run.
  ///   - runs: the folder in which runs are looked for by name.
  ///   - data: the present path of the data, if it has moved.
  ///   - settings: `key=value` pairs that override the run's own settings.
  /// - Throws: ``UnreadableFile`` where there is no such run, ``BrokenRun`` where its configuration is not valid,
  ///   ``ConfigurationError`` for settings that cannot be used.
  public init(
    path: String, in runs: String = RunConfiguration().folder, data: String? = nil, settings: [String] = []
  ) throws {
    let run = try RunFolder.existing(path, in: runs, with: \.settings)
    let unfinished = run.unfinishedCheckpoint
    (folder, checkpoint) = (unfinished ?? run, unfinished?.path)
    let file = folder.settings
    guard let bytes = FileManager.default.contents(atPath: file) else {
      throw UnreadableFile(path: file)
    }
    let written: Configuration
    do {
      written = try ConfigurationSource.written(String(decoding: bytes, as: UTF8.self), path: file)
    } catch let error as ConfigurationError {
      throw BrokenRun(path: file, problem: error.description)
    }
    guard data != nil || !settings.isEmpty else {
      configuration = written
      return
    }
    var source = ConfigurationSource(preset: .standard, file: file, data: data, settings: settings)
    source.standards = try ConfigurationSource.standards(of: folder)
    configuration = try source.configuration()
  }

  /// Reads the run's model and its data.
  ///
  /// - Parameter student: whether to read the student of three levels instead of its teacher.
  /// - Throws: ``BrokenRun``, ``ConfigurationError``, `SafetensorsError`, `DatasetError`.
  package func load<Scalar: Real>(
    as precision: Scalar.Type, student: Bool = false
  ) throws -> (model: ModelFile<Scalar>, problem: LearningProblem) {
    let configuration = student ? configuration.ofStudent : configuration
    let path = student ? folder.student : folder.model
    let model = try ModelFile<Scalar>(contentsOf: path)
    guard let scaling = model.scaling, let map = try? InputMap(json: scaling) else {
      throw BrokenRun(path: path, problem: "its metadata 'scaling' is not the scaling of a model's inputs")
    }
    let problem = try LearningProblem(configuration, map: map)
    guard problem.features == model.network.inputs else {
      throw ConfigurationError(
        "the model has \(model.network.inputs) inputs, but the data has \(problem.features) features")
    }
    try problem.check(outputs: model.network.outputs)
    let layers = try LayerConfiguration.resolve(configuration.network, input: problem.shape)
    guard layers == model.network.configuration else {
      throw ConfigurationError("network: it is not that of the model in \(path); leave it as the run has it")
    }
    return (model, problem)
  }

  /// Whether the run has a student's model beside its teacher's.
  private var hasStudent: Bool { FileManager.default.fileExists(atPath: folder.student) }

  /// Evaluates the run's model, or the student where there is one, on the test set of its data. Collective.
  public func evaluate(
    on world: borrowing Communicator, describe: ErrorDescription
  ) throws -> Evaluation {
    switch configuration.training.precision {
    case .float32: try evaluate(as: Float.self, on: world, describe: describe)
    case .float64: try evaluate(as: Double.self, on: world, describe: describe)
    }
  }

  private func evaluate<Scalar: Real>(
    as precision: Scalar.Type, on world: borrowing Communicator,
    describe: ErrorDescription
  ) throws -> Evaluation {
    let (model, problem) = try world.agree(describe: describe) {
      try configuration.prepareProducts()
      return try load(as: precision, student: hasStudent)
    }
    try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
    // A run that still runs may write a checkpoint after one rank has read and before another reads.
    try world.requireSame(
      model.parameters.fingerprint, what: "weights",
      remedy: "give every host the same run, or name one of its checkpoints")
    let evaluation = try world.withGroup(for: configuration) { group in
      try problem.evaluate(
        model.network, model.parameters, hasStudent ? configuration.ofStudent.loss : configuration.loss,
        on: problem.split.test, over: group)
    }
    guard evaluation.loss.isFinite else {
      throw AgreedFailure(code: ExitCode.failed, message: "\(folder.model): the loss on the test set is not finite")
    }
    return evaluation
  }
}

/// A run folder whose files do not form a run.
public struct BrokenRun: Error, CustomStringConvertible, Equatable {
  public let path: String
  public let problem: String

  public var description: String { "\(path): \(problem)" }
}
