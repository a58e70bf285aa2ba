internal import Configurations
package import Datasets
internal import Hypergradients
package import Kernels
internal import Networks
private import Optimizers
internal import Training

/// The student of three levels: it learns the teacher's labels of unlabelled samples and, with κ > 0, also labelled
/// samples.
///
/// A minibatch holds U unlabelled and P labelled rows. The step is along the gradient of the mean (Σ_u ℓ_u + κ Σ_p
/// ℓ_p)/(U + P), with all rows in one pass.
package final class StudentTraining<Scalar: Real> {
  let step: TrainingStep<Scalar>
  package let unlabelled: Subset

  private let problem: LearningProblem
  let loss: Loss
  private let schedule: Schedule
  private let pairWeight: Scalar
  private var unlabelledCycle: SampleCycle
  private var pairCycle: SampleCycle?
  private let lastGood: Arena<Scalar>

  /// - Parameter steps: the number of steps of the whole training; nil for a long one.
  /// - Throws: `NetworkError`, ``ConfigurationError`` if the student's network does not fit the data.
  init(
    _ configuration: Configuration, problem: LearningProblem, unlabelled: Subset, batch: Int, ranks: Int, steps: Int?
  ) throws {
    let own = configuration.ofStudent
    let settings = configuration.reweight ?? ReweightConfiguration()
    let seed = UInt64(configuration.training.seed)
    let network: Network<Scalar> = try problem.studentNetwork(own)
    (self.problem, self.unlabelled, loss, schedule) = (problem, unlabelled, own.loss, own.schedule.schedule)
    pairWeight = Scalar(settings.pairWeight)
    unlabelledCycle = SampleCycle(
      seed: configuration.training.seed, .unlabelledBatch, count: unlabelled.count, batch: settings.unlabelledBatch)
    pairCycle =
      settings.pairWeight == 0
      ? nil
      : SampleCycle(seed: configuration.training.seed, .pairBatch, count: problem.split.training.count, batch: batch)
    let rows = unlabelledCycle.batch + (pairCycle?.batch ?? 0)
    do {
      try network.checkRows(
        of: rows, "the student's batches have 1 sample; make reweight.unlabelled and unlabelledBatch larger")
    } catch {
      throw ConfigurationError("reweight.student.\(error)")
    }
    let capacity = configuration.training.capacity(of: rows, ranks: ranks)
    // Initial parameters with a seed of their own: otherwise teacher and student with equal layers would start equal.
    let start = RandomStream(seed: seed, .student)[0]
    step = TrainingStep(
      own, problem: problem, network: network,
      parameters: network.initialParameters(configuration.training.initialization, seed: start), capacity: capacity,
      keepsParametersBefore: true, takesRows: true, run: RunLength(steps: steps ?? .max, batch: rows))
    lastGood = Arena(count: network.layout.count)
    keepGood()
  }

  func keepGood() { lastGood.all.copy(from: step.parameters.all) }
  func restoreGood() { step.parameters.all.copy(from: lastGood.all) }

  /// The positions of the last minibatch's unlabelled samples, and the number of all its rows.
  private(set) var lastUnlabelled: [Int32] = []
  private(set) var lastCount = 0

  /// One step of the student on the labels of a teacher. Collective.
  ///
  /// - Parameters:
  ///   - teacher, parameters: the teacher at W'; its workspaces are used.
  ///   - progress: the step t of the whole run, counted from 0, of T.
  /// - Returns: the mean loss of the minibatch before the step.
  func take(
    teacher: Network<Scalar>, _ parameters: Vector<Scalar>, epoch: Int, step t: Int, plan: TrainingPlan,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    lastUnlabelled = unlabelledCycle.advance()
    let pairs = pairCycle?.advance() ?? []
    let count = lastUnlabelled.count
    lastCount = count + pairs.count
    let rows = ranks.shard(0..<count + pairs.count)
    // This rank's unlabelled rows come before its labelled ones.
    let own = rows.clamped(to: 0..<count)
    let ownPairs = rows.clamped(to: count..<count + pairs.count)
    // The addresses of the dropout masks: unlabelled samples are numbered after the training samples.
    let ids = own.map { Int32(problem.split.training.count) + lastUnlabelled[$0] } + ownPairs.map { pairs[$0 - count] }
    teacher.reserve(samples: own.count)
    let loss = try step.computeStatistics(ids: ids.span, samples: count + pairs.count, epoch: epoch, over: ranks) {
      x, t, weights in
      let (inputs, labels) = (x.prefix(own.count), t.prefix(own.count))
      unlabelled.fill(lastUnlabelled.span.extracting(own), inputs: inputs, map: problem.map)
      self.loss.softLabels(teacher.forward(inputs, parameters: parameters), into: labels)
      weights?.fill(1)
      guard !ownPairs.isEmpty else { return }
      let part = own.count..<own.count + ownPairs.count
      let positions = Array(pairs[ownPairs.lowerBound - count..<ownPairs.upperBound - count])
      problem.fill(problem.split.training, positions.span, inputs: x[part], targets: t[part])
      if problem.target == .input { t[part].elements.copy(from: x[part].elements) }
      weights?[part].fill(pairWeight)
    }
    guard loss.isFinite else { return loss }
    try step.update(
      factor: schedule.factor(step: t, steps: plan.steps, stepsPerEpoch: plan.stepsPerEpoch), over: ranks)
    return loss
  }
}

extension StudentTraining: Resumable {
  package func exchange(with state: any StateExchange) throws {
    try state.part("step", step.exchange)
    try state.part("unlabelled") { try unlabelledCycle.exchange(with: $0) }
    try state.part("pairs") { try pairCycle?.exchange(with: $0) }
    try state.array("lastGood", lastGood.all)
  }
}
