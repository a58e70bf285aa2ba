import Datasets
import Glibc
import Kernels
import MPI
import Training

/// Times the steps of one rank alone, of `mpi` and of `node`, in turns of some steps each, so that all see the same machine.
///
/// - Parameters:
///   - preset: whose network, on its data.
///   - batch: of all ranks together.
func timeReductions(
  _ world: borrowing Communicator, preset: String, data: String, batch: Int, settings: [String], turns: Int = 300
) throws {
  var source = ConfigurationSource(preset: try Preset.named(preset), settings: settings)
  source.data = data.isEmpty ? nil : data
  let configuration = try source.configuration()
  let problem = try LearningProblem(configuration)
  func plan(_ batch: Int) -> TrainingPlan {
    TrainingPlan(samples: problem.split.training.count, batch: batch, steps: 1)
  }
  func with(_ method: ReductionConfiguration.Method, _ body: (TrainingLoop<Float>) throws -> Void) throws {
    var settings = configuration
    settings.reduction.method = method
    try world.withTrainingLoop(settings, problem: problem, plan: plan(batch), describe: describe, body)
  }
  let alone = try TrainingLoop<Float>(configuration, problem: problem, plan: plan(batch), ranks: 1)
  let positions = (0..<Int32(problem.split.training.count)).map { $0 }
  let clock = ContinuousClock()
  func time(_ loop: TrainingLoop<Float>, over ranks: borrowing some GlobalSum & ~Copyable) throws -> (
    wall: Double, cpu: Double
  ) {
    let steps = 2
    let cpu = processorTime()
    let time = try clock.measure {
      for step in 0..<steps {
        let first = step * batch
        _ = try loop.step.computeStatistics(
          positions.span.extracting(ranks.shard(first..<first + batch)), samples: batch, epoch: 1, over: ranks)
        try loop.step.update(factor: 1e-3, over: ranks)
      }
    }
    return (time / .milliseconds(Double(steps)), (processorTime() - cpu) / Double(steps))
  }
  var times: [(name: String, wall: [Double], cpu: [Double])] = ["alone", "mpi", "node"].map { ($0, [], []) }
  try with(.mpi) { mpi in
    try with(.node) { node in
      for turn in 0..<turns + 3 {
        let own: [(wall: Double, cpu: Double)] = [
          world.rank == 0 ? try time(alone, over: SingleRank()) : (0, 0),
          try {
            try world.barrier()
            return try time(mpi, over: world)
          }(),
          try {
            try world.barrier()
            return try time(node, over: world)
          }(),
        ]
        try world.barrier()
        // The first turns touch memory for the first time.
        guard turn >= 3 else { continue }
        for k in own.indices {
          times[k].wall.append(try world.allGather(own[k].wall).max() ?? own[k].wall)
          times[k].cpu.append(try world.allGather(own[k].cpu).max() ?? own[k].cpu)
        }
      }
    }
  }
  guard world.rank == 0 else { return }
  print("\(preset), batch \(batch), \(world.ranks) ranks, ms per step: median and least, of the processor's time too")
  for (name, wall, cpu) in times {
    print("  \(name): \(median(wall)), \(least(wall)); processor \(median(cpu)), \(least(cpu))")
  }
}

private func median(_ times: [Double]) -> Double { rounded(times.sorted()[times.count / 2]) }
private func least(_ times: [Double]) -> Double { rounded(times.min() ?? 0) }
private func rounded(_ x: Double) -> Double { (x * 1000).rounded() / 1000 }

/// What this process has had of a processor, in ms: waiting for others that need it does not count, waiting in turns does.
private func processorTime() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
}
