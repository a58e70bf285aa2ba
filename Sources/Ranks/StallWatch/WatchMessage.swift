/// What the watches of two ranks say to each other, in one datagram.
public enum WatchMessage: Equatable {
  case question
  case answer(RankState)

  /// - Parameters:
  ///   - job: tells the datagrams of this job from others that come to the same port.
  ///   - rank: the sender.
  public func bytes(job: UInt64, rank: Int) -> [UInt8] {
    var fields = ["rp-dist", String(job, radix: 16), String(rank)]
    if case .answer(let state) = self {
      fields += [String(state.calls), String(state.step), String(state.phase.rawValue), state.operation ?? ""]
    }
    return Array(fields.joined(separator: "\t").utf8)
  }

  /// What a datagram says; nil where it is none of this job.
  public static func read(_ bytes: some Collection<UInt8>, job: UInt64, ranks: Int) -> (
    rank: Int, message: WatchMessage
  )? {
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: "\t", omittingEmptySubsequences: false)
    guard fields.count == 3 || fields.count == 7, fields[0] == "rp-dist", UInt64(fields[1], radix: 16) == job,
      let rank = Int(fields[2]), (0..<ranks).contains(rank)
    else { return nil }
    if fields.count == 3 { return (rank, .question) }
    guard let calls = Int(fields[3]), let step = Int(fields[4]), let phase = Int(fields[5]).flatMap(RunPhase.init),
      fields[6].allSatisfy({ $0.isASCII && ($0.isLetter || $0 == "_") })
    else { return nil }
    let operation = fields[6].isEmpty ? nil : String(fields[6])
    return (rank, .answer(RankState(calls: calls, operation: operation, step: step, phase: phase)))
  }
}
