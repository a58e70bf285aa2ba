/// Where each layer's parameters lie in the arenas of parameters, Ẇ and Ẅ, which all have this one order.
public struct ParameterLayout: Sendable {
  /// One weight matrix, or one vector of biases, scales or running averages.
  public struct Block: Sendable {
    /// The layer's number, counted as PyTorch's nn.Sequential counts: activation layers have numbers too.
    public let layer: Int
    public let role: ParameterShape.Role
    /// [outputs × inputs] for the weights of a dense layer, [units] for everything else.
    public let shape: [Int]
    /// What every element starts at, whatever the initialisation; nil where the initialisation says.
    public let initialValue: Double?
    /// The block's elements in the arenas.
    public let range: Range<Int>

    /// Whether the optimizer moves the block; false for running averages, whose Ẇ and Ẅ are 0.
    public var isTrained: Bool { role.isTrained }

    /// The name in model files, for example `layers.0.weight`.
    public var name: String { "layers.\(layer).\(role.rawValue)" }
  }

  /// All blocks, in the order of the arenas, without gaps.
  public let blocks: [Block]
  /// For each layer, its slice of the arenas; empty for layers without parameters.
  public let slices: [Range<Int>]
  /// The number of parameters, running averages included.
  public let count: Int

  init(_ shapes: [[ParameterShape]]) {
    var blocks: [Block] = []
    var slices: [Range<Int>] = []
    var offset = 0
    for (layer, shapes) in shapes.enumerated() {
      let start = offset
      for shape in shapes {
        let range = offset..<offset + shape.count
        blocks.append(
          Block(
            layer: layer, role: shape.role, shape: shape.shape, initialValue: shape.initialValue, range: range))
        offset = range.upperBound
      }
      slices.append(start..<offset)
    }
    (self.blocks, self.slices, count) = (blocks, slices, offset)
  }
}
