internal import MPI

extension Communicator {
  /// Sets in which pieces this job adds vectors up, as the settings and the machines ask for. Collective.
  ///
  /// - Returns: the bytes of a piece; nil where sums go whole.
  @discardableResult
  func choosePieces(_ size: PieceSize) throws -> Int? {
    guard ranks > 1 else { return nil }
    // Each machine has one rank that is the first of its own.
    let machines = try withNode { node in
      try allGather(Int64(node.local.rank == 0 ? 1 : 0)).reduce(0, +)
    }
    let isTCP = try allReduceMin(LoadedComponents.ofThisProcess.connectsByTCP ? 1 : 0) == 1
    let bytes = size.resolved(machines: Int(machines), isTCP: isTCP)
    MPILibrary.pieceBytes = bytes
    return bytes
  }
}
