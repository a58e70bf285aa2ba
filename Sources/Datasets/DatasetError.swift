/// Data that cannot be read, or whose content is wrong.
public struct DatasetError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Kind: Equatable, Sendable {
    /// A file or directory is missing, is of the wrong type, or cannot be opened or read.
    case missing
    /// The file was read, but its content is damaged, incomplete or of another format.
    case content
  }

  /// The file, directory or archive, as given by the caller or found in the given place.
  public let path: String
  public let kind: Kind
  /// The line of a text file with the problem, counted from 1.
  public let line: Int?
  /// The sample with the problem, counted from 0 in the order of the file.
  public let sample: Int?
  /// What is wrong. Without line and sample, this is the predicate of a sentence whose subject is the file; with a line
  /// or a sample, it is a whole sentence.
  public let problem: String
  /// What the user can do about it.
  public let remedy: String

  /// Creates an error from its parts.
  public init(
    path: String, kind: Kind, line: Int? = nil, sample: Int? = nil, problem: String, remedy: String
  ) {
    self.path = path
    self.kind = kind
    self.line = line
    self.sample = sample
    self.problem = problem
    self.remedy = remedy
  }

  /// One line: the file, the place in it, and what is wrong; then how to correct it.
  ///
  /// Control characters and line breaks of paths and cells are shown as `\u{…}`.
  public var description: String {
    var place = path.isEmpty ? "the empty path" : path
    if let line { place += ", line \(line):" }
    if let sample { place += ", sample \(sample):" }
    var text = ""
    for scalar in "\(place) \(problem); \(remedy)".unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator:
        text += "\\u{\(String(scalar.value, radix: 16))}"
      default:
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

extension DatasetError {
  /// The remedy for a file that lost bytes in a transfer.
  static let fetchAgain = "the copy is incomplete: fetch it again"
  /// The remedy for a file whose bytes changed in a transfer.
  static let replaceDamaged = "the copy is damaged: fetch it again"

  static func missing(_ path: String, _ problem: String, remedy: String) -> DatasetError {
    DatasetError(path: path, kind: .missing, problem: problem, remedy: remedy)
  }

  static func content(
    _ path: String, line: Int? = nil, sample: Int? = nil, _ problem: String, remedy: String
  ) -> DatasetError {
    DatasetError(path: path, kind: .content, line: line, sample: sample, problem: problem, remedy: remedy)
  }

  /// A file that is shorter than its own content says.
  static func truncated(_ path: String, after found: Int, of expected: Int, unit: String = "bytes") -> DatasetError {
    .content(path, "ends after \(found) of \(expected) \(unit)", remedy: fetchAgain)
  }
}
