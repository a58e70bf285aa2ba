import Hypergradients
import Kernels
import MPI
import Networks

/// Makes sure that the ranks together find the hypergradient of one rank, whatever the strategy, blocks and grid.
func checkHypergradients(_ world: borrowing Communicator) throws {
  for levels in [2, 3] {
    let problem = try ChainOnRanks(levels: levels)
    for strategy in Strategy.allCases {
      for groups in [ParameterGroups.joint, .layers] {
        let alone = try problem.compute(strategy, groups, .automatic, over: SingleRank())
        var grids: [Grid.Choice] = [.automatic]
        for shards in 1...world.ranks where world.ranks % shards == 0 {
          grids.append(.fixed(groups: world.ranks / shards, shards: shards))
        }
        for grid in grids {
          let together = try problem.compute(strategy, groups, grid, over: world)
          guard together.count == alone.count,
            zip(together, alone).allSatisfy({ abs($0 - $1) <= 1e-10 * abs(alone[0]) })
          else {
            throw Planted(
              description:
                "the hypergradient of \(levels) levels, \(strategy), \(groups.text), \(grid) differs on rank "
                + "\(world.rank) of \(world.ranks): \(together) instead of \(alone)")
          }
        }
      }
    }
  }
}

/// A chain with more ranks than rows in some places, dropout, batch normalisation and block rates.
private struct ChainOnRanks {
  private let chain: Chain
  private let samples: ChainSamples<Double>
  private let weights = Arena<Double>(count: 7)
  private let teacher: Arena<Double>
  private let student: Arena<Double>

  init(levels: Int) throws {
    let layers: [LayerConfiguration] = [
      .dense(inputs: nil, outputs: 6), .batchNorm, .activation(.tanh), .dropout(keep: 0.7),
      .dense(inputs: nil, outputs: 3),
    ]
    let learner = Learner(layers: layers, inputs: 4, loss: .softmaxCrossEntropy)
    chain = Chain(teacher: learner, student: levels == 3 ? learner : nil, validationLoss: .softmaxCrossEntropy)
    func draw(_ rows: Int, _ address: Int) -> Samples<Double> {
      let stream = RandomStream(seed: 17, .benchmark, address)
      let (inputs, targets) = (Matrix<Double>(rows: rows, columns: 4), Matrix<Double>(rows: rows, columns: 3))
      for k in 0..<inputs.elements.count { inputs.elements[k] = stream.normal(k) }
      for row in 0..<rows { targets[row][row % 3] = 1 }
      return Samples(inputs: inputs, targets: targets)
    }
    samples = ChainSamples(
      training: draw(7, 0), unlabelled: draw(5, 1).inputs, pairs: draw(3, 2), pairWeight: 0.5, validation: draw(6, 3),
      masks: Pass.DropoutMasks(seed: 2, epoch: 1), trainingIDs: (0..<7).map { Int32($0) },
      unlabelledIDs: (0..<5).map { Int32(40 + $0) })
    for k in 0..<7 { weights.all[k] = 0.5 + 0.1 * Double(k) }
    let network = try Network<Double>(layers, inputs: 4)
    teacher = network.initialParameters(.xavier, seed: 3)
    student = network.initialParameters(.xavier, seed: 4)
  }

  func compute(
    _ strategy: Strategy, _ groups: ParameterGroups, _ grid: Grid.Choice,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> [Double] {
    let hypergradient = try Hypergradient<Double>(
      chain, strategy: strategy, teacherGroups: groups, studentGroups: groups, grid: grid)
    func step(_ parameters: Arena<Double>) -> StepTaken<Double> {
      StepTaken(before: parameters.all, after: Arena<Double>(count: parameters.count).all, derivative: .rate(0.3))
    }
    let teacherStep = step(teacher)
    try hypergradient.takeTeacherStep(
      teacherStep, training: samples.training, weights: weights.all, masks: samples.masks, ids: samples.trainingIDs,
      over: ranks)
    var studentStep: StepTaken<Double>?
    if chain.student != nil {
      let next = step(student)
      try hypergradient.takeStudentStep(next, teacher: teacherStep.after, samples: samples, over: ranks)
      studentStep = next
    }
    return try hypergradient.compute(
      teacher: teacherStep, student: studentStep, samples: samples, over: ranks
    ).hypergradient.array
  }
}
