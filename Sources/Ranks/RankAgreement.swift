package import Configurations
private import Foundation
public import Kernels
public import MPI
private import RunRecords

/// The SHA-256 of the parameters, after making sure that every rank has the same. Collective.
///
/// - Parameters:
///   - step: the step of a run after which it is looked, for the message.
///   - what: what the numbers are called there.
/// - Throws: `AgreedFailure` on every rank, naming the ranks whose parameters differ from rank 0's.
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
  /// The SHA-256 of its bytes.
  package var fingerprint: String {
    let own = Fingerprint()
    unsafe all.withBytes { unsafe own.add($0) }
    return own.hexadecimal
  }
}

/// The ranks whose text differs from rank 0's, as a list; nil where none does.
private func ranksThatDiffer(_ texts: [String]) -> String? {
  let different = texts.indices.filter { texts[$0] != texts[0] }
  return different.isEmpty ? nil : different.map(String.init).joined(separator: ", ")
}

extension Communicator {
  /// Makes sure that every rank has the same text, before anything is computed that would hang or be wrong otherwise.
  /// Collective.
  ///
  /// - Throws: `AgreedFailure` on every rank, naming the ranks whose text differs from rank 0's.
  public func requireSame(_ text: @autoclosure () throws -> String, what: String, remedy: String) throws {
    guard ranks > 1 else { return }
    let all = try allGather(text())
    if let list = ranksThatDiffer(all) {
      throw AgreedFailure(
        code: ExitCode.content, message: "the \(what) of rank \(list) differ from those of rank 0; \(remedy)")
    }
  }

  /// Makes sure that every rank has the same settings. Collective.
  package func requireSame(_ configuration: Configuration) throws {
    var settings = configuration
    // A host may have the data in a place of its own; that it is the same data is made sure of when it is read.
    (settings.data.path, settings.data.test) = (nil, nil)
    try requireSame(settings.yaml(), what: "settings", remedy: "start every rank with the same command and files")
  }
}

extension RankGroup {
  /// Makes sure that every rank has the same text, see `Communicator`. Collective.
  public func requireSame(_ text: @autoclosure () throws -> String, what: String, remedy: String) throws {
    try communicator.requireSame(text(), what: what, remedy: remedy)
  }
}

extension Communicator {
  /// A value that rank `root` has, on every rank. Collective.
  package func shared<Value: Codable>(_ value: Value?, from root: Int) throws -> Value {
    let text = try broadcast(rank == root ? try jsonText(value) : "", from: root)
    return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
  }
}

extension RankGroup {
  /// A value that rank `root` has, on every rank. Collective.
  package func shared<Value: Codable>(_ value: Value?, from root: Int) throws -> Value {
    try communicator.shared(value, from: root)
  }
}
