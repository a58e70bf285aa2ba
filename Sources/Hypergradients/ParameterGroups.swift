public import Networks

/// Blocks of parameters that are perturbed one at a time, each with its own radius.
///
/// `joint` is one block of all parameters; `layers` is a block for each layer with parameters. Named groups of layers
/// are written `encoder=0-2:0.01,head=4:0.05`: the layer numbers are those of model files, and the radius after the
/// colon is optional.
public enum ParameterGroups: Equatable, Sendable {
  case joint
  case layers
  case named([Named])

  /// A named group of layers.
  public struct Named: Equatable, Sendable {
    public var name: String
    public var layers: ClosedRange<Int>
    /// The group's own radius; nil for the common one.
    public var radius: Double?

    public init(name: String, layers: ClosedRange<Int>, radius: Double? = nil) {
      (self.name, self.layers, self.radius) = (name, layers, radius)
    }
  }

  /// One block of a network's parameters.
  public struct Block: Equatable, Sendable {
    public let name: String
    /// The ranges of its trained parameters in the arenas; adjacent ranges are joined.
    public let ranges: [Range<Int>]
    /// The size of its perturbation: α‖v‖ of (M25), β‖q‖ of (M26).
    public let radius: Double
  }

  /// The blocks of a network.
  ///
  /// - Parameters:
  ///   - radius: the radius of blocks without one of their own.
  ///   - network: the network's name in errors, for example "teacher".
  ///   - numbers: the number of each layer in the groups, where it is not its place; see ``Learner/layerNumbers``.
  /// - Throws: ``HypergradientError`` if a named group has no parameters, if two groups share parameters, or if some
  ///   parameters are in no group: the sum over the blocks would then be no derivative.
  public func blocks(
    of layout: ParameterLayout, radius: Double, network: String, numbers known: [Int: Int] = [:]
  ) throws(HypergradientError) -> [Block] {
    let trained = layout.blocks.filter(\.isTrained)
    func number(_ part: ParameterLayout.Block) -> Int { known[part.layer] ?? part.layer }
    func block(_ name: String, _ own: Double?, _ isIn: (Int) -> Bool) -> Block {
      var ranges: [Range<Int>] = []
      for part in trained where isIn(number(part)) {
        if let last = ranges.last, last.upperBound == part.range.lowerBound {
          ranges[ranges.count - 1] = last.lowerBound..<part.range.upperBound
        } else {
          ranges.append(part.range)
        }
      }
      return Block(name: name, ranges: ranges, radius: own ?? radius)
    }
    let numbers = Set(trained.map(number)).sorted()
    switch self {
    case .joint: return [block("joint", nil) { _ in true }]
    case .layers: return numbers.map { number in block("layers.\(number)", nil) { $0 == number } }
    case .named(let groups):
      for group in groups where !numbers.contains(where: group.layers.contains) {
        throw HypergradientError(
          "block \(group.name): no layer from \(group.layers.lowerBound) to \(group.layers.upperBound) of the \(network) "
            + "has parameters; those that have are \(list(numbers))")
      }
      for number in numbers {
        let owners = groups.filter { $0.layers.contains(number) }
        guard owners.count == 1 else {
          throw HypergradientError(
            owners.isEmpty
              ? "layer \(number) of the \(network) is in no block; every layer with parameters (\(list(numbers))) must "
                + "be in one"
              : "layer \(number) of the \(network) is in the blocks \(owners[0].name) and \(owners[1].name); a layer "
                + "belongs to one block")
        }
      }
      return groups.map { group in block(group.name, group.radius) { group.layers.contains($0) } }
    }
  }

  private func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ", ") }
}

extension ParameterGroups {
  /// Reads `joint`, `layers`, or named groups.
  ///
  /// - Throws: ``HypergradientError`` that names the text that cannot be read.
  public init(parsing text: String) throws(HypergradientError) {
    switch text {
    case "joint": self = .joint
    case "layers": self = .layers
    default:
      guard text.contains("=") else {
        let unknown = UnknownName(text, among: ["joint", "layers"], kind: "value")
        throw HypergradientError(
          "blocks: \(unknown.description); or name groups, for example encoder=0-2:0.01,head=4:0.05")
      }
      var groups: [Named] = []
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let group = try Named(parsing: String(part))
        guard !groups.contains(where: { $0.name == group.name }) else {
          throw HypergradientError("blocks: two blocks are called \(group.name); give each a name of its own")
        }
        groups.append(group)
      }
      self = .named(groups)
    }
  }

  /// The groups as text that ``init(parsing:)`` reads.
  public var text: String {
    switch self {
    case .joint: "joint"
    case .layers: "layers"
    case .named(let groups):
      groups.map { group in
        let (first, last) = (group.layers.lowerBound, group.layers.upperBound)
        return "\(group.name)=\(first == last ? "\(first)" : "\(first)-\(last)")"
          + (group.radius.map { ":\($0)" } ?? "")
      }.joined(separator: ",")
    }
  }
}

extension ParameterGroups.Named {
  fileprivate init(parsing text: String) throws(HypergradientError) {
    let example = "write a name, layer numbers and a radius, for example encoder=0-2:0.01"
    let sides = text.split(separator: "=", omittingEmptySubsequences: false)
    guard sides.count == 2, !sides[0].isEmpty else {
      throw HypergradientError("blocks: '\(text)' is no block; \(example)")
    }
    let parts = sides[1].split(separator: ":", omittingEmptySubsequences: false)
    let numbers = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), (1...2).contains(numbers.count), let first = numbers[0],
      let last = numbers[numbers.count - 1], first >= 0, first <= last
    else { throw HypergradientError("blocks: '\(text)' names no layers; \(example)") }
    var radius: Double?
    if parts.count == 2 {
      guard let value = Double(parts[1]), value > 0, value.isFinite else {
        throw HypergradientError("blocks: the radius of '\(text)' is not a number above 0; \(example)")
      }
      radius = value
    }
    self.init(name: String(sides[0]), layers: first...last, radius: radius)
  }
}

/// A chain, blocks or samples for which no hypergradient can be computed; says what is wrong and how to correct it.
public struct HypergradientError: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}
