package import Configurations
private import Foundation
package import Kernels
internal import MPI
package import Networks
internal import Ranks
private import RunRecords

/// Refuses a network that cannot be held, before memory for it is asked for: what the system grants and cannot keep would
/// end the process without a word.
///
/// - Parameter samples: of one pass.
/// - Throws: ``ConfigurationError`` that says how much is needed and how much there is.
package func requireMemory<Scalar: Real>(for network: Network<Scalar>, samples: Int) throws(ConfigurationError) {
  // Parameters, Ẇ, Ẅ, and as much again for what a check compares them with.
  let count = 10 * network.layout.count
  let numbers = network.workspace(bound: .full) * samples + WorkspaceSize(reserved: count, touched: count)
  let bytes = numbers.reserved * MemoryLayout<Scalar>.stride
  let need = MemoryNeed(resident: bytes, reserved: bytes, parameters: network.layout.count, samples: samples)
  if let refusal = MemoryCard.refusal(of: [MemoryCard(own: MemoryFacts(need: need))]) {
    throw ConfigurationError(refusal)
  }
}

extension Communicator {
  /// Makes sure that all ranks of a training have the memory that it takes: each by itself, and the ranks of a host, a
  /// control group or a job together. Collective.
  ///
  /// - Throws: `AgreedFailure` that says how much is needed and how much there is.
  package func requireMemory<Scalar: Real>(for draft: TrainingDraft<Scalar>) throws {
    let card = MemoryCard(own: MemoryFacts(need: try need(of: draft)), rank: rank)
    let cards = try allGather(try jsonText(card)).map { text in
      try JSONDecoder().decode(MemoryCard.self, from: Data(text.utf8))
    }
    if let refusal = MemoryCard.refusal(of: cards) { throw AgreedFailure(code: ExitCode.usage, message: refusal) }
  }

  /// What a training takes of this rank. Collective.
  func need<Scalar: Real>(of draft: TrainingDraft<Scalar>) throws -> MemoryNeed {
    guard draft.mayShareMemory(ranks: ranks) else { return draft.need(node: nil, ranks: ranks) }
    return try withNode { node in
      let shares = draft.configuration.sharesMemory(with: node)
      return draft.need(node: shares ? (rank: node.local.rank, ranks: node.local.ranks) : nil, ranks: ranks)
    }
  }
}
