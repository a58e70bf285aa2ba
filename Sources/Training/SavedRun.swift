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
  /// - Throws: ``UnreadableFile`` when there is no such run, ``ConfigurationError`` when its configuration is not one.
  public init(path: String) throws {
    folder = RunFolder(path: path)
    guard let bytes = FileManager.default.contents(atPath: folder.configuration) else {
      throw UnreadableFile(path: folder.configuration)
    }
    configuration = try ConfigurationSource.written(
      String(decoding: bytes, as: UTF8.self), path: folder.configuration)
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
      let model = try ModelFile<Scalar>(contentsOf: folder.model)
      var data = configuration.data
      if let path { data.path = path }
      let problem = try LearningProblem(data, map: model.scaling.map { try InputMap(json: $0) })
      guard problem.features == model.network.inputs else {
        throw ConfigurationError(
          "the model has \(model.network.inputs) inputs, but the data has \(problem.features) features")
      }
      try problem.check(outputs: model.network.outputs)
      return (model, problem)
    }
    return try problem.evaluate(
      model.network, model.parameters, configuration.loss, on: problem.split.test, over: world)
  }
}
