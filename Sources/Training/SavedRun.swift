private import BLAS
private import Datasets
private import Foundation
internal import Kernels
public import MPI
private import Networks
public import RunRecords

/// A finished run, to be used again.
public struct SavedRun: Sendable {
  public let folder: RunFolder
  public let configuration: Configuration

  /// Reads the configuration of a run folder.
  ///
  /// - Throws: ``UnreadableFile`` when there is no such run, ``BrokenRun`` when its configuration is not one.
  public init(path: String) throws {
    folder = RunFolder(path: path)
    guard FileManager.default.fileExists(atPath: path) else { throw UnreadableFile(path: path) }
    guard let bytes = FileManager.default.contents(atPath: folder.configuration) else {
      throw UnreadableFile(path: path, problem: "is not a run folder: there is no config.yml in it that can be read")
    }
    do {
      configuration = try ConfigurationSource.written(
        String(decoding: bytes, as: UTF8.self), path: folder.configuration)
    } catch let error as ConfigurationError {
      throw BrokenRun(path: folder.configuration, problem: error.description)
    }
  }

  /// Judges the run's model on the test set of its data, or of the same kind of data elsewhere. Collective.
  public func evaluate(
    data: String?, on world: borrowing Communicator, describe: (any Error) -> (message: String, code: Int32)
  ) throws -> Evaluation {
    switch configuration.training.precision {
    case .float32: try evaluate(as: Float.self, data: data, on: world, describe: describe)
    case .float64: try evaluate(as: Double.self, data: data, on: world, describe: describe)
    }
  }

  private func evaluate<Scalar: Real>(
    as precision: Scalar.Type, data path: String?, on world: borrowing Communicator,
    describe: (any Error) -> (message: String, code: Int32)
  ) throws -> Evaluation {
    let (model, problem) = try world.agree(describe: describe) { () throws -> (ModelFile<Scalar>, LearningProblem) in
      BLASLibrary.setThreads(configuration.training.blasThreads)
      let model = try ModelFile<Scalar>(contentsOf: folder.model)
      var moved = configuration
      if let path { moved.data.path = path }
      try moved.check()
      guard let scaling = model.scaling, let map = try? InputMap(json: scaling) else {
        throw BrokenRun(path: folder.model, problem: "its metadata 'scaling' is not the scaling of a model's inputs")
      }
      let problem = try LearningProblem(moved, map: map)
      guard problem.features == model.network.inputs else {
        throw ConfigurationError(
          "the model has \(model.network.inputs) inputs, but the data has \(problem.features) features")
      }
      try problem.check(outputs: model.network.outputs)
      return (model, problem)
    }
    try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
    let evaluation = try problem.evaluate(
      model.network, model.parameters, configuration.loss, on: problem.split.test, over: world)
    guard evaluation.loss.isFinite else {
      throw AgreedFailure(code: ExitCode.failed, message: "\(folder.model): the loss on the test set is not finite")
    }
    return evaluation
  }
}

/// A run folder whose files are not those of a run.
public struct BrokenRun: Error, CustomStringConvertible, Equatable {
  public let path: String
  public let problem: String

  public var description: String { "\(path): \(problem)" }
}
