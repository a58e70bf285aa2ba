import Configurations
import Datasets
import Kernels
import TestSupport
import Testing
import Training

/// What training refuses because nothing can be learned, and what it doubts.
struct LearnableTests {
  /// The doubts about a configuration, over rows of a CSV file where there are some.
  private func doubts(_ settings: [String], _ rows: [String]? = nil) throws -> [String] {
    let folder = try ScratchFolder()
    var all = settings
    if let rows {
      let path = try folder.write(rows.joined(separator: "\n").utf8, to: "a.csv")
      all = ["data.set=csv", "data.path=\(path)"] + settings
    }
    let configuration = try ConfigurationSource(preset: .standard, settings: all).configuration()
    return try LearningProblem(configuration).checkLearnable(by: configuration)
  }

  private static let values = ["data.target=value", "loss=squaredError", "network=[{dense: 4}, tanh, {dense: 1}]"]

  /// Two features that differ from row to row, and a last column.
  private func rows(_ count: Int = 40, _ last: (Int) -> String) -> [String] {
    (0..<count).map { "\($0),\($0 * $0 % 17),\(last($0))" }
  }

  @Test(arguments: Preset.all.filter { preset in !preset.yaml.contains("mnist") && !preset.yaml.contains("cifar") })
  func `a preset leaves no doubt`(preset: Preset) throws {
    let configuration = try ConfigurationSource(preset: preset).configuration()
    #expect(try LearningProblem(configuration).checkLearnable(by: configuration).isEmpty)
    let loop = try TrainingLoop<Float>(configuration, problem: LearningProblem(configuration), ranks: 1)
    #expect(try loop.deadStart() == nil)
  }

  @Test func `inputs are looked at as the network gets them`() throws {
    let far = (0..<40).map { "\(1_000_000_000 + $0 % 8),\($0 % 2)" }
    #expect(throws: ConfigurationError.self) { try doubts(["data.scale=none"], far) }
    #expect(try doubts(["data.scale=none", "training.precision=float64"], far).isEmpty)
    #expect(try doubts(["data.scale=standardise"], far).isEmpty)
    // The one that differs is the last of many.
    let late = (0..<5000).map { "\($0 == 4999 ? 2 : 1),\($0 % 2)" }
    let test = late.suffix(2).joined(separator: "\n")
    let folder = try ScratchFolder()
    let path = try folder.write(test.utf8, to: "test.csv")
    #expect(try doubts(["data.test=\(path)"], late).isEmpty)
    #expect(throws: ConfigurationError.self) { try doubts(["data.test=\(path)"], late.dropLast()) }
  }

  @Test func `a class counts where it can be trained on`() throws {
    // To reconstruct inputs, labels do not matter.
    #expect(throws: ConfigurationError.self) { try doubts([], rows { _ in "oak" }) }
    #expect(try doubts(["data.target=input", "loss=squaredError"], rows { _ in "oak" }).isEmpty)
    // Of the three elms some draws leave none to train on, and some draws of 28 no more than one class.
    let folder = try ScratchFolder()
    let trees = rows { $0 % 13 == 5 ? "elm" : $0 % 2 == 0 ? "oak" : "yew" }
    let path = try folder.write(trees.joined(separator: "\n").utf8, to: "a.csv")
    var seen: Set<Int> = []
    for held in [15, 28] {
      for seed in 1...40 {
        let configuration = try ConfigurationSource(
          preset: .standard,
          settings: [
            "data.set=csv", "data.path=\(path)", "data.validation=\(held)", "training.seed=\(seed)",
          ]
        ).configuration()
        let problem = try LearningProblem(configuration)
        let training = problem.split.training
        let names = Set((0..<training.count).map { training.dataset.classNames[training.label(at: $0)] })
        seen.insert(names.count)
        if names.count == 1 {
          #expect(throws: ConfigurationError.self) { try problem.checkLearnable(by: configuration) }
        } else {
          let found = try problem.checkLearnable(by: configuration).filter { $0.contains("no training sample") }
          #expect(found.isEmpty == (names.count == 3))
          for name in ["oak", "yew", "elm"] where !names.contains(name) {
            #expect(found.allSatisfy { $0.contains("'\(name)'") })
          }
        }
      }
    }
    #expect(seen == [1, 2, 3])
  }

  @Test func `numbers in the place of classes raise doubts, and so does a constant in the place of numbers`() throws {
    let folder = try ScratchFolder()
    let numbers = rows { "\($0).5" }
    let path = try folder.write(numbers.joined(separator: "\n").utf8, to: "test.csv")
    let many = try doubts(["data.test=\(path)"], numbers)
    #expect(many.count == 1 && many[0].contains("40 classes") && many[0].contains("data.target value"))
    #expect(try doubts(["data.test=\(path)"] + Self.values, numbers).isEmpty)
    let constant = try doubts(Self.values, rows { _ in "7" })
    #expect(constant.count == 1 && constant[0].contains("same target"))
  }

  @Test(arguments: [
    ("uniform", 0.6, false), ("uniform", 0.89, false), ("uniform", 0.9, true), ("uniform", 1, true),
    ("pairFlip", 0.45, false), ("pairFlip", 0.5, true),
  ]) func `label noise is doubted where a wrong label is as likely as the true one`(
    kind: String, rate: Double, isDoubted: Bool
  ) throws {
    let found = try doubts(["data.labelNoise={kind: \(kind), rate: \(rate)}"])
    #expect(found.count == (isDoubted ? 1 : 0) && found.allSatisfy { $0.contains("data.labelNoise") })
  }

  /// Settings with a doubt, some words of it, and a change that takes it away.
  static let doubted: [([String], String, String)] = [
    (["network=[{dense: 10}, tanh]"], "cannot fall below 0.7966", "network=[{dense: 10}, tanh, {dense: 10}]"),
    (
      ["network=[{dense: 10}, sigmoid]", "loss=sigmoidCrossEntropy"], "no probability is below 1/2",
      "network=[{dense: 10}]"
    ),
    (
      ["data.target=input", "loss=squaredError", "network=[{dense: 64}, sigmoid]"], "from -1 to 1",
      "data.scale=unit"
    ),
    (["network=[{dense: 64}, {dropout: 0.01}, {dense: 10}]"], "keeps none", "network=[{dense: 64}, {dense: 10}]"),
    (["schedule.warmup=601"], "600", "training.epochs=41"),
  ]

  @Test(arguments: doubted.indices) func `settings that keep a network from learning are doubted`(index: Int) throws {
    let (settings, says, mend) = Self.doubted[index]
    let found = try doubts(settings)
    #expect(found.count == 1 && found.allSatisfy { $0.contains(says) }, "\(found)")
    #expect(try doubts(settings + [mend]).isEmpty)
  }

  @Test func `targets beyond the outputs are doubted`() throws {
    let network = "network=[{dense: 4}, tanh, {dense: 1}, sigmoid]"
    let found = try doubts(Self.values + [network], rows { "\($0)" })
    #expect(found.count == 1 && found.allSatisfy { $0.contains("outputs of the last sigmoid are from 0 to 1") })
    #expect(try doubts(Self.values + [network], rows { "\(Double($0) / 40)" }).isEmpty)
  }

  @Test(arguments: [1, 3]) func `a path that is dead from the start is seen`(seed: Int) throws {
    func start(_ settings: [String]) throws -> String? {
      let configuration = try ConfigurationSource(preset: .standard, settings: settings).configuration()
      return try TrainingLoop<Float>(configuration, problem: LearningProblem(configuration), ranks: 1).deadStart()
    }
    // With these seeds one of the two units is 0 for every sample.
    let narrow = ["network=[{dense: 1}, relu, {dense: 1}, relu, {dense: 10}]", "training.seed=\(seed)"]
    #expect(try start(narrow)?.contains("weights of layer") == true)
    #expect(try start(narrow + ["network=[{dense: 1}, tanh, {dense: 1}, tanh, {dense: 10}]"]) == nil)
    #expect(try start(["training.seed=\(seed)"]) == nil)
  }

  @Test(arguments: [7, 2000]) func `inputs that are mostly 0 are not taken for a dead path`(every: Int) throws {
    let folder = try ScratchFolder()
    // The first samples, and those at equal distances, are 0.
    let lines = (0..<2000).map { $0 % every == every - 2 ? "1,\($0 % 3),1" : "0,0,0" }
    let path = try folder.write(lines.joined(separator: "\n").utf8, to: "sparse.csv")
    let settings = [
      "data={set: csv, path: \(path), test: \(path), target: value, scale: none}", "loss=squaredError",
      "network=[{dense: {outputs: 8, bias: false}}, relu, {dense: {outputs: 1, bias: false}}]",
    ]
    let configuration = try ConfigurationSource(preset: .standard, settings: settings).configuration()
    let loop = try TrainingLoop<Float>(configuration, problem: LearningProblem(configuration), ranks: 1)
    #expect(try loop.deadStart() == nil)
  }
}
