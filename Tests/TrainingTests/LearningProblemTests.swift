import Configurations
import Datasets
import Foundation
import TestSupport
import Testing
import Training

/// What a configuration makes of its data, and which combinations it refuses.
struct LearningProblemTests {
  private func configuration(_ settings: [String]) throws -> Configuration {
    try ConfigurationSource(preset: .standard, settings: settings).configuration()
  }

  @Test func `the validation set is drawn by the training seed`() throws {
    func drawn(_ settings: String...) throws -> [Int] {
      let problem = try LearningProblem(try configuration(["data.validation=100"] + settings))
      let validation = try #require(problem.split.validation)
      #expect(problem.split.training.count == 1338)
      #expect(problem.split.test.count == 359)
      return (0..<validation.count).map(validation.id)
    }
    let first = try drawn()
    #expect(first.count == 100)
    #expect(try drawn("training.epochs=3") == first)
    #expect(try drawn("training.seed=2") != first)
    #expect(try LearningProblem(try configuration([])).split.validation == nil)
  }

  @Test func `the scaling is computed from what is left to train on`() throws {
    // One of 20 rows reaches up to 1,000; when it is held out, the map does not know of it.
    let folder = try ScratchFolder()
    let rows = (0..<20).map { "\($0 == 7 ? 1000 : $0),\($0 % 2)" }
    let path = try folder.write(rows.joined(separator: "\n").utf8, to: "a.csv")
    var heldOut: Set<Bool> = []
    for seed in 0..<20 {
      let problem = try LearningProblem(
        try configuration([
          "data.set=csv", "data.path=\(path)", "data.test=\(path)", "data.validation=10", "data.scale=unit",
          "training.seed=\(seed)",
        ]))
      let training = problem.split.training
      let values = (0..<training.count).flatMap { training.dataset.values(of: training.id(at: $0)) }
      let (low, high) = (try #require(values.min()), try #require(values.max()))
      #expect(abs(problem.map.scale[0] * (high - low) - 1) <= 1e-15)
      heldOut.insert(high < 1000)
    }
    #expect(heldOut == [true, false], "both cases must have been met")
  }

  @Test func `values ask for as many outputs as a target has`() throws {
    let problem = try LearningProblem(
      try configuration([
        "data.set=gates", "data.target=value", "loss=squaredError", "data.scale=none",
      ]))
    #expect(problem.outputs == 3)
    #expect(problem.features == 2)
    #expect(throws: Never.self) { try problem.check(outputs: 3) }
    #expect(throws: ConfigurationError.self) { try problem.check(outputs: 2) }
    #expect(
      try LearningProblem(try configuration(["data.set=gates", "data.target=input", "loss=squaredError"])).outputs == 2)
  }

  @Test(arguments: ["linear", "gates", "curve"])
  func `the losses of probabilities take the built-in values as far as they are probabilities`(set: String) throws {
    let source = try configuration(["data.set=\(set)", "data.target=value", "loss=sigmoidCrossEntropy"])
    if set == "linear" {
      #expect(throws: ConfigurationError.self) { try LearningProblem(source) }
    } else {
      #expect(throws: Never.self) { try LearningProblem(source) }
    }
  }

  @Test(arguments: [
    (["training.gradient=finiteDifference"], ["finiteDifference gives no Ẅ", "optimizer.name to sgd"]),
    (
      ["training.gradient=finiteDifference", "network=[{dense: 4}, batchNorm, {dense: 10}]"], ["batchNorm and dropout"]
    ),
    (
      ["training.gradient=finiteDifference", "network=[{dense: 4}, {dropout: 0.5}, {dense: 10}]"],
      ["batchNorm and dropout"]
    ),
    (["training.gradient=layerTargets"], ["alternates dense and sigmoid, and loss squaredError"]),
    (
      ["training.gradient=layerTargets", "network=[{dense: 10}, sigmoid]"],
      ["alternates dense and sigmoid, and loss squaredError"]
    ),
    (
      ["training.gradient=layerTargets", "network=[{dense: 10}, sigmoid]", "loss=squaredError"],
      ["layerTargets gives no Ẅ", "optimizer.name to sgd"]
    ),
    (["training.gradientStep=0"], ["training.gradientStep is 0"]),
    (["training.gradientStep=1e-8"], ["training.gradientStep is 1e-08", "float32", "at least 1.19"]),
    (
      ["training.gradientStep=1e-16", "training.precision=float64"],
      ["training.gradientStep is 1e-16", "float64", "at least 2.22"]
    ),
    (["training.gradient=finiteDiference"], ["did you mean 'finiteDifference'?"]),
    (
      ["loss=hinge", "optimizer.damping=1", "data.set=gates", "data.target=value"],
      ["loss hinge needs classes", "is value"]
    ),
  ])
  func `a gradient or loss that cannot be is refused with a remedy`(settings: [String], says: [String]) throws {
    let error = #expect(throws: ConfigurationError.self) { try configuration(settings) }
    for words in says { #expect(try #require(error).description.contains(words), "\(String(describing: error))") }
  }
}
