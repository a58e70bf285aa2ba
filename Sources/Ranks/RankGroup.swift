public import Configurations
public import Kernels
public import MPI

/// The ranks of a training, and how they add vectors up: by Allreduce, whole or in pieces, or in reproducibility lanes,
/// whose sums have the same bits for any number of ranks.
///
/// Valid inside ``MPI/Communicator/withGroup(for:_:)``. Every function is collective.
public final class RankGroup: GlobalSum {
  package let communicator: Communicator
  private let exchange: LaneExchange?
  /// The size in bytes of the pieces in which vectors are added up; nil: whole. It does not apply to lanes.
  public let pieceBytes: Int?

  fileprivate init(_ communicator: consuming Communicator, _ exchange: LaneExchange?, pieceBytes: Int?) {
    self.communicator = communicator
    (self.exchange, self.pieceBytes) = (exchange, pieceBytes)
  }

  public var rank: Int { communicator.rank }
  public var ranks: Int { communicator.ranks }
  public var lanes: LaneTree? { exchange?.tree }

  public func sum(_ values: Vector<Float>) throws {
    try values.withMutableSpan { try communicator.allReduceSum(&$0, pieceBytes: pieceBytes) }
  }
  public func sum(_ values: Vector<Double>) throws {
    try values.withMutableSpan { try communicator.allReduceSum(&$0, pieceBytes: pieceBytes) }
  }
  public func sumNonNegative(_ values: Vector<Float>, through exchange: BFloat16Exchange) throws {
    try communicator.sumNonNegative(values, through: exchange)
  }
  public func sumSubtrees(_ values: Vector<Float>, _ others: [Vector<Float>], _ range: Range<Int>) throws {
    try exchange?.sum(values, others, range, over: communicator)
  }
  public func sumSubtrees(_ values: Vector<Double>, _ others: [Vector<Double>], _ range: Range<Int>) throws {
    try exchange?.sum(values, others, range, over: communicator)
  }

  /// See `Communicator`.
  public func agree<Value>(describe: ErrorDescription, _ body: () throws -> Value) throws -> Value {
    try communicator.agree(describe: describe, body)
  }
  public func allGather<Scalar: MPIScalar>(_ value: Scalar) throws -> [Scalar] { try communicator.allGather(value) }
  public func allGather(_ text: String) throws -> [String] { try communicator.allGather(text) }
  package func broadcast(_ bytes: [UInt8], from root: Int) throws -> [UInt8] {
    try communicator.broadcast(bytes, from: root)
  }
  public func barrier() throws { try communicator.barrier() }
}

extension Communicator {
  /// Calls `body` with these ranks as a group that adds vectors up as a configuration asks. Collective.
  ///
  /// Where `body` throws an error other than ``AgreedFailure``, other ranks may be waiting in another call. Then the
  /// group is not freed, because the job ends.
  ///
  /// - Throws: `AgreedFailure` on every rank where the ranks of a reproducible training do not compute bit for bit
  ///   alike.
  public func withGroup<Result>(
    for configuration: Configuration, _ body: (RankGroup) throws -> Result
  ) throws -> Result {
    var exchange: LaneExchange?
    if let lanes = configuration.training.lanesOfSums {
      try requireSamePlatform(for: configuration)
      exchange = LaneExchange(LaneTree(lanes: lanes, rank: rank, ranks: ranks), ranks: ranks)
    }
    let group = RankGroup(try copy(), exchange, pieceBytes: try pieceBytes(configuration.reduction.pieceBytes))
    let result: Result
    do {
      result = try body(group)
    } catch let failure as AgreedFailure {
      try group.communicator.free()
      throw failure
    }
    try group.communicator.free()
    return result
  }

  /// The piece size in bytes that a setting gives for these ranks; nil where vectors are added up whole. Collective.
  package func pieceBytes(_ size: PieceSize) throws -> Int? {
    guard ranks > 1 else { return nil }
    // A fixed size does not depend on where the ranks run.
    guard size == .auto else { return size.resolved(machines: 1, isTCP: false) }
    // Each machine has exactly one rank whose number on the machine is 0.
    let machines = try withNode { node in
      try allGather(Int64(node.local.rank == 0 ? 1 : 0)).reduce(0, +)
    }
    return size.resolved(machines: Int(machines), isTCP: try isConnectedByTCP())
  }

  /// Whether machines can only reach each other over TCP. Collective.
  package func isConnectedByTCP() throws -> Bool {
    try allReduceMin(LoadedComponents.ofThisProcess.connectsByTCP ? 1 : 0) == 1
  }
}
