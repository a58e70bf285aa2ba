internal import Kernels
internal import Optimizers
internal import Yams

/// `reduction`: how the ranks add up their shares of a minibatch; a section, or only the name of the method.
public struct ReductionConfiguration: Codable, Equatable, Sendable {
  public enum Method: String, Codable, CaseIterable, Sendable {
    /// `node` where ranks share a machine and the settings allow it, else `mpi`.
    case auto
    /// Every rank computes the sums of its samples; one reduction adds them up; every rank updates all parameters.
    case mpi
    /// The ranks of a machine read each other's signals in shared memory. Each rank computes the sums of its part of
    /// the units over the samples of all these ranks, and updates its part of one copy of the parameters.
    case node
  }

  /// The number format in which ranks send their shares of Ẅ, and the sums.
  public enum CurvaturePrecision: String, Codable, CaseIterable, Sendable {
    case float32
    /// Half the bytes, 8 bits of precision: see `GlobalSum.sumNonNegative`. Only where ranks send all of Ẅ, that is
    /// with ``Method/mpi``.
    case bfloat16
  }

  public var method = Method.auto
  /// For ``Method/mpi``; if left out, the precision of the training.
  public var curvaturePrecision = CurvaturePrecision.float32
  /// The size of the pieces of sums that ranks add up with MPI_Allreduce, on one machine or between several.
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
  /// Replaces a `reduction` that is only the name of a method by a section: only sections can be merged.
  static func writtenOut(_ tree: Node) -> Node {
    guard case .scalar(let name)? = tree["reduction"], !name.string.isEmpty else { return tree }
    var tree = tree
    tree["reduction"] = Node([(Node(CodingKeys.method.rawValue), .scalar(name))])
    return tree
  }
}

extension Configuration {
  /// The setting that needs the sums of all parameters on every rank, which excludes `node`; nil if there is none.
  package var needsAllSums: String? {
    if training.gradient != .backpropagation { return "training.gradient \(training.gradient.rawValue)" }
    if reduction.curvaturePrecision == .bfloat16 { return "reduction.curvaturePrecision bfloat16" }
    return optimizer.trust == nil ? nil : "optimizer.trustRatio"
  }

  /// Whether ranks share memory if a machine has several of them.
  package func mayShareMemory(ranks: Int) -> Bool {
    ranks > 1 && !training.reproducible
      && (reduction.method == .node || (reduction.method == .auto && needsAllSums == nil))
  }

  /// Whether the ranks of a machine share memory, if ``mayShareMemory(ranks:)`` allows it.
  ///
  /// - Parameters:
  ///   - local: the number of ranks on the machine. A single rank has no other to share memory with.
  ///   - isUniform: whether every machine has the same number of ranks.
  package func sharesMemory(local: Int, isUniform: Bool) -> Bool {
    isUniform && (reduction.method == .node || local > 1)
  }

  /// - Throws: ``ConfigurationError`` if `node` is required but impossible, or if ranks would send Ẅ and there is none.
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
  /// - Throws: ``ConfigurationError`` if Ẅ would be sent as bfloat16, but there is no Ẅ, or Ẅ is more precise than
  ///   Float.
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

/// `reduction.pieceBytes`: the pieces in which ranks add up vectors: `auto`, `whole`, or a number of bytes.
public enum PieceSize: Codable, Equatable, Sendable {
  /// 64 KiB between two to eight machines that are connected only by TCP; otherwise whole vectors.
  case auto
  case whole
  case bytes(Int)

  /// The largest message that Open MPI sends over TCP without asking the receiver first.
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

  /// - Throws: ``ConfigurationError`` for a text that is not a piece size.
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

  /// The number of bytes in a piece; nil for whole sums.
  ///
  /// - Parameter isTCP: whether TCP is the only connection between machines.
  public func resolved(machines: Int, isTCP: Bool) -> Int? {
    switch self {
    case .whole: nil
    case .bytes(let count): count
    case .auto: isTCP && Self.machinesOfAuto.contains(machines) ? Self.standardBytes : nil
    }
  }

  /// With more machines, the rounds of all pieces take more time than whole messages lose.
  static var machinesOfAuto: ClosedRange<Int> { 2...8 }
}
