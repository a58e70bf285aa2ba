package import Configurations
private import Foundation
public import Kernels
public import MPI
private import RunRecords

/// The SHA-256 of the parameters, after a check that every rank has the same parameters. Collective.
///
/// - Parameters:
///   - step: the step of the run that came before this check, for the message.
///   - what: the name of the numbers in the message.
/// - Throws: `AgreedFailure` on every rank, naming the ranks whose parameters differ from those of rank 0.
public func replicaFingerprint<Scalar: Real>(
  _ parameters: Arena<Scalar>, after step: Int? = nil, what: String = "parameters",
  over world: borrowing Communicator
) throws -> String {
  let all = try world.allGather(parameters.fingerprint)
  if let list = ranksThatDiffer(all) {
    throw AgreedFailure(
      code: ExitCode.internalError,
      message: (step.map { "after step \($0) " } ?? "")
        + "the \(what) of rank \(list) differ from those of rank 0, so the run cannot be trusted; do all hosts "
        + "have the same program, libraries and kind of processor, and sound memory?")
  }
  return all[0]
}

/// The same over the ranks of a group.
public func replicaFingerprint<Scalar: Real>(
  _ parameters: Arena<Scalar>, after step: Int? = nil, what: String = "parameters", over group: RankGroup
) throws -> String {
  try replicaFingerprint(parameters, after: step, what: what, over: group.communicator)
}

extension Arena {
  /// The SHA-256 of the arena's bytes.
  package var fingerprint: String {
    let own = Fingerprint()
    unsafe all.withBytes { unsafe own.add($0) }
    return own.hexadecimal
  }
}

/// The ranks whose text differs from that of rank 0, as a list; nil where none differs.
private func ranksThatDiffer(_ texts: [String]) -> String? {
  let different = texts.indices.filter { texts[$0] != texts[0] }
  return different.isEmpty ? nil : different.map(String.init).joined(separator: ", ")
}

extension Communicator {
  /// Checks that every rank has the same text, before computations that would otherwise hang or give wrong results.
  /// Collective.
  ///
  /// - Throws: `AgreedFailure` on every rank, naming the ranks whose text differs from that of rank 0.
  public func requireSame(_ text: @autoclosure () throws -> String, what: String, remedy: String) throws {
    guard ranks > 1 else { return }
    let all = try allGather(text())
    if let list = ranksThatDiffer(all) {
      throw AgreedFailure(
        code: ExitCode.content, message: "the \(what) of rank \(list) differ from those of rank 0; \(remedy)")
    }
  }

  /// Checks that every rank has the same settings. Collective.
  package func requireSame(_ configuration: Configuration) throws {
    var settings = configuration
    // Each host may keep the data at its own path. The readers check later that the data is the same.
    (settings.data.path, settings.data.test) = (nil, nil)
    try requireSame(settings.yaml(), what: "settings", remedy: "start every rank with the same command and files")
  }
}

extension RankGroup {
  /// Checks that every rank has the same text, see `Communicator`. Collective.
  public func requireSame(_ text: @autoclosure () throws -> String, what: String, remedy: String) throws {
    try communicator.requireSame(text(), what: what, remedy: remedy)
  }
}

extension Communicator {
  /// The value of rank `root`, on every rank. Collective.
  package func shared<Value: Codable>(_ value: Value?, from root: Int) throws -> Value {
    let text = try broadcast(rank == root ? try jsonText(value) : "", from: root)
    return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
  }
}

extension RankGroup {
  /// The value of rank `root`, on every rank. Collective.
  package func shared<Value: Codable>(_ value: Value?, from root: Int) throws -> Value {
    try communicator.shared(value, from: root)
  }
}
