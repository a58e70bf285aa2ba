private import Foundation

/// A problem with float64 statistics of partition by unit (M27–M29), from `Tests/goldens/statistics-unit-<name>.json`.
public struct UnitGolden: Sendable {
  /// The statistics of one dense layer, means over the samples; n = inputs + 1, the bias last.
  public struct Layer: Decodable, Sendable {
    public var wDot: [[Double]]
    public var biasDot: [Double]
    /// g, [outputs].
    public var unitCurvature: [Double]
    /// A, [n × n].
    public var inputMoment: [[Double]]
    /// H, [outputs × n × n].
    public var blocks: [[[Double]]]

    public init(
      wDot: [[Double]], biasDot: [Double], unitCurvature: [Double], inputMoment: [[Double]], blocks: [[[Double]]]
    ) {
      (self.wDot, self.biasDot, self.unitCurvature) = (wDot, biasDot, unitCurvature)
      (self.inputMoment, self.blocks) = (inputMoment, blocks)
    }
  }

  public struct Expected: Decodable, Sendable {
    public var meanLoss: Double
    public var outputs: [[Double]]
    public var outputTotalGradient: [[Double]]
    public var paper: [Layer]
    public var full: [Layer]
  }

  public var problem: ReferenceProblem
  public var expected: Expected

  /// - Throws: what Foundation says if the file cannot be read or does not have the expected form.
  public static func load(name: String) throws -> UnitGolden {
    let path = Golden.directory.appendingPathComponent("statistics-unit-\(name).json")
    let data = try Data(contentsOf: path)
    struct File: Decodable { var expected: Expected }
    return UnitGolden(
      problem: try JSONDecoder().decode(Golden.Problem.self, from: data).problem,
      expected: try JSONDecoder().decode(File.self, from: data).expected)
  }
}
