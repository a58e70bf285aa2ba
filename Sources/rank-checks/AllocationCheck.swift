import CAllocationCount
import Kernels
import MPI
import Networks
import Training

/// A training step allocates nothing once the first ones are done, whatever it is made of; what the MPI library and
/// OpenBLAS ask for does not count. With `plantsArray` one step in the counted ones makes an array, which must be found.
func checkAllocations(_ world: borrowing Communicator, plantsArray: Bool) throws {
  for settings in allocationCases {
    let configuration = try ConfigurationSource(
      preset: .standard, settings: ["training.batch=20", "training.epochs=1"] + settings
    ).configuration()
    let count =
      switch configuration.training.precision {
      case .float32: try allocations(configuration, as: Float.self, plantsArray: plantsArray, on: world)
      case .float64: try allocations(configuration, as: Double.self, plantsArray: plantsArray, on: world)
      }
    guard count == 0 else {
      throw Planted(description: "blocks allocated in 50 steps: \(count), with \(settings.joined(separator: " "))")
    }
  }
}

/// The blocks that steps 16 to 65 of an epoch ask for.
private func allocations<Scalar: Real>(
  _ configuration: Configuration, as precision: Scalar.Type, plantsArray: Bool, on world: borrowing Communicator
) throws -> Int {
  let problem = try LearningProblem(configuration)
  var count: Int?
  let exceptMPI: Int32 = world.ranks > 1 ? 1 : 0
  try world.withLanes(of: configuration) { world in
    try world.withTrainingLoop(configuration, problem: problem, as: precision, describe: describe) { loop in
      _ = try loop.run(over: world) { progress in
        switch progress.step {
        case 15: allocation_count_begin(exceptMPI)
        case 40 where plantsArray: unsafe planted = Array(repeating: 1, count: progress.steps)
        case 65: count = allocation_count_end()
        default: break
        }
      }
    }
  }
  guard let count else { throw Planted(description: "the epoch has no 65 steps") }
  return count
}

/// Kept where the compiler cannot see that nobody reads it.
nonisolated(unsafe) private var planted: [Int] = []

/// Every optimizer, layer, activation, loss and precision, with what a step does only now and then.
private let allocationCases: [[String]] = {
  let optimizers = [
    ["name=sgd"], ["name=momentum"], ["name=rmsprop"], ["name=adam"], ["learningRate=auto"], ["learningRate=30"],
    ["trustRatio=on"], ["learningRate=30", "curvatureEvery=4"], ["learningRate=auto", "curvatureEvery=3"],
    ["learningRate=0.001", "layerScale=unit"], ["learningRate=30", "bound=full"],
    ["learningRate=30", "lossPartition=general"],
  ].map { $0.map { "optimizer.\($0)" } }
  let deep =
    "network=[{dense: 16}, batchNorm, softplus, {dropout: 0.9}, {dense: {outputs: 8, bias: false}}, tanh, {dense: 10}]"
  let activations = Activation.allCases.map { ["network=[{dense: 16}, \($0.rawValue), {dense: 10}]"] }
  let byLanes = ["name=adam", "learningRate=auto", "trustRatio=on", "bound=full"].map {
    ["optimizer.\($0)", deep, "training.reproducible=true"]
  }
  let losses = Loss.allCases.map { ["loss=\($0.rawValue)", "optimizer.learningRate=1", "optimizer.damping=1"] }
  return optimizers.map { $0 + [deep] } + byLanes + optimizers.map { $0 + ["training.precision=float64"] } + activations
    + losses
    + [
      ["data.target=input", "loss=squaredError", "network=[{dense: 8}, tanh, {dense: 64}]"], ["data.scale=standardise"],
    ]
}()
