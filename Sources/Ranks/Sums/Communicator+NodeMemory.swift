package import Configurations
package import Kernels
package import MPI
package import Networks

extension Communicator {
  /// Calls `body` with the memory that the ranks of a machine share for a training, where `reduction.method` asks for
  /// it and it is available; otherwise with nil. Collective.
  ///
  /// The memory's content is gone after `body`.
  ///
  /// - Parameters:
  ///   - inputShape: the shape of one sample.
  ///   - capacity: the most samples that a rank gets of one minibatch.
  ///   - pieceBytes: the size in bytes of the pieces in which sums travel between machines; nil: whole.
  ///   - colour: for tests, see `withNode`.
  /// - Throws: ``AgreedFailure`` where the setting `node` asks for shared memory that is not available.
  package func withNodeMemory<Scalar: Real, Result>(
    for configuration: Configuration, inputShape: Shape, capacity: Int, pieceBytes: Int?,
    colour: Int? = nil, _ body: (NodeMemory<Scalar>?) throws -> Result
  ) throws -> Result {
    guard configuration.mayShareMemory(ranks: ranks) else { return try body(nil) }
    let method = configuration.reduction.method
    return try withNode(colour: colour) { node in
      guard node.isUniform else {
        guard method == .auto else {
          throw AgreedFailure(
            code: ExitCode.usage,
            message: "reduction.method node needs the same number of ranks on every machine; start as many on each "
              + "(mpirun --map-by ppr:N:node), or use auto or mpi")
        }
        return try body(nil)
      }
      guard configuration.sharesMemory(with: node) else { return try body(nil) }
      let memory = try NodeMemory<Scalar>(
        configuration, inputShape: inputShape, capacity: capacity, pieceBytes: pieceBytes, node, on: self)
      guard let memory else {
        guard method == .auto else {
          throw AgreedFailure(
            code: ExitCode.cannotCreate,
            message: "reduction.method node needs more shared memory than a machine has free in /dev/shm; enlarge it "
              + "(docker run --shm-size), or use auto or mpi")
        }
        return try body(nil)
      }
      return try body(memory)
    }
  }
}

extension Configuration {
  /// Whether the ranks of a machine share memory, for a configuration for which ``mayShareMemory(ranks:)`` is true.
  package func sharesMemory(with node: Node) -> Bool {
    sharesMemory(local: node.local.ranks, isUniform: node.isUniform)
  }
}
