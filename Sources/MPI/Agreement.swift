/// Returns the one-line message and the exit code of an error.
public typealias ErrorDescription = (any Error) -> (message: String, code: Int32)

/// A failure of one or more ranks that all ranks know about, so that every rank can end in an orderly way.
public struct AgreedFailure: Error, CustomStringConvertible {
  /// The lowest rank that failed; its error is ``message``.
  public let rank: Int
  /// The exit code that the rank chose.
  public let code: Int32
  /// The error message of that rank.
  public let message: String

  /// A failure that every rank has detected by itself, from the same numbers.
  public init(rank: Int = 0, code: Int32, message: String) {
    (self.rank, self.code, self.message) = (rank, code, message)
  }

  public var description: String { rank == 0 ? message : "rank \(rank): \(message)" }
}

extension Communicator {
  /// Collective: runs `work`, which may fail on some ranks and not on others. Then either all ranks succeed or all
  /// fail.
  ///
  /// `work` must not communicate: a rank that throws would leave the others waiting.
  ///
  /// - Throws: ``AgreedFailure`` on every rank when `work` threw on any rank.
  public func agree<Result>(describe: ErrorDescription, _ work: () throws -> Result) throws -> Result {
    let outcome = Swift.Result { try work() }
    var failure: (message: String, code: Int32)?
    if case .failure(let error) = outcome { failure = describe(error) }
    let first = Int(try allReduceMin(failure == nil ? Int64.max : Int64(rank)))
    guard first < ranks else { return try outcome.get() }
    let codes = try allGather(Int64(failure?.code ?? 0))
    let message = try broadcast(failure?.message ?? "", from: first)
    throw AgreedFailure(rank: first, code: Int32(codes[first]), message: message)
  }
}
