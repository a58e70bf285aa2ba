internal import Kernels
internal import Optimizers
internal import Yams

/// `reduction`: how the ranks bring their shares of a minibatch together; a section, or the method's name alone.
public struct ReductionConfiguration: Codable, Equatable, Sendable {
  public enum Method: String, Codable, CaseIterable, Sendable {
    /// `node` where ranks share a machine and the settings allow it, else `mpi`.
    case auto
    /// Every rank forms the sums of its samples; one reduction adds them up; every rank moves all parameters.
    case mpi
    /// The ranks of a machine see each other's signals in shared memory; each forms the sums of its part of the units over
    /// all their samples, and moves its part of one copy of the parameters.
    case node
  }

  /// The numbers in which the addends of Ẅ travel, and their sums.
  public enum CurvaturePrecision: String, Codable, CaseIterable, Sendable {
    case float32
    /// Half the bytes, 8 bits of precision: see `GlobalSum.sumNonNegative`. Only where Ẅ travels whole, that is with
    /// ``Method/mpi``.
    case bfloat16
  }

  public var method = Method.auto
  /// Of ``Method/mpi``; what training computes in where it is not named.
  public var curvaturePrecision = CurvaturePrecision.float32
  /// Of sums that ranks add up with MPI_Allreduce, on one machine or between several.
  public var pieceBytes = PieceSize.auto

  enum CodingKeys: String, StrictKey { case method, curvaturePrecision, pieceBytes }

  public init() {}

  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      method = try decoder.name(name, at: CodingKeys.method)
      return
    }
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    method = try values.name(.method, or: method)
    curvaturePrecision = try values.name(.curvaturePrecision, or: curvaturePrecision)
    pieceBytes = try values.decodeIfPresent(PieceSize.self, forKey: .pieceBytes) ?? pieceBytes
  }
}

extension ReductionConfiguration {
  /// A configuration whose `reduction` is a method's name alone, with the section in its place: sections can be merged.
  static func writtenOut(_ tree: Node) -> Node {
    guard case .scalar(let name)? = tree["reduction"], !name.string.isEmpty else { return tree }
    var tree = tree
    tree["reduction"] = Node([(Node(CodingKeys.method.rawValue), .scalar(name))])
    return tree
  }
}

extension Configuration {
  /// The setting that needs the sums of all parameters on every rank, so that `node` cannot serve; nil where none does.
  package var needsAllSums: String? {
    if training.gradient != .backpropagation { return "training.gradient \(training.gradient.rawValue)" }
    if reduction.curvaturePrecision == .bfloat16 { return "reduction.curvaturePrecision bfloat16" }
    return optimizer.trust == nil ? nil : "optimizer.trustRatio"
  }

  /// Whether ranks share memory where a machine has several of them.
  package func mayShareMemory(ranks: Int) -> Bool {
    ranks > 1 && !training.reproducible
      && (reduction.method == .node || (reduction.method == .auto && needsAllSums == nil))
  }

  /// Whether the ranks of a machine share memory, of those that ``mayShareMemory(ranks:)``.
  ///
  /// - Parameters:
  ///   - local: the ranks of the machine. Alone, a rank has nobody to share with.
  ///   - isUniform: whether every machine has as many.
  package func sharesMemory(local: Int, isUniform: Bool) -> Bool {
    isUniform && (reduction.method == .node || local > 1)
  }

  /// - Throws: ``ConfigurationError`` where `node` is asked for and cannot serve, or Ẅ is to travel and there is none.
  func checkReduction() throws(ConfigurationError) {
    try checkCurvaturePrecision()
    try reduction.pieceBytes.check()
    guard reduction.method == .node, let needsAllSums else { return }
    throw ConfigurationError(
      "reduction.method node gives each rank a part of the sums, but \(needsAllSums) needs all of them; use auto or mpi"
    )
  }
}

extension Configuration {
  /// - Throws: ``ConfigurationError`` where Ẅ is to travel as bfloat16, but there is none, or it has more bits than Float.
  func checkCurvaturePrecision() throws(ConfigurationError) {
    guard reduction.curvaturePrecision == .bfloat16 else { return }
    let users = OptimizerKind.allCases.filter(\.needsCurvature).map(\.rawValue).joined(separator: " or ")
    try require(
      optimizer.rule.needsCurvature,
      "reduction.curvaturePrecision is bfloat16, but optimizer.name \(optimizer.name.rawValue) has no curvature; use "
        + "\(users), or leave it out")
    try require(
      training.precision == .float32,
      "reduction.curvaturePrecision is bfloat16, but training.precision is \(training.precision.rawValue); make that "
        + "float32, or leave the other out")
  }
}

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
