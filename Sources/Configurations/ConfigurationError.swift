/// A configuration, preset or setting that cannot be used; says which key, what is wrong and how to mend it.
public struct ConfigurationError: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}
