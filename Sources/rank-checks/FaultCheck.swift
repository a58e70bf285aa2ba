internal import Configurations
import Glibc
import Kernels
import MPI
internal import Ranks
import Training

/// What one rank does wrong in the middle of a training, where the others go on.
enum PlantedFault: String {
  /// It throws, in its own code.
  case `throw`
  /// Its process ends with exit code 3, or with 0, and does not tell MPI.
  case exit, leave
  /// It computes for ever.
  case compute
  /// It asks for memory that no system has.
  case memory
}

/// Trains the digits under a watch that waits for 2 seconds; one rank does something wrong after step 20.
func trainWithFault(_ world: borrowing Communicator, _ fault: PlantedFault?, rank: Int) throws {
  let configuration = try ConfigurationSource(
    preset: .standard, settings: ["training.epochs=\(fault == nil ? 4 : 100_000)", "reduction=mpi"]
  ).configuration()
  let problem = try LearningProblem(configuration)
  let loop = try TrainingLoop<Float>(configuration, problem: problem, ranks: world.ranks)
  try world.withStallWatch(timeout: 2) { place in
    loop.place = place
    _ = try loop.run(over: world) { progress in
      guard progress.step == 20, world.rank == rank else { return }
      switch fault {
      case .throw: throw Planted(description: "planted")
      case .exit: _exit(3)
      case .leave: exit(0)
      case .compute: while true { usleep(100_000) }
      case .memory: _ = Arena<Float>(count: 1 << 46)
      case nil: break
      }
    }
  }
}
