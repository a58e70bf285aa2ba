import CCallCounts
internal import Configurations
import Glibc
import Kernels
import MPI
import Networks
internal import Ranks
import Training

/// What must be found in one of the counted steps.
enum PlantedCall: String { case array, lock }

/// A training step allocates nothing and takes no lock once the first ones are done, whatever it is made of; what the MPI
/// library and OpenBLAS do does not count.
func checkAllocations(_ world: borrowing Communicator, planting planted: PlantedCall?) throws {
  for settings in allocationCases {
    let configuration = try ConfigurationSource(
      preset: .standard, settings: ["training.batch=20", "training.epochs=1"] + settings
    ).configuration()
    let (blocks, locks) =
      switch configuration.training.precision {
      case .float32: try calls(configuration, as: Float.self, planting: planted, on: world)
      case .float64: try calls(configuration, as: Double.self, planting: planted, on: world)
      }
    guard blocks == 0, locks == 0 else {
      throw Planted(
        description: "in 50 steps: blocks allocated: \(blocks), locks taken: \(locks), with "
          + settings.joined(separator: " "))
    }
  }
}

/// The blocks that steps 16 to 65 of an epoch ask for, and the locks that they take.
private func calls<Scalar: Real>(
  _ configuration: Configuration, as precision: Scalar.Type, planting: PlantedCall?, on world: borrowing Communicator
) throws -> (blocks: Int, locks: Int) {
  let problem = try LearningProblem(configuration)
  let lock = PlantedLock()
  var counts: (blocks: Int, locks: Int)?
  let exceptMPI: Int32 = world.ranks > 1 ? 1 : 0
  try world.withGroup(for: configuration) { world in
    try world.withTrainingLoop(configuration, problem: problem, as: precision, describe: describe) { loop in
      _ = try loop.run(over: world) { progress in
        switch progress.step {
        case 15:
          allocation_count_begin(exceptMPI)
          lock_count_begin(exceptMPI)
        case 40 where planting == .array: unsafe planted = Array(repeating: 1, count: progress.steps)
        case 40 where planting == .lock: lock.take()
        case 65: counts = (allocation_count_end(), lock_count_end())
        default: break
        }
      }
    }
  }
  guard let counts else { throw Planted(description: "the epoch has no 65 steps") }
  return counts
}

/// A mutex that is free.
@safe
private final class PlantedLock {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() { unsafe pthread_mutex_init(mutex, nil) }
  deinit { unsafe mutex.deallocate() }

  func take() {
    unsafe pthread_mutex_lock(mutex)
    unsafe pthread_mutex_unlock(mutex)
  }
}

/// Kept where the compiler cannot see that nobody reads it.
nonisolated(unsafe) private var planted: [Int] = []

/// Every optimizer, layer, activation, loss and precision, with what a step does only now and then.
private let allocationCases: [[String]] = {
  let optimizers = [
    ["name=sgd"], ["name=momentum"], ["name=rmsprop"], ["name=adam"], ["learningRate=auto"], ["learningRate=30"],
    ["trustRatio=on"], ["learningRate=30", "curvatureEvery=4"], ["partition=weight"],
    ["partition=weight", "curvatureEvery=3"],
    ["learningRate=0.001", "layerScale=unit"], ["learningRate=30", "bound=full"],
    ["learningRate=30", "lossPartition=general"],
    ["partition=weight", "lengths=measured"], ["lengths=found"], ["curvatureEvery=2"],
    ["partition=unit", "learningRate=0.01", "curvaturePower=1"],
  ].map { $0.map { "optimizer.\($0)" } }
  let deep =
    "network=[{dense: 16}, batchNorm, softplus, {dropout: 0.9}, {dense: {outputs: 8, bias: false}}, tanh, {dense: 10}]"
  let residual =
    "network=[flatten, {residual: [batchNorm, {dense: 9}, {dropout: 0.8}, {dense: 64}, tanh]}, {dense: 10}]"
  // With exponents (M32), chosen again every few steps.
  let veryDeep = "network=[" + String(repeating: "{dense: 16}, tanh, ", count: 60) + "{dense: 10}]"
  let activations = Activation.allCases.map { ["network=[{dense: 16}, \($0.rawValue), {dense: 10}]"] }
  let byLanes = ["name=adam", "learningRate=auto", "trustRatio=on", "partition=weight", "lengths=found"]
    .map {
      ["optimizer.\($0)", deep, "training.reproducible=true"]
    }
  let losses = Loss.allCases.map { ["loss=\($0.rawValue)", "optimizer.learningRate=1", "optimizer.damping=1"] }
  return optimizers.map { $0 + [deep] } + byLanes + optimizers.map { $0 + ["training.precision=float64"] } + activations
    + losses
    + [
      ["data.target=input", "loss=squaredError", "network=[{dense: 8}, tanh, {dense: 64}]"], ["data.scale=standardise"],
      [veryDeep], [veryDeep, "optimizer.partition=weight"], [veryDeep, "optimizer.learningRate=3"], [residual],
      [residual, "optimizer.bound=full", "optimizer.learningRate=1", "training.reproducible=true"],
    ]
}()
