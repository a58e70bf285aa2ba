private import Foundation

/// A chain with float64 hypergradients that another implementation computed.
public struct HypergradientGolden: Decodable, Sendable {
  public struct Layer: Decodable, Sendable {
    public var weight: [[Double]]
    public var bias: [Double]
    public var activation: String
  }

  public struct Rows: Decodable, Sendable {
    public var inputs: [[Double]]
    public var targets: [[Double]]
    /// a of the training examples, κ of the pairs.
    public var weights: [Double]?
    public var weight: Double?
  }

  public struct Expected: Decodable, Sendable {
    public var threeLevel, twoLevel: [Double]
    public var validationLossThree, validationLossTwo: Double

    /// ∂L/∂a and L of a chain.
    public func of(_ levels: Int) -> (values: [Double], loss: Double) {
      levels == 2 ? (twoLevel, validationLossTwo) : (threeLevel, validationLossThree)
    }
  }

  public var teacher, student: [Layer]
  public var training, pairs, validation: Rows
  public var unlabelled: [[Double]]
  public var teacherRate, studentRate: Double
  public var expected: Expected

  public init() throws {
    let file = Golden.directory.appendingPathComponent("hypergradient-teacher-student-small.json")
    self = try JSONDecoder().decode(HypergradientGolden.self, from: Data(contentsOf: file))
  }
}
