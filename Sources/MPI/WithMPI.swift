private import CMPI

/// Runs `body` between MPI_Init and MPI_Finalize.
///
/// A throw on one rank, when the others may be waiting in a collective, cannot be waited for: `failed` is called with
/// the error and the rank (nil for a single one) to print it, and gives the exit code with which all ranks of the job
/// end at once. A failure that all ranks know of (``AgreedFailure``) is returned to the caller on every rank after
/// MPI_Finalize.
///
/// - Returns: what `body` returns, or the failure that all ranks agreed on.
/// - Throws: ``MPIError`` when MPI cannot be initialised or finalised.
public func withMPI<Result>(
  failed: (_ error: any Error, _ rank: Int?) -> Int32, _ body: (borrowing Communicator) throws -> Result
) throws(MPIError) -> Swift.Result<Result, AgreedFailure> {
  Launcher.isolateSingleRank()
  try check(MPI_Init(nil, nil), "MPI_Init")
  let world = try Communicator.world()
  var outcome: Swift.Result<Result, AgreedFailure>?
  var code: Int32 = 0
  do {
    outcome = .success(try body(world))
  } catch let failure as AgreedFailure {
    outcome = .failure(failure)
  } catch {
    code = failed(error, world.ranks > 1 ? world.rank : nil)
    // A single rank leaves nobody waiting.
    if world.ranks == 1 { outcome = .failure(AgreedFailure(code: code, message: "\(error)")) }
  }
  guard let outcome else { world.abort(code: code) }
  try check(MPI_Finalize(), "MPI_Finalize")
  return outcome
}
