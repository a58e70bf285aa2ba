/// What remembers something from step to step that a training which goes on later must have again.
///
/// Every number is named once, in ``exchange(with:)``: what is handed out and what is taken back cannot differ. A test holds
/// the stored properties of every such type against those that are exchanged and those that are fixed or of one step
/// only, so that a new one is not forgotten.
public protocol Resumable {
  /// Hands every number that is remembered to a checkpoint, or takes it back from one, bit by bit.
  ///
  /// - Throws: what `state` throws: where it gives, ranks that cannot be heard; where it takes, a number that is missing or
  ///   has another shape.
  mutating func exchange(with state: any StateExchange) throws
}

/// The way of numbers out of a training and back into it.
///
/// Where ranks share the work, every rank calls the same in the same order: giving may gather what each of them has of an
/// array, and taking may hear it from another rank.
public protocol StateExchange: AnyObject {
  /// Whether numbers are overwritten with what was kept; else they are kept as they are.
  var isTaking: Bool { get }
  /// What stands before the names of the present part.
  var prefix: String { get set }

  /// An array; an empty one is nothing to remember.
  func array<Scalar: Real>(_ name: String, _ values: Vector<Scalar>) throws
  /// Numbers that are the same on every rank, as many as there are.
  func numbers(_ name: String, _ values: inout [Int]) throws
  func numbers(_ name: String, _ values: inout [Double]) throws
  /// Parameters: they have a file of their own, with a tensor for each block.
  func parameters<Scalar: Real>(_ blocks: [StateBlock], _ values: Vector<Scalar>) throws
}

/// A run of parameters, with the name and the shape that it has in files.
public struct StateBlock: Equatable, Sendable {
  public let name: String
  public let shape: [Int]
  public let range: Range<Int>

  public init(name: String, shape: [Int], range: Range<Int>) {
    (self.name, self.shape, self.range) = (name, shape, range)
  }
}

extension StateExchange {
  public func number(_ name: String, _ value: inout Int) throws {
    var one = [value]
    try numbers(name, &one)
    value = one[0]
  }

  public func number(_ name: String, _ value: inout Double) throws {
    var one = [value]
    try numbers(name, &one)
    value = one[0]
  }

  public func number(_ name: String, _ value: inout Bool) throws {
    var one = value ? 1 : 0
    try number(name, &one)
    value = one != 0
  }

  /// What another value remembers, its names after `name` and a point.
  public func part(_ name: String, _ body: (any StateExchange) throws -> Void) rethrows {
    let outer = prefix
    prefix += name + "."
    defer { prefix = outer }
    try body(self)
  }
}

/// Numbers of a checkpoint that do not fit the training that is to take them.
public struct StateMismatch: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}
