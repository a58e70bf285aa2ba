/// A type with state from step to step, which a resumed training run must restore.
///
/// Every number is named once, in ``exchange(with:)``, so that saving and restoring cannot differ. A test compares the
/// stored properties of every such type with a list of those that are exchanged, fixed, or used in one step only, so
/// that no new property is forgotten.
public protocol Resumable {
  /// Saves every number of the state to a checkpoint, or restores it from one, bit by bit.
  ///
  /// - Throws: what `state` throws: when saving, that other ranks cannot be reached; when restoring, that a number is
  ///   missing or has another shape.
  mutating func exchange(with state: any StateExchange) throws
}

/// Saves the numbers of a training run, or restores them.
///
/// With several ranks, every rank makes the same calls in the same order: saving may gather the parts of an array from
/// all ranks, and restoring may receive an array from another rank.
public protocol StateExchange: AnyObject {
  /// Whether numbers are restored, that is overwritten with the saved ones; otherwise they are saved.
  var isTaking: Bool { get }
  /// The prefix of the names of the current part.
  var prefix: String { get set }

  /// Saves or restores an array; an empty array has nothing to save.
  func array<Scalar: Real>(_ name: String, _ values: Vector<Scalar>) throws
  /// Saves or restores numbers that are the same on every rank; their count does not change.
  func numbers(_ name: String, _ values: inout [Int]) throws
  func numbers(_ name: String, _ values: inout [Double]) throws
  /// Saves or restores numbers that are mostly all 0: they are saved only where one of them is not 0.
  func sparseNumbers(_ name: String, _ values: inout [Int]) throws
  /// Saves or restores parameters, which have their own file with one tensor for each block.
  func parameters<Scalar: Real>(_ blocks: [StateBlock], _ values: Vector<Scalar>) throws
}

/// A contiguous range of parameters, with its name and its shape in files.
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

  /// Exchanges the state of another value, whose names get the prefix `name` and a point.
  public func part(_ name: String, _ body: (any StateExchange) throws -> Void) rethrows {
    let outer = prefix
    prefix += name + "."
    defer { prefix = outer }
    try body(self)
  }
}

/// Numbers of a checkpoint that do not fit the training run that restores them.
public struct StateMismatch: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}
