package import Configurations
internal import MPI

extension Communicator {
  /// Adds vectors up in the pieces that the settings and the machines of these ranks ask for, as long as `body` runs.
  /// Collective.
  package func withPieces<Result>(_ size: PieceSize, _ body: () throws -> Result) throws -> Result {
    let before = MPILibrary.pieceBytes
    MPILibrary.pieceBytes = try pieces(size)
    defer { MPILibrary.pieceBytes = before }
    return try body()
  }

  /// The bytes of a piece; nil where sums go whole. Collective.
  private func pieces(_ size: PieceSize) throws -> Int? {
    guard ranks > 1 else { return nil }
    // Whoever names a size need not be asked where the ranks are.
    guard size == .auto else { return size.resolved(machines: 1, isTCP: false) }
    // Each machine has one rank that is the first of its own.
    let machines = try withNode { node in
      try allGather(Int64(node.local.rank == 0 ? 1 : 0)).reduce(0, +)
    }
    return size.resolved(machines: Int(machines), isTCP: try isConnectedByTCP())
  }

  /// Whether TCP is the only way between machines. Collective.
  package func isConnectedByTCP() throws -> Bool {
    try allReduceMin(LoadedComponents.ofThisProcess.connectsByTCP ? 1 : 0) == 1
  }
}
