public import Kernels
public import MPI
private import RunRecords

/// The SHA-256 of the parameters, after making sure that every rank has the same. Collective.
///
/// - Throws: `AgreedFailure` on every rank, naming the ranks whose parameters differ from rank 0's.
public func replicaFingerprint<Scalar: Real>(
  _ parameters: Arena<Scalar>, over world: borrowing Communicator
) throws -> String {
  let own = Fingerprint()
  unsafe parameters.all.withBytes { unsafe own.add($0) }
  let all = try world.allGather(own.hexadecimal)
  let different = all.indices.filter { all[$0] != all[0] }
  guard different.isEmpty else {
    let list = different.map(String.init).joined(separator: ", ")
    throw AgreedFailure(
      code: ExitCode.internalError,
      message: "the parameters of rank \(list) differ from those of rank 0, so the run cannot be trusted; do all hosts "
        + "have the same program, libraries and kind of processor, and sound memory?")
  }
  return all[0]
}

extension Communicator {
  /// Makes sure that every rank has the same text, before anything is computed that would hang or be wrong otherwise.
  /// Collective.
  ///
  /// - Throws: `AgreedFailure` on every rank, naming the ranks whose text differs from rank 0's.
  func requireSame(_ text: @autoclosure () throws -> String, what: String, remedy: String) throws {
    guard ranks > 1 else { return }
    let all = try allGather(text())
    let different = all.indices.filter { all[$0] != all[0] }
    guard different.isEmpty else {
      let list = different.map(String.init).joined(separator: ", ")
      throw AgreedFailure(
        code: ExitCode.content, message: "the \(what) of rank \(list) differ from those of rank 0; \(remedy)")
    }
  }
  /// Makes sure that every rank has the same settings. Collective.
  func requireSame(_ configuration: Configuration) throws {
    var settings = configuration
    // A host may have the data in a place of its own; that it is the same data is made sure of when it is read.
    (settings.data.path, settings.data.test) = (nil, nil)
    try requireSame(settings.yaml(), what: "settings", remedy: "start every rank with the same command and files")
  }
}
