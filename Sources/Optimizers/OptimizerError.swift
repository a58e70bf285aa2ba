/// Settings of an optimizer that do not go together.
public struct OptimizerError: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}
