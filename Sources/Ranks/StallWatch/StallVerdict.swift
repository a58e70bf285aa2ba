/// The ranks that the others wait for.
public struct StallVerdict: CustomStringConvertible {
  /// The place where rank ``rank`` waits.
  private let place: String
  private let seconds: Int
  private let cause: String

  /// - Parameters:
  ///   - rank: the rank that has waited for so many seconds.
  ///   - states: the state of each rank; nil for ranks that did not answer.
  ///   - hosts: the host of each rank.
  public init(of rank: Int, waiting seconds: Int, states: [RankState?], hosts: [String]) {
    let own = states[rank]
    self.seconds = seconds
    place = own?.place ?? "nowhere"
    func named(_ ranks: [Int], _ say: (Int) -> String) -> String {
      let shown = ranks.prefix(4).map { "rank \($0) on \(hosts[$0])\(say($0))" }.joined(separator: ", ")
      return ranks.count > 4 ? "\(shown) and \(ranks.count - 4) more" : shown
    }
    let silent = states.indices.filter { states[$0] == nil }
    let computing = states.indices.filter { states[$0].map { $0.operation == nil } ?? false }
    let furthest = states.compactMap { $0.map { ($0.step, $0.calls) } }.max { $0 < $1 } ?? (0, 0)
    let behind = states.indices.filter { states[$0].map { ($0.step, $0.calls) < furthest } ?? false }
    if !silent.isEmpty {
      cause =
        named(silent) { _ in "" }
        + " \(silent.count == 1 ? "does" : "do") not answer: stopped, dead, or on a host that cannot be reached"
    } else if !computing.isEmpty {
      cause = named(computing) { " \(states[$0]?.place ?? "")" } + " did not come to it"
    } else if !behind.isEmpty {
      cause = named(behind) { " is still \(states[$0]?.place ?? "")" }
    } else {
      cause = "all ranks are there, so a connection between them has broken down"
    }
  }

  /// One sentence.
  public var description: String {
    "the run has stood still for \(seconds) s (run.stallTimeout) \(place): \(cause); the job ends here, and --resume "
      + "continues it from its last checkpoint"
  }
}
