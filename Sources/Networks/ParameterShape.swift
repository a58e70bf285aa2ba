/// The name and shape of one block of a layer's parameters.
public struct ParameterShape: Equatable, Sendable {
  /// What a block does in its layer, and its name in model files.
  ///
  /// Biases can be left out of regularisation. Running averages are not trained: their Ẇ and Ẅ are 0 and they are never
  /// regularised; they lie with the weights so that one arena is all that a network has learnt.
  public enum Role: String, CaseIterable, Sendable {
    case weight, bias
    case runningMean = "running_mean"
    case runningVariance = "running_var"

    /// Whether the optimizer moves the block.
    public var isTrained: Bool { self == .weight || self == .bias }
  }

  /// How a block gets its first values.
  public enum Start: Equatable, Sendable {
    /// Every element is this number.
    case value(Double)
    /// (M19) Drawn by the initialisation, for units with so many inputs and for inputs that so many units read.
    case drawn(fanIn: Int, fanOut: Int)
  }

  public let role: Role
  /// [outputs × inputs] for the weights of a dense layer, [units] for everything else.
  public let shape: [Int]
  public let start: Start

  public init(role: Role, shape: [Int], start: Start) { (self.role, self.shape, self.start) = (role, shape, start) }

  /// The number of parameters.
  public var count: Int { shape.reduce(1, *) }
}
