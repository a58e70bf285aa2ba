private import Foundation

/// A configuration, preset or setting that cannot be used; says which key, what is wrong and how to correct it.
public struct ConfigurationError: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// A file or folder that is missing or cannot be read.
public struct UnreadableFile: Error, CustomStringConvertible, Equatable {
  public let path: String
  /// What is wrong, if it is known.
  public let problem: String?

  public init(path: String, problem: String? = nil) { (self.path, self.problem) = (path, problem) }

  public var description: String {
    if let problem { return "\(path) \(problem)" }
    return FileManager.default.fileExists(atPath: path)
      ? "\(path) cannot be read: is it a file, and may you read it?" : "\(path) does not exist"
  }
}
