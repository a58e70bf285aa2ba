internal import Kernels
internal import MPI

extension Communicator {
  /// Gives `body` the memory that the ranks of a machine share for a training, where `reduction.method` wants it and it can
  /// be had; else nil. Collective.
  ///
  /// What lies in that memory is gone after `body`.
  ///
  /// - Parameters:
  ///   - colour: for tests, see `withNode`.
  /// - Throws: ``AgreedFailure`` where `node` is asked for and cannot be had.
  func withNodeMemory<Scalar: Real, Result>(
    for draft: TrainingDraft<Scalar>, colour: Int? = nil, _ body: (NodeMemory<Scalar>?) throws -> Result
  ) throws -> Result {
    let (configuration, method) = (draft.configuration, draft.configuration.reduction.method)
    guard ranks > 1, configuration.sharesNodeMemory else { return try body(nil) }
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
      // Alone on its machine a rank has nobody to share with.
      guard method == .node || node.local.ranks > 1 else { return try body(nil) }
      guard let memory = try NodeMemory(draft, node, on: self) else {
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
