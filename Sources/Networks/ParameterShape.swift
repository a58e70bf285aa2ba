/// The name and shape of one block of a layer's parameters.
public struct ParameterShape: Equatable, Sendable {
  /// What a block does in its layer, and its name in model files.
  ///
  /// Biases can be left out of regularisation. Running averages are not trained: their Ẇ and Ẅ are 0 and they are never
  /// regularised; they lie with the weights so that one arena is all that a network has learnt.
  public enum Role: String, Sendable {
    case weight, bias
    case runningMean = "running_mean"
    case runningVariance = "running_var"

    /// Whether the optimizer moves the block.
    public var isTrained: Bool { self == .weight || self == .bias }
  }

  public let role: Role
  /// [outputs × inputs] for the weights of a dense layer, [units] for everything else.
  public let shape: [Int]
  /// What every element starts at, whatever the initialisation; nil where the initialisation says.
  public let initialValue: Double?

  public init(role: Role, shape: [Int], initialValue: Double? = nil) {
    self.role = role
    self.shape = shape
    self.initialValue = initialValue
  }

  /// The number of parameters.
  public var count: Int { shape.reduce(1, *) }
}
