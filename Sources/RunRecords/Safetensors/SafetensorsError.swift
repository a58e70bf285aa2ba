/// A safetensors file that cannot be read, breaks the format, or cannot be written.
public struct SafetensorsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What could not be done.
  public enum Kind: Equatable, Sendable {
    /// The file cannot be opened or read: missing, a directory, no permission, a failing disk.
    case unreadable
    /// The file was read, but its bytes break the format or are incomplete.
    case content
    /// The file cannot be written; its name still stands for what it stood for before, or for the complete new file.
    case cannotWrite
  }

  /// The path as the caller gave it.
  public let path: String
  /// What could not be done.
  public let kind: Kind
  /// The tensor the problem lies in, if it lies in one.
  public let tensor: String?
  /// What is wrong, as the predicate of a sentence whose subject is the file, or a sentence about the tensor.
  public let problem: String
  /// What the user can do about it.
  public let remedy: String

  /// Makes an error from its facts.
  public init(path: String, kind: Kind, tensor: String? = nil, problem: String, remedy: String) {
    self.path = path
    self.kind = kind
    self.tensor = tensor
    self.problem = problem
    self.remedy = remedy
  }

  /// One line: the file, the tensor, what is wrong; how to mend it.
  ///
  /// Control characters and line breaks in the path or in a name are shown as `\u{…}`.
  public var description: String {
    let place = tensor.map { "\(path), tensor \(SafetensorsJSON.quoted($0)):" } ?? path
    var line = ""
    for scalar in "\(place) \(problem); \(remedy)".unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator:
        line += "\\u{\(String(scalar.value, radix: 16))}"
      default:
        line.unicodeScalars.append(scalar)
      }
    }
    return line
  }
}

extension SafetensorsError {
  /// The remedy for a file whose header contradicts itself: nothing the reader does can mend it.
  static let writeAgain = "write the file again with the program that made it"
  /// The remedy for a file that lost bytes on its way.
  static let copyAgain = "copy it again"
}
