public import Kernels
public import MPI
private import RunRecords

/// Ranks whose parameters differ from rank 0's: the replicas of one model must have the same bits.
public struct ReplicasDiffer: Error, CustomStringConvertible, Equatable {
  public let ranks: [Int]

  public var description: String {
    let list = ranks.map(String.init).joined(separator: ", ")
    return "the parameters of rank \(list) differ from those of rank 0, so the run cannot be trusted; "
      + "do all hosts have the same program, libraries and processor kind, and sound memory?"
  }
}

/// The SHA-256 of the parameters, after making sure that every rank has the same. Collective.
///
/// - Throws: ``ReplicasDiffer`` on every rank.
public func replicaFingerprint<Scalar: Real>(
  _ parameters: Arena<Scalar>, over world: borrowing Communicator
) throws -> String {
  var own = Fingerprint()
  unsafe parameters.all.withBytes { unsafe own.add($0) }
  let all = try world.allGather(own.hexadecimal)
  let different = all.indices.filter { all[$0] != all[0] }
  guard different.isEmpty else { throw ReplicasDiffer(ranks: different) }
  return all[0]
}
