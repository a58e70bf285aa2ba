import Datasets
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
  func time(_ loop: TrainingLoop<Float>, over ranks: borrowing some GlobalSum & ~Copyable) throws -> Double {
    let steps = 2
    let time = try clock.measure {
      for step in 0..<steps {
        let first = step * batch
        _ = try loop.step.computeStatistics(
          positions.span.extracting(ranks.shard(first..<first + batch)), samples: batch, epoch: 1, over: ranks)
        try loop.step.update(factor: 1e-3, over: ranks)
      }
    }
    return time / .milliseconds(Double(steps))
  }
  var times: [(name: String, times: [Double])] = [("alone", []), ("mpi", []), ("node", [])]
  try with(.mpi) { mpi in
    try with(.node) { node in
      for turn in 0..<turns + 3 {
        let own = [
          world.rank == 0 ? try time(alone, over: SingleRank()) : 0,
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
        guard turn >= 3 else { continue }
        for k in own.indices { times[k].times.append(try world.allGather(own[k]).max() ?? own[k]) }
      }
    }
  }
  guard world.rank == 0 else { return }
  let summary = times.map { name, times in
    let sorted = times.sorted()
    return "\(name) \(rounded(sorted[sorted.count / 2])) (\(rounded(sorted[sorted.count / 20])), \(rounded(sorted[0])))"
  }
  print(
    "\(preset), batch \(batch), \(world.ranks) ranks, ms per step, median (least):", summary.joined(separator: ", "))
}

private func rounded(_ x: Double) -> Double { (x * 1000).rounded() / 1000 }
