/// `reduction.pieceBytes`: in which pieces vectors are added up over ranks; `auto`, `whole`, or a number of bytes.
public enum PieceSize: Codable, Equatable, Sendable {
  /// 64 KiB between two to eight machines that TCP alone connects, else whole.
  case auto
  case whole
  case bytes(Int)

  /// What Open MPI sends over TCP without asking the receiver first.
  public static var standardBytes: Int { 1 << 16 }

  private init?(_ text: String) {
    switch text {
    case "auto": self = .auto
    case "whole": self = .whole
    default:
      guard let count = Int(text) else { return nil }
      self = .bytes(count)
    }
  }

  private static var advice: String { "write auto, whole, or a number of bytes such as 65536" }

  /// - Throws: ``ConfigurationError`` for a text that is none.
  public init(parsing text: String) throws(ConfigurationError) {
    guard let size = PieceSize(text) else { throw ConfigurationError("'\(text)' is no size of pieces; \(Self.advice)") }
    self = size
    try check()
  }

  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    let count = try? value.decode(Int.self)
    guard let size = PieceSize(try count.map(String.init) ?? value.decode(String.self)) else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: Self.advice))
    }
    self = size
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .auto: try value.encode("auto")
    case .whole: try value.encode("whole")
    case .bytes(let count): try value.encode(count)
    }
  }

  /// - Throws: ``ConfigurationError`` for pieces that are too small to be sent.
  func check() throws(ConfigurationError) {
    guard case .bytes(let count) = self else { return }
    try require(count >= 1024, "reduction.pieceBytes is \(count); it must be at least 1024, auto or whole")
  }

  /// The bytes of a piece; nil where sums go whole.
  ///
  /// - Parameter isTCP: whether TCP is the only way between machines.
  public func resolved(machines: Int, isTCP: Bool) -> Int? {
    switch self {
    case .whole: nil
    case .bytes(let count): count
    case .auto: isTCP && Self.machinesOfAuto.contains(machines) ? Self.standardBytes : nil
    }
  }

  /// With more machines the rounds of every piece take longer than what large messages lose.
  static var machinesOfAuto: ClosedRange<Int> { 2...8 }
}
