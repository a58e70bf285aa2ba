internal import Configurations
import Kernels
import MPI
internal import Ranks
import RunRecords
import Training

/// Makes sure that the state of a training whose ranks share memory is handed out and taken back bit by bit: every rank has
/// a part of it, and among the numbers are −0 and NaN of any bits, which a sum over the ranks would not keep.
func checkState(_ world: borrowing Communicator) throws {
  let configuration = try ConfigurationSource(
    preset: .standard,
    settings: ["network=[{dense: 7}, batchNorm, tanh, {dense: 10}]", "reduction=auto", "training.epochs=1"]
  ).configuration()
  let problem = try LearningProblem(configuration)
  func collect(_ loop: TrainingLoop<Float>) throws -> [CollectedState.File: [SafetensorsTensor]] {
    let state = CollectedState()
    try loop.exchange(with: state)
    return state.tensors
  }
  try world.withGroup(for: configuration) { world in
    try world.withTrainingLoop(configuration, problem: problem, as: Float.self, describe: describe) { loop in
      guard world.ranks == 1 || loop.reduction == .node else { throw Planted(description: "no memory is shared") }
      _ = try loop.run(over: world, between: { $0.steps == 5 })
      // Every rank plants the same bits, and goes on with the part that is its own.
      let planted = try collect(loop).mapValues { tensors in
        tensors.map { tensor in
          guard tensor.dtype == .f32 else { return tensor }
          let bits = (0..<tensor.count).map { k in
            Float(bitPattern: [0x8000_0000, 0x7fc0_0000 | UInt32(k), 0xff80_0001 + UInt32(k), 1][k % 4])
          }
          return SafetensorsTensor(name: tensor.name, shape: tensor.shape, values: bits)
        }
      }
      try loop.exchange(with: RestoredState(RestoredState.Index(planted), tensors: planted))
      guard try collect(loop) == planted else { throw Planted(description: "bits were lost") }
    }
  }
}
