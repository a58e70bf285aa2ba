/// The dimensions of one sample at a boundary of a network, row-major: [784], or [channels, height, width].
public struct Shape: Equatable, Sendable, CustomStringConvertible {
  public let dimensions: [Int]

  public init(_ dimensions: [Int]) { self.dimensions = dimensions }

  /// One dimension.
  public init(_ count: Int) { dimensions = [count] }

  /// The product of the dimensions.
  public var count: Int { dimensions.reduce(1, *) }

  /// Whether the product of the dimensions, which may overflow, equals `count`.
  public func fits(_ count: Int) -> Bool { dimensions.reduce(1.0) { $0 * Double($1) } == Double(count) }

  public var description: String { dimensions.description }
}

/// In YAML and JSON the list of the dimensions.
extension Shape: Codable {
  public init(from decoder: any Decoder) throws { dimensions = try [Int](from: decoder) }

  public func encode(to encoder: any Encoder) throws { try dimensions.encode(to: encoder) }
}

/// The position of a layer: its number in the network's list and, for a layer in the branch of another one (such as
/// `residual`), its number in the branch.
///
/// It is a part of the address of the random numbers for initial parameters and dropout masks, so that the draws of one
/// layer do not depend on other layers.
public struct LayerAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The numbers from the outermost list to the innermost.
  public let path: [Int]

  public init(_ number: Int) { path = [number] }

  public init(path: [Int]) {
    precondition(!path.isEmpty, "a layer has a number")
    self.path = path
  }

  /// The number in the network's list, counted as PyTorch's nn.Sequential counts: layers without parameters have numbers too.
  public var number: Int { path[0] }

  /// A layer of this layer's branch.
  public func branch(_ number: Int) -> LayerAddress { LayerAddress(path: path + [number]) }

  /// As in the names of tensors: `2`, or `2.branch.0`.
  public var description: String { path.map(String.init).joined(separator: ".branch.") }

  public static func < (a: LayerAddress, b: LayerAddress) -> Bool { a.path.lexicographicallyPrecedes(b.path) }
}
