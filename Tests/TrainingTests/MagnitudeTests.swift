import Configurations
import Datasets
import Diagnostics
import Foundation
import Optimizers
import TestSupport
import Testing
import Training

/// Numbers of data and settings that a precision cannot hold.
struct MagnitudeTests {
  private func configuration(_ settings: [String]) throws -> Configuration {
    try ConfigurationSource(preset: .standard, settings: settings).configuration()
  }

  /// Twenty rows of small numbers in columns a, b and y; the one in line 11 has another cell.
  private func table(_ cell: String, column: Int, header: Bool = true) -> String {
    let rows = (0..<20).map { row in
      var cells = ["0.\(row)", "\(row % 4)", "\(row % 2)"]
      if row == (header ? 9 : 10) { cells[column] = cell }
      return cells.joined(separator: ",")
    }
    return ((header ? ["a,b,y"] : []) + rows).joined(separator: "\n")
  }

  private func load(_ text: String, test: String? = nil, _ settings: String...) throws -> LearningProblem {
    let folder = try ScratchFolder()
    let path = try folder.write(gzipped(Array(text.utf8)), to: "train.csv.gz")
    var all = ["data.set=csv", "data.path=\(path)"]
    if let test { all.append("data.test=\(try folder.write(test.utf8, to: "test.csv"))") }
    return try LearningProblem(configuration(all + settings))
  }

  private func error(_ body: () throws -> LearningProblem) throws -> String {
    "\(try #require(throws: DatasetError.self) { _ = try body() })"
  }

  @Test(arguments: ["symmetric", "unit", "standardise", "none"])
  func `a feature that does not fit float32 is named with file, line and column`(scale: String) throws {
    let text = try error { try load(table("1e39", column: 1), "data.scale=\(scale)") }
    #expect(text.contains("train.csv.gz, line 11: column \"b\" holds 1e+39, too large for float32"))
    #expect(text.contains("scale the column, or set training.precision to float64"))
    _ = try load(table("1e39", column: 1), "data.scale=\(scale)", "training.precision=float64")
  }

  @Test func `a test file is looked at too, and without a header columns are counted`() throws {
    let text = try error {
      try load(table("0", column: 0, header: false), test: table("-1e39", column: 0, header: false))
    }
    #expect(text.contains("test.csv, line 11: column 0 (counted from 0) holds -1e+39"))
    // In its own file the number may be scaled to anything: as the network gets it its square must fit.
    let scaled = try error { try load(table("0", column: 0), test: table("1e20", column: 1)) }
    #expect(scaled.contains("test.csv, line 11: column \"b\" holds 1e+20, which data.scale symmetric makes"))
    #expect(scaled.contains("whose square is too large for float32"))
  }

  @Test(arguments: [
    ("1e39", "too large"), ("1e30", "whose square is too large"), ("-2e19", "whose square is too large"),
  ])
  func `a target whose squared error overflows is named`(cell: String, says: String) throws {
    let values = ["data.target=value", "loss=squaredError"]
    for (training, test) in [(cell, "1"), ("1", cell)] {
      let text = try error {
        try load(table(training, column: 2), test: table(test, column: 2), values[0], values[1])
      }
      #expect(
        text.contains("line 11: column \"y\" holds \(try #require(Double(cell))), \(says) for float32"), "\(text)")
    }
    _ = try load(table(cell, column: 2), values[0], values[1], "training.precision=float64")
    // As a name of a class it is no number to compute with.
    _ = try load(table(cell, column: 2))
  }

  @Test func `a number that float64 does not help with is not said to be helped`() throws {
    let text = try error { try load(table("1e200", column: 1), "data.scale=none") }
    #expect(text.hasSuffix("; scale the column"))
    let spread = try error {
      try load(table("1e200", column: 1), "data.scale=standardise", "training.precision=float64")
    }
    #expect(spread.contains("line 11: column \"b\" holds 1e+200, so that the variance of the column is not finite"))
  }

  @Test func `numbers up to the limits are taken`() throws {
    _ = try load(table("3e38", column: 1))
    _ = try load(table("1.8e19", column: 1), "data.scale=none")
    _ = try load(table("-1.8e19", column: 2), "data.target=value", "loss=squaredError")
  }

  @Test(arguments: [
    (["optimizer.learningRate=1e39"], "optimizer.learningRate is 1e+39, which is infinite in float32"),
    (["optimizer.learningRate=1e-50"], "optimizer.learningRate is 1e-50, which is 0 in float32"),
    (["optimizer={name: adam, epsilon: 1e-50}"], "optimizer.epsilon is 1e-50, which is 0"),
    (["optimizer.damping=1e40"], "optimizer.damping is 1e+40, which is infinite"),
    (["regularization.l2=1e-60"], "regularization.l2 is 1e-60, which is 0"),
    (["regularization.l1=1e50"], "regularization.l1 is 1e+50, which is infinite"),
    (["schedule={name: inverseRoot, scale: 1e-50}"], "schedule.scale is 1e-50, which is 0"),
    (
      ["optimizer.learningRate=1e-30", "schedule={name: inverseRoot, scale: 1e-30}"],
      "schedule.scale is 1e-30: over training.epochs 40 the learning rate becomes 0 in float32"
    ),
    (
      ["schedule={name: exponential, factor: 10}", "training.epochs=50"],
      "schedule.factor is 10.0: over training.epochs 50 the learning rate becomes infinite in float32"
    ),
    (["training.gradientStep=1e39"], "training.gradientStep is 1e+39, which is infinite"),
    (["network=[{dropout: 1e-50}, {dense: 10}]"], "layer 0 is dropout with keep 1e-50, whose inverse is infinite"),
    (["reweight={strategy: fused, radius: 1e-50}"], "reweight.radius is 1e-50, which is 0"),
    (["reweight={strategy: fused, blocks: 'encoder=0-2:1e-50,head=4'}"], "the radius of encoder in reweight.blocks"),
    (["compare.learningRates={sgd: [1e39]}"], ""),
  ])
  func `a setting that is 0 or infinite in float32 is refused, and taken in float64`(settings: [String], says: String)
    throws
  {
    let wide = try configuration(settings + ["training.precision=float64"])
    guard !says.isEmpty else {
      #expect(throws: ConfigurationError.self) {
        _ = try Comparison(configuration(settings), optimizers: [.sgd], seeds: [1], budget: .epochs)
      }
      _ = try Comparison(wide, optimizers: [.sgd], seeds: [1], budget: .epochs)
      return
    }
    let error = try #require(throws: ConfigurationError.self) { _ = try configuration(settings) }
    #expect("\(error)".contains(says), "\(error)")
  }
}
