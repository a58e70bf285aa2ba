import Configurations
import Ranks
import TestSupport
import Testing

/// Which ranks a watch names, and what the watches tell each other.
@Suite struct StallVerdictTests {
  private static let hosts = ["n1", "n1", "n2", "n2"]

  private static func state(_ calls: Int, _ operation: String? = "MPI_Allreduce", step: Int = 7) -> RankState {
    RankState(calls: calls, operation: operation, step: step, phase: .step)
  }

  private static func verdict(_ states: [RankState?], of rank: Int = 0) -> String {
    "\(StallVerdict(of: rank, waiting: 60, states: states, hosts: hosts))"
  }

  @Test func `ranks that do not answer are named first`() {
    let text = Self.verdict([Self.state(9), Self.state(8, nil), nil, nil])
    #expect(text.hasPrefix("the run has stood still for 60 s (run.stallTimeout) at step 7 in MPI_Allreduce: "))
    #expect(text.contains("rank 2 on n2, rank 3 on n2 do not answer: stopped, dead, or on a host"))
    #expect(!text.contains("rank 1"))
  }

  @Test func `then ranks that compute`() {
    let text = Self.verdict([Self.state(9), Self.state(8, nil, step: 6), Self.state(8), Self.state(9)], of: 3)
    #expect(text.contains(": rank 1 on n1 at step 6 did not come to it;"))
  }

  @Test func `then ranks that wait in something earlier`() {
    let text = Self.verdict([
      Self.state(9), Self.state(9), Self.state(8, "MPI_Barrier"),
      RankState(calls: 5, operation: "MPI_Bcast", step: 6, phase: .validation),
    ])
    #expect(
      text.contains(
        ": rank 2 on n2 is still at step 7 in MPI_Barrier, rank 3 on n2 is still at step 6 (validation) in MPI_Bcast;"))
  }

  @Test func `where all wait in the same call a connection is at fault`() {
    #expect(
      Self.verdict([Self.state(9), Self.state(9), Self.state(9), Self.state(9)]).contains("a connection between them"))
  }

  @Test func `many ranks are counted`() {
    let states = [Self.state(9)] + [RankState?](repeating: nil, count: 20)
    let verdict = StallVerdict(of: 0, waiting: 3, states: states, hosts: states.map { _ in "n" })
    #expect("\(verdict)".contains("rank 4 on n and 16 more do not answer"))
  }

  @Test func `a message is read as it was written, by its own job alone`() throws {
    for state in [Self.state(3), Self.state(1 << 40, nil, step: 0)] {
      let bytes = WatchMessage.answer(state).bytes(job: 0xABCD, rank: 3)
      let read = try #require(WatchMessage.read(bytes, job: 0xABCD, ranks: 4))
      #expect(read.rank == 3 && read.message == .answer(state))
      #expect(WatchMessage.read(bytes, job: 0xABCE, ranks: 4) == nil)
      #expect(WatchMessage.read(bytes, job: 0xABCD, ranks: 3) == nil)
    }
    let question = WatchMessage.question.bytes(job: 1, rank: 0)
    #expect(try #require(WatchMessage.read(question, job: 1, ranks: 1)).message == .question)
  }

  @Test func `other datagrams are no messages`() {
    let good = WatchMessage.answer(Self.state(3)).bytes(job: 1, rank: 0)
    var random = SmallRandom(seed: 5)
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0..<random.integer(1...4) {
        bytes[random.integer(0...bytes.count - 1)] = UInt8(random.integer(0...255))
      }
      if let read = WatchMessage.read(bytes, job: 1, ranks: 4) { #expect((0..<4).contains(read.rank)) }
    }
    #expect(WatchMessage.read([], job: 1, ranks: 4) == nil)
  }
}
