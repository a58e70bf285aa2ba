internal import Kernels
internal import MPI
private import Networks

extension ScalingBenchmark {
  /// The batch sizes that the compute time is fitted to.
  static func sampleCounts(batch: Int) -> [Int] {
    Set([1, batch / 8, batch / 4, batch / 2, batch, 2 * batch].filter { $0 > 0 }).sorted()
  }

  /// What the first ranks compute at the same time, each a batch of its own; the others sleep. Collective.
  func compute<Scalar: Real>(
    _ precision: Scalar.Type, ranks: Int, on world: borrowing Communicator
  ) throws -> ComputeCost {
    let cost = try world.onPart(Array(0..<ranks)) { try computeCost(precision, on: $0) }
    return try world.shared(cost, from: 0)
  }

  private func computeCost<Scalar: Real>(
    _ precision: Scalar.Type, on group: borrowing Communicator
  ) throws -> ComputeCost {
    var points: [ComputeCost.Point] = []
    for samples in Self.sampleCounts(batch: batch) {
      let step = try TimedStep<Scalar>(configuration, batch: samples, capacity: samples)
      // The first steps touch the memory.
      var first = try step.take(samples: samples, over: SingleRank())
      for _ in 0..<2 { first = try step.take(samples: samples, over: SingleRank()) }
      let turns = try group.affordable(
        seconds: seconds / 4, each: first.statistics + first.update, from: 3, to: max(3, repeats))
      var times: [(statistics: Double, update: Double)] = []
      for _ in 0..<turns {
        try group.barrier()
        times.append(try step.take(samples: samples, over: SingleRank()))
      }
      var slowest = [median(times.map(\.statistics)), median(times.map(\.update))]
      try group.allReduceMax(&slowest)
      points.append(ComputeCost.Point(samples: samples, statistics: slowest[0], update: slowest[1]))
    }
    return ComputeCost(ranks: group.ranks, points: points)
  }

  /// Times the steps of the first ranks while the others sleep. Collective.
  func measure<Scalar: Real>(
    _ precision: Scalar.Type, _ kind: ScalingReport.Kind, ranks: Int, _ placement: RankPlacement,
    _ model: StepTimeModel, on world: borrowing Communicator
  ) throws -> ScalingReport.Point {
    let global = kind == .strong ? batch : batch * ranks
    let capacity = (global + ranks - 1) / ranks
    var point: ScalingReport.Point?
    if let part = try world.part(colour: world.rank < ranks ? 0 : nil) {
      let group = TimedGroup(part)
      let step = try TimedStep<Scalar>(configuration, batch: global, capacity: capacity)
      let (repeats, seconds) = try time(step, samples: global, over: group)
      let grid = RankGrid(nodes: placement.distinctHosts.count, ranksPerNode: placement.ranksPerHost)
      point = ScalingReport.Point(
        kind: kind, ranks: ranks, hosts: grid.nodes, ranksPerHost: grid.ranksPerNode, batch: global,
        load: placement.load, repeats: repeats, step: seconds, speedUp: 1,
        shares: try takeApart(step, samples: global, repeats: max(3, repeats / 2), over: group),
        predicted: model.step(samples: capacity, .flat, on: grid, load: placement.load))
      try group.free()
    }
    try world.barrierAsleep()
    return try world.shared(point, from: 0)
  }

  /// The median seconds of a step of the slowest rank, undisturbed.
  private func time<Scalar: Real>(
    _ step: TimedStep<Scalar>, samples: Int, over group: TimedGroup
  ) throws -> (repeats: Int, seconds: Double) {
    func once() throws -> Double {
      let time = try step.take(samples: samples, over: group)
      return time.statistics + time.update
    }
    // The first steps connect the ranks and touch the memory.
    for _ in 0..<2 { _ = try once() }
    let turns = try group.affordable(seconds: seconds, each: try once(), from: 3, to: max(3, repeats))
    var slowest = [median(try (0..<turns).map { _ in try once() })]
    try group.allReduceMax(&slowest)
    return (turns, slowest[0])
  }

  /// The parts of a step, from steps whose reductions wait for all ranks first.
  private func takeApart<Scalar: Real>(
    _ step: TimedStep<Scalar>, samples: Int, repeats: Int, over group: TimedGroup
  ) throws -> ScalingReport.Shares {
    let clock = ContinuousClock()
    group.isTakingApart = true
    defer { group.isTakingApart = false }
    var whole = 0.0
    group.reset()
    for _ in 0..<repeats {
      try group.barrier()
      whole += try clock.measure { _ = try step.take(samples: samples, over: group) } / .seconds(1)
    }
    let floor = MatrixProductFloor<Scalar>(step.network, samples: max(1, group.shard(0..<samples).count))
    var products: [Double] = []
    for _ in 0..<repeats {
      try group.barrier()
      products.append(clock.measure { floor.run() } / .seconds(1))
    }
    let cycles = Double(repeats * step.cycle)
    // Means over the ranks: of each part by itself, since a rank that computes less waits more.
    func mean(_ value: Double) throws -> Double { try group.allGather(value).reduce(0, +) / Double(group.ranks) }
    let (step, waiting, reduction) = (
      try mean(whole / cycles), try mean(group.waiting / cycles), try mean(group.reducing / cycles)
    )
    let computing = max(0, step - waiting - reduction)
    let product = min(computing, try mean(median(products)))
    return ScalingReport.Shares(
      products: product / step, elementwise: (computing - product) / step, reduction: reduction / step,
      waiting: waiting / step)
  }
}

extension Network {
  /// The sizes of its dense layers, such as `784-400-10`.
  var sizesText: String {
    let outputs = layout.blocks.filter { $0.shape.count == 2 }.map { $0.shape[0] }
    return ([inputs] + outputs).map(String.init).joined(separator: "-")
  }
}
