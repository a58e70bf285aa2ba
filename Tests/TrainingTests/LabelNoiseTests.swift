import Configurations
import Datasets
import Runs
import TestSupport
import Testing
import Training

/// `data.labelNoise`: what a configuration makes of it.
struct LabelNoiseTests {
  private func configuration(_ settings: [String]) throws -> Configuration {
    try ConfigurationSource(preset: .standard, settings: settings).configuration()
  }

  private func noisy(_ settings: String...) throws -> LearningProblem {
    try LearningProblem(configuration(["data.labelNoise=on"] + settings))
  }

  private func labels(_ problem: LearningProblem) -> [Int] {
    (0..<problem.split.training.count).map(problem.split.training.label)
  }

  @Test func `what is left out has a standard, and off is none`() throws {
    let noise = try #require(try configuration(["data.labelNoise.kind=pairFlip"]).data.labelNoise)
    #expect(noise.kind == .pairFlip && noise.rate == 0.4 && noise.seed == 1)
    #expect(try configuration(["data.labelNoise=on"]).data.labelNoise == LabelNoiseConfiguration())
    #expect(try configuration(["data.labelNoise=on", "data.labelNoise=off"]).data.labelNoise == nil)
    #expect(try configuration([]).data.labelNoise == nil)
    for none in ["", "null", "~", "{}", "off"] {
      #expect(try configuration(["data.labelNoise=\(none)"]).data.labelNoise == nil)
      #expect(try configuration(["data.labelNoise=on", "data.labelNoise=\(none)"]).data.labelNoise == nil)
      #expect(try configuration(["data.labelNoise=\(none)", "data.labelNoise.rate=0.3"]).data.labelNoise?.rate == 0.3)
    }
    let full = try configuration(["data.labelNoise={kind: pairFlip, rate: 0.45, seed: 3}"])
    #expect(try ConfigurationSource.written(full.yaml(), path: "config.yml") == full)
  }

  @Test(arguments: ["", " null", " {}", " off", "\n    # kind: uniform"])
  func `a file that empties the noise of a preset has none`(value: String) throws {
    let folder = try ScratchFolder()
    let file = try folder.write("data:\n  labelNoise:\(value)\n".utf8, to: "a.yml")
    let preset = try Preset.named("noisy-digits-reweight")
    #expect(try ConfigurationSource(preset: preset).configuration().data.labelNoise != nil)
    #expect(try ConfigurationSource(preset: preset, file: file).configuration().data.labelNoise == nil)
  }

  @Test(arguments: [
    (["data.labelNoise.rate=-0.1"], ["data.labelNoise.rate is -0.1", "from 0 to 1"]),
    (["data.labelNoise.rate=.nan"], ["data.labelNoise.rate is nan", "from 0 to 1"]),
    (["data.labelNoise.rate=many"], ["data.labelNoise.rate", "'many'"]),
    (["data.labelNoise.kind=pairflop"], ["data.labelNoise.kind", "'pairflop'", "did you mean 'pairFlip'?"]),
    (["data.labelNoise.share=0.1"], ["data.labelNoise", "unknown key 'share'", "kind, rate, seed"]),
    (["data.labelNoise=0.4"], ["data.labelNoise", "a section with keys"]),
    (
      ["data.labelNoise=on", "data.set=curve", "data.target=value", "loss=squaredError"],
      ["data.labelNoise flips classes", "data.target is value", "off"]
    ),
  ])
  func `noise that cannot be is refused with a remedy`(settings: [String], says: [String]) throws {
    let error = #expect(throws: ConfigurationError.self) { try configuration(settings) }
    for words in says { #expect(try #require(error).description.contains(words), "\(String(describing: error))") }
  }

  @Test func `the noise is that of its own seed and the sample, whatever the run's seed and the validation set are`()
    throws
  {
    let whole = try noisy()
    #expect(try labels(noisy("training.seed=9", "training.batch=7")) == labels(whole))
    #expect(try labels(noisy("data.labelNoise.seed=2")) != labels(whole))
    let some = try noisy("data.validation=400", "training.seed=4")
    for position in 0..<some.split.training.count {
      let id = some.split.training.id(at: position)
      #expect(some.split.training.label(at: position) == whole.split.training.dataset.label(of: id))
    }
  }

  @Test func `the problem without its flipped samples keeps its scaling`() throws {
    // The rows with the extremes are flipped, so that a scaling of the rest would be another one.
    let noise = LabelNoise(kind: .pairFlip, rate: 0.4, seed: 1)
    let isFlipped = (0..<40).map { noise.label(of: $0, truly: 0, classes: 2) != 0 }
    let folder = try ScratchFolder()
    let rows = (0..<40).map { "\(isFlipped[$0] ? 1000 : $0),\($0 % 2)" }
    let path = try folder.write(rows.joined(separator: "\n").utf8, to: "a.csv")
    let problem = try noisy(
      "data.set=csv", "data.path=\(path)", "data.test=\(path)", "data.labelNoise.kind=pairFlip", "data.scale=unit")
    #expect(problem.split.isFlipped == isFlipped)
    let clean = try problem.withoutFlippedSamples()
    #expect(clean.split.training.count == isFlipped.count { !$0 })
    #expect(clean.map.scale == problem.map.scale && clean.map.offset == problem.map.offset)
    #expect(problem.map.scale[0] < 1 / 990)
    #expect(clean.split.trueTraining == nil && clean.features == problem.features && clean.outputs == problem.outputs)
    #expect(labels(clean) == isFlipped.indices.filter { !isFlipped[$0] }.map { $0 % 2 })
    let without = try LearningProblem(try configuration([])).withoutFlippedSamples()
    #expect(without.split.training.count == 1438)
  }

  @Test func `where noise left no label true, there is nothing clean to train on`() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try noisy("data.labelNoise.rate=1").withoutFlippedSamples()
    }
    let sentence = try #require(error).description
    #expect(sentence.contains("none of the 1438 training samples") && sentence.contains("lower data.labelNoise.rate"))
  }
}
