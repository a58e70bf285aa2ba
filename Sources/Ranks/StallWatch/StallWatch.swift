private import Foundation
public import MPI
private import Synchronization

/// Ends a job in which a rank no longer reaches the MPI call that the others wait in, and names that rank.
///
/// At least four times a second a thread of every rank checks whether the computing thread has stayed in one MPI call
/// for the whole time-out. If it has, the thread asks the watches of the other ranks for their places, by datagrams
/// beside MPI; a stopped or unreachable rank does not answer. Then the thread reports the rank that the others wait
/// for, and ends its process with an exit code, whereupon the launcher ends the job. A rank that computes for a long
/// time gets as much time as a rank that waits.
///
/// Rank 0 asks first; the others follow one by one, since rank 0 itself may be stopped. A step costs only the stores of
/// `MPICall` and ``RunPlace``.
final class StallWatch: Sendable {
  private struct Peer: Sendable {
    let host: String
    let places: [WatchSocket.Place]
  }

  private let rank: Int
  private let timeout: Double
  private let job: UInt64
  private let peers: [Peer]
  private let socket: WatchSocket
  private let place: RunPlace
  private let isOver = Atomic<Bool>(false)

  /// The time to wait for answers, and the interval between two checks, in seconds.
  private let grace: Double
  private let tick: Double

  /// Starts the watch. Collective.
  ///
  /// - Returns: nil on every rank where the time-out is 0, there is a single rank, or a rank gets no socket.
  init?(_ place: RunPlace, timeout: Double, over world: borrowing Communicator) throws {
    guard timeout > 0, world.ranks > 1 else { return nil }
    let own = WatchSocket()
    let job = try world.broadcast(String(UInt64.random(in: 0...UInt64.max), radix: 16), from: 0)
    let addresses = WatchSocket.addresses.map(String.init)
    let cards = try world.allGather(
      ([MPILibrary.processorName, String(own?.port ?? 0)] + addresses).joined(separator: "\t"))
    (rank, self.timeout, self.place) = (world.rank, timeout, place)
    self.job = UInt64(job, radix: 16) ?? 0
    (grace, tick) = (min(2, timeout / 2), min(0.25, timeout / 4))
    let fields = cards.map { $0.split(separator: "\t").map(String.init) }
    guard let own, fields.allSatisfy({ $0.count >= 2 && $0[1] != "0" }) else { return nil }
    socket = own
    let ownHost = fields[world.rank][0]
    peers = fields.map { fields in
      let port = UInt16(fields[1]) ?? 0
      let addresses = fields.dropFirst(2).compactMap { UInt32($0) }
      return Peer(
        host: fields[0],
        places: ((fields[0] == ownHost ? [WatchSocket.loopback] : []) + addresses).map {
          WatchSocket.Place(address: $0, port: port)
        })
    }
    Thread.detachNewThread { self.watch() }
  }

  /// Ends the watch.
  func stop() { isOver.store(true, ordering: .relaxed) }

  /// The present state of this rank's computing thread.
  private var state: RankState {
    let call = MPICall.present
    return RankState(calls: call.number, operation: call.operation, step: place.step, phase: place.phase)
  }

  private func watch() {
    var (seen, since) = (state, Self.now)
    var lookedAt = since
    // Rank 0 asks first; where rank 0 is stopped, the next rank does.
    let patience = timeout + grace * 1.5 * Double(min(rank, 16))
    var hasLooked = false
    while !isOver.load(ordering: .relaxed) {
      answer(for: tick)
      let (present, time) = (state, Self.now)
      // A process that was itself stopped for a while, perhaps with the whole job, restarts its count.
      let wasStopped = time - lookedAt > 2 * tick + 1
      lookedAt = time
      if present != seen || present.operation == nil || wasStopped { (seen, since) = (present, time) }
      if StopSignals.haveCome, !hasLooked, time - since >= tick, present.operation != nil {
        hasLooked = true
        nameLost()
      }
      guard time - since >= patience else { continue }
      let states = ask(within: grace)
      guard !isOver.load(ordering: .relaxed) else { return }
      guard state == seen else { continue }
      end(StallVerdict(of: rank, waiting: Int(Self.now - since), states: states, hosts: peers.map(\.host)))
    }
  }

  /// Answers questions for `seconds` seconds.
  private func answer(for seconds: Double) {
    let deadline = Self.now + seconds
    while true {
      let left = deadline - Self.now
      guard left > 0 else { return }
      if let datagram = socket.receive(milliseconds: Int(left * 1000) + 1) { _ = take(datagram) }
    }
  }

  /// Answers a question, or returns the answer that a datagram carries.
  private func take(_ datagram: (bytes: [UInt8], from: WatchSocket.Place)) -> (rank: Int, state: RankState)? {
    guard let (sender, message) = WatchMessage.read(datagram.bytes, job: job, ranks: peers.count) else { return nil }
    switch message {
    case .question:
      socket.send(WatchMessage.answer(state).bytes(job: job, rank: rank), to: datagram.from)
      return nil
    case .answer(let state): return (sender, state)
    }
  }

  /// Names the ranks that are gone, when a launcher ends this rank while it waits for others: a rank that the system
  /// killed leaves no message. The first rank that still runs reports, in the second that a launcher leaves it.
  private func nameLost() {
    let states = ask(within: 2 * tick)
    let lost = states.indices.filter { states[$0] == nil }
    guard !isOver.load(ordering: .relaxed), !lost.isEmpty, states.firstIndex(where: { $0 != nil }) == rank else {
      return
    }
    let names = lost.prefix(4).map { "rank \($0) on \(peers[$0].host)" }.joined(separator: ", ")
    say(
      "no answer from \(names)\(lost.count > 4 ? ", ..." : ""); one that ended without a word was killed: out of "
        + "memory?")
  }

  /// The states of all ranks; nil for ranks that do not answer. A question that gets no answer is sent again.
  private func ask(within seconds: Double) -> [RankState?] {
    var states = [RankState?](repeating: nil, count: peers.count)
    states[rank] = state
    let question = WatchMessage.question.bytes(job: job, rank: rank)
    for _ in 0..<4 {
      for peer in peers.indices where states[peer] == nil {
        for place in peers[peer].places { socket.send(question, to: place) }
      }
      let deadline = Self.now + seconds / 4
      while Self.now < deadline, states.contains(where: { $0 == nil }) {
        guard let datagram = socket.receive(milliseconds: max(1, Int((deadline - Self.now) * 1000))) else { continue }
        if let (sender, state) = take(datagram) { states[sender] = state }
      }
    }
    return states
  }

  /// Reports the verdict and ends this process, without a call into the MPI library, which the computing thread is in.
  private func end(_ verdict: StallVerdict) -> Never {
    say("\(verdict)")
    _exit(ExitCode.internalError)
  }

  private func say(_ text: String) {
    let line = "rp-dist: rank \(rank) on \(peers[rank].host): \(text)\n"
    try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
  }

  /// The seconds of a monotonic clock.
  private static var now: Double { ProcessInfo.processInfo.systemUptime }
}

extension Communicator {
  /// Calls `body` with a place in which to note the run's phase, while a watch checks that all ranks make progress.
  /// Collective.
  ///
  /// - Parameter timeout: the seconds after which a waiting rank asks for the others; 0 for never.
  public func withStallWatch<Result>(timeout: Double, _ body: (RunPlace) throws -> Result) throws -> Result {
    let place = RunPlace()
    let watch = try StallWatch(place, timeout: timeout, over: self)
    defer { watch?.stop() }
    return try body(place)
  }
}
