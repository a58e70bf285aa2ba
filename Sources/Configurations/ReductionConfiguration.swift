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
