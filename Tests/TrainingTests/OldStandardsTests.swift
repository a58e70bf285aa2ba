import Configurations
import Networks
import Runs
import TestSupport
import Testing

/// What settings that are left out mean to runs of before, and to files of the user's.
struct OldStandardsTests {
  private func written(_ text: String) throws -> Configuration {
    try ConfigurationSource.written(text + "\nnetwork: [{dense: 10}]", path: "config.yml")
  }

  /// A file of the user's, over a source.
  private func user(_ text: String, over source: ConfigurationSource = ConfigurationSource(preset: .standard)) throws
    -> Configuration
  {
    let folder = try ScratchFolder()
    var source = source
    source.file = try folder.write(text.utf8, to: "my.yml")
    return try source.configuration()
  }

  @Test(arguments: [
    ("", LastBatch.keep), ("training: {batch: 7}", .keep), ("format: 1", .keep), ("format: 2", .spread),
    ("format: 2\ntraining: {batch: 7}", .spread), ("training: {lastBatch: drop}", .drop),
    ("format: 1\ntraining: {lastBatch: spread}", .spread), ("training: {lastBatch: }", .keep), ("format:", .keep),
  ])
  func `a run without a format keeps the last batch, unless it says otherwise`(text: String, lastBatch: LastBatch)
    throws
  {
    #expect(try written(text).training.lastBatch == lastBatch)
  }

  @Test(arguments: [
    ("", Partition.weight), ("format: 2", .weight), ("format: 3", .unit), ("optimizer: {partition: unit}", .unit),
    ("format: 3\noptimizer: {partition: weight}", .weight), ("optimizer: {lengths: measured}", .weight),
    ("optimizer: {name: residualPartitioning}", .weight), ("optimizer: {learningRate: 1}", .weight),
  ])
  func `a run of before has its partition by weight, unless it says otherwise`(text: String, partition: Partition)
    throws
  {
    #expect(try written(text).optimizer.partition == partition)
    // Optimizers without a partition have none.
    #expect(
      try written("\(text)\n".contains("optimizer") ? "optimizer: {name: adam}" : text + "\noptimizer: {name: adam}")
        .optimizer.partition == nil)
  }

  @Test func `so has the student of a run of before`() throws {
    let reweight = "data: {validation: 100}\nreweight: {levels: 3, unlabelled: 500, student: "
    for (student, partition) in [
      ("{optimizer: {momentum: 0.8}}", Partition.weight), ("{optimizer: {partition: unit}}", .unit),
      ("{optimizer: {name: sgd}}", nil), ("{loss: softmaxCrossEntropy}", .weight),
    ] {
      #expect(try written("format: 2\n\(reweight)\(student)}").ofStudent.optimizer.partition == partition)
    }
    #expect(try written("format: 3\n\(reweight){optimizer: {momentum: 0.8}}}").ofStudent.optimizer.partition == .unit)
  }

  @Test(arguments: ["training: {batch: 7}", "format: 1", "format: 2", "format:", ""])
  func `a file of the user's has the standards of today`(text: String) throws {
    let found = try user(text)
    #expect(found.training.lastBatch == .spread)
    #expect(found.training.batch == (text.contains("batch") ? 7 : 100))
  }

  @Test func `standards of a run lie below all that the user names`() throws {
    var source = ConfigurationSource(preset: .standard)
    source.standards = ["training.lastBatch=keep"]
    #expect(try source.configuration().training.lastBatch == .keep)
    source.settings = ["training.lastBatch=drop"]
    #expect(try source.configuration().training.lastBatch == .drop)
    source.settings = []
    #expect(try user("training: {lastBatch: spread}", over: source).training.lastBatch == .spread)
    #expect(try user("training: {batch: 7}", over: source).training.lastBatch == .keep)
  }

  @Test(arguments: ["4", "99", "0", "x", "[1]", "1.5"]) func `another format is refused by name`(format: String) throws
  {
    for error in [
      #expect(throws: ConfigurationError.self, performing: { try written("format: \(format)") }),
      #expect(throws: ConfigurationError.self, performing: { try user("format: \(format)") }),
    ] {
      let text = try #require(error).description
      #expect(text.contains("format"))
      #expect(text.contains("made by a newer rp-dist") == (Int(format) ?? 0 > 3), "\(text)")
    }
  }

  @Test func `what is written names its format first, and means the same when it is read again`() throws {
    for lastBatch in LastBatch.allCases {
      let settings = try ConfigurationSource(
        preset: .standard, settings: ["training.lastBatch=\(lastBatch.rawValue)"]
      ).configuration()
      let text = try settings.yaml()
      #expect(text.hasPrefix("format: 3\n"))
      #expect(try ConfigurationSource.written(text, path: "config.yml") == settings)
      #expect(try user(text) == settings)
    }
  }
}
