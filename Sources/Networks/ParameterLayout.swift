/// Where each layer's parameters lie in the arenas of parameters, Ẇ and Ẅ. All three have the same order.
public struct ParameterLayout: Sendable {
  /// One weight matrix, or one vector of biases, scales or running averages.
  public struct Block: Sendable {
    public let address: LayerAddress
    /// The number in the network's list of the layer, or of the layer whose branch contains it.
    public var layer: Int { address.number }
    public let role: ParameterShape.Role
    /// [outputs × inputs] for the weights of a dense layer, [units] for everything else.
    public let shape: [Int]
    /// What every element starts at, or how its first value is drawn.
    public let start: ParameterShape.Start
    /// The block's elements in the arenas.
    public let range: Range<Int>
    /// Where the layer's elements begin in the arenas.
    public let layerStart: Int
    /// The step of the network's plan that the block belongs to.
    let step: Int

    /// Whether the optimizer updates the block; false for running averages, whose Ẇ and Ẅ are 0.
    public var isTrained: Bool { role.isTrained }

    /// The name in model files, for example `layers.0.weight` or `layers.2.branch.0.weight`.
    public var name: String { "layers.\(address).\(role.rawValue)" }
  }

  /// All blocks, in the order of the arenas, without gaps.
  public let blocks: [Block]
  /// For each step of the plan, its slice of the arenas; empty for layers without parameters.
  public let slices: [Range<Int>]
  /// The number of parameters, running averages included.
  public let count: Int

  init(_ plan: SignalPlan) {
    var blocks: [Block] = []
    var slices: [Range<Int>] = []
    var offset = 0
    for (index, step) in plan.steps.enumerated() {
      let start = offset
      for shape in step.parameters {
        let range = offset..<offset + shape.count
        blocks.append(
          Block(
            address: step.address, role: shape.role, shape: shape.shape, start: shape.start, range: range,
            layerStart: start, step: index))
        offset = range.upperBound
      }
      slices.append(start..<offset)
    }
    (self.blocks, self.slices, count) = (blocks, slices, offset)
  }
}

/// The name and shape of one block of a layer's parameters.
public struct ParameterShape: Equatable, Sendable {
  /// The role of a block in its layer, and its name in model files.
  ///
  /// Biases can be left out of regularisation. Running averages are not trained: their Ẇ and Ẅ are 0 and they are never
  /// regularised. They lie with the weights, so that one arena holds everything that a network has learnt.
  public enum Role: String, CaseIterable, Sendable {
    case weight, bias
    case runningMean = "running_mean"
    case runningVariance = "running_var"

    /// Whether the optimizer updates the block.
    public var isTrained: Bool { self == .weight || self == .bias }
  }

  /// How a block gets its first values.
  public enum Start: Equatable, Sendable {
    /// Every element is this number.
    case value(Double)
    /// (M19) Drawn by the initialisation, for units with `fanIn` inputs and for inputs that `fanOut` units read.
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
