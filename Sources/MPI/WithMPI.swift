private import CMPI

/// Runs `body` between MPI_Init and MPI_Finalize.
///
/// If `body` throws on one rank, the others may be waiting in a collective, so the whole job must end at once. `failed`
/// is called with the error and the rank (nil for a single rank); it prints the error and returns the exit code with
/// which all ranks of the job end. A failure that all ranks know about (``AgreedFailure``) is returned to the caller on
/// every rank after MPI_Finalize.
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
    // With a single rank, no other rank is waiting.
    if world.ranks == 1 { outcome = .failure(AgreedFailure(code: code, message: "\(error)")) }
  }
  guard let outcome else { world.abort(code: code) }
  try check(MPI_Finalize(), "MPI_Finalize")
  return outcome
}
