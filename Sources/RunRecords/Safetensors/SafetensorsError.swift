/// A safetensors file that cannot be read, breaks the format, or cannot be written.
public struct SafetensorsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Kind: Equatable, Sendable {
    /// The file cannot be opened or read: missing, a directory, no permission, a failing disk.
    case unreadable
    /// The file was read, but its bytes break the format or are incomplete.
    case content
    /// The file cannot be written; its name still stands for the old content, or for the complete new file.
    case cannotWrite
  }

  /// The path as the caller gave it.
  public let path: String
  /// The kind of failure.
  public let kind: Kind
  /// The tensor with the problem, if the problem is in one tensor.
  public let tensor: String?
  /// What is wrong. Without a tensor, this is the predicate of a sentence whose subject is the file; with a tensor, it
  /// is a whole sentence.
  public let problem: String
  /// What the user can do about it.
  public let remedy: String

  /// Creates an error from its parts.
  public init(path: String, kind: Kind, tensor: String? = nil, problem: String, remedy: String) {
    self.path = path
    self.kind = kind
    self.tensor = tensor
    self.problem = problem
    self.remedy = remedy
  }

  /// One line: the file, the tensor and what is wrong; then how to correct it.
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
  /// The remedy for a file whose header contradicts itself: the reader of the file cannot correct it.
  static let writeAgain = "write the file again with the program that made it"
  /// The remedy for a file that lost bytes in a transfer.
  static let copyAgain = "copy it again"
}
