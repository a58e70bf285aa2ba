package import Configurations
private import Datasets
private import Foundation
package import Kernels
internal import MPI
package import Networks
private import Optimizers
package import Ranks
private import RunRecords

/// A training before its memory is allocated: its network, checked against its data, and the number of samples for each
/// rank.
package struct TrainingDraft<Scalar: Real> {
  package let configuration: Configuration
  package let problem: LearningProblem
  package let plan: TrainingPlan
  package let network: Network<Scalar>
  /// The most samples that a rank gets of one minibatch.
  package let capacity: Int
  /// The memory that learning the sample weights needs in addition; nil where they are not learned.
  package var learning: WorkspaceSize?
  /// How many trainings are in memory at once: a cycle's training is made while the previous one is still there.
  package var trainings = 1

  /// - Parameters:
  ///   - plan: the steps to take; nil for the configuration's epochs.
  ///   - ranks: the number of ranks that share a minibatch.
  /// - Throws: `NetworkError`, ``ConfigurationError`` where the configuration's network does not fit its data, or its
  ///   batches do not fit the network.
  package init(_ configuration: Configuration, problem: LearningProblem, plan: TrainingPlan? = nil, ranks: Int) throws {
    let training = configuration.training
    network = try Network<Scalar>(configuration.network, inputShape: problem.shape)
    try problem.check(outputs: network.outputs)
    self.plan = plan ?? TrainingPlan(samples: problem.split.training.count, training)
    try self.plan.check(network)
    capacity = training.capacity(of: self.plan.largestBatch, ranks: ranks)
    (self.configuration, self.problem) = (configuration, problem)
  }
}

extension TrainingDraft {
  /// - Parameter node: this rank's number and the number of ranks on its machine where they share memory
  ///   (``Reduction/node``); nil where they do not.
  package func need(node: (rank: Int, ranks: Int)?, ranks: Int) -> MemoryNeed {
    let count = network.layout.count
    let (rule, optimizer) = (configuration.optimizer.rule, configuration.optimizer)
    let bound = rule.needsCurvature ? optimizer.bound : nil
    var numbers = WorkspaceSize()
    func add(_ reserved: Int, touched: Int? = nil) {
      numbers = numbers + WorkspaceSize(reserved: reserved, touched: touched ?? reserved)
    }

    // Arrays of the parameters' size: the optimizer's averages, the last good parameters, the best ones, those before a
    // step.
    let states = OptimizerState<Scalar>.arrays(
      for: rule, keepsCurvature: rule.needsCurvature && optimizer.curvatureEvery > 1)
    let kept = states + 1 + (configuration.training.stopEarly == nil ? 0 : 1)
    let keepsBefore = optimizer.trust != nil || rule.measuresLength || learning != nil
    add((kept + (keepsBefore ? 1 : 0) + (rule.measuresLength ? 1 : 0)) * count)
    // Ẇ and Ẅ.
    let sums = bound == nil ? 1 : 2
    if let node {
      let part = count / node.ranks
      add(2 * count, touched: sums * part)
      // Buffers for the sums that travel between machines.
      add(2 * part, touched: ranks > node.ranks ? sums * part : 0)
    } else {
      add(count)
      add(2 * count, touched: sums * count)
      addReduction(of: sums * count, ranks: ranks, bound: bound, to: add)
    }

    var unitArrays = 0
    if optimizer.isByUnit {
      let layers = network.unitLayers
      unitArrays = network.unitSumsCount + layers.reduce(0) { $0 + UnitRoots<Scalar>.count($1) }
      // The sums, those of subtrees and levels of lanes, and what a reduction copies of them.
      let tree = configuration.training.lanesOfSums.map { LaneTree(lanes: $0, rank: 0, ranks: ranks) }
      let lanes = tree.map { ($0.subtreeCounts.max() ?? 1) - 1 + $0.levels } ?? 0
      add((lanes + (ranks > 1 ? 2 : 1)) * network.unitSumsCount)
      add(UnitSumsWorkspace<Scalar>.count(layers, samples: capacity) + UnitCurvature<Scalar>.count(layers))
    }

    // The samples by which exponents are chosen.
    if bound != nil { add(network.exponentWorkspace) }

    // Signals: of the training steps, and of evaluation.
    var shared = 0
    let evaluated = network.workspace(bound: bound) * LearningProblem.chunk
    let evaluation = WorkspaceSize(
      reserved: evaluated.reserved, touched: network.touchedByEvaluation * LearningProblem.chunk)
    if let node {
      shared = sharedByteCount(ranks: node.ranks)
      numbers =
        numbers + network.ownWorkspace(sharing(rank: node.rank, ranks: node.ranks)) + evaluation
    } else {
      numbers = numbers + network.workspace(bound: bound) * capacity + evaluation
      add(capacity * network.inputs)
    }
    let targets = problem.target == .input ? 0 : network.outputs
    add(capacity * targets + LearningProblem.chunk * (network.inputs + targets))
    if let learning { numbers = (numbers + learning) * trainings }

    // For each thread of the matrix products: its stack, its allocator arena, and the BLAS library's buffer.
    let threads = (configuration.training.threads - 1) << 27
    // Measured when OpenBLAS was opened: 135 MiB.
    let library = configuration.usesBLAS ? 1 << 27 : 0
    let bytes = MemoryLayout<Scalar>.stride
    return MemoryNeed(
      resident: numbers.touched * bytes, reserved: numbers.reserved * bytes + threads + library, shared: shared,
      // The arrays in their files, and two more copies of one array while it is written.
      checkpoint: ((1 + kept + 2) * count + 3 * unitArrays) * bytes, parameters: count, samples: capacity)
  }

  /// Whether the ranks of a machine share memory where the machine has several of them.
  package func mayShareMemory(ranks: Int) -> Bool { learning == nil && configuration.mayShareMemory(ranks: ranks) }

  /// The size in bytes of the shared window of a machine with so many ranks.
  package func sharedByteCount(ranks: Int) -> Int {
    NodeMemory.byteCount(network, sharing(rank: 0, ranks: ranks))
  }

  private func sharing(rank: Int, ranks: Int) -> Sharing {
    configuration.sharing(capacity: capacity, rank: rank, ranks: ranks)
  }

  /// Adds the memory that the reduction of `sums` numbers over the ranks needs.
  private func addReduction(
    of sums: Int, ranks: Int, bound: Bound?, to add: (_ reserved: Int, _ touched: Int?) -> Void
  ) {
    let count = network.layout.count
    if let lanes = configuration.training.lanesOfSums {
      let tree = LaneTree(lanes: lanes, rank: 0, ranks: ranks)
      let subtrees = tree.subtreeCounts.max() ?? 1
      let widest = network.layout.slices.reduce(0) { max($0, 2 * $1.count) }
      add((subtrees - 1) * 2 * count, (subtrees - 1) * sums)
      add(tree.levels * widest, nil)
      // The gathered sums of all ranks' subtrees for this rank's part of the numbers.
      if ranks > 1 { add((tree.additions.count + 1) * (min(LaneExchange.most, 2 * count) / ranks + 1), nil) }
    } else if ranks > 1 {
      // The MPI library's own copy of a sum that is added up whole, and bfloat16 at half the width.
      add(sums, nil)
      if configuration.reduction.curvaturePrecision == .bfloat16, bound != nil { add(count, nil) }
    }
  }
}

/// Refuses a network that does not fit into memory, before the memory is allocated: where the system grants more memory
/// than it has, it would later end the process without a message.
///
/// - Parameters:
///   - samples: the number of samples in one pass.
///   - other: the count of other numbers that are in memory at the same time.
/// - Throws: ``ConfigurationError`` that states the memory needed and the memory available.
package func requireMemory<Scalar: Real>(
  for network: Network<Scalar>, samples: Int, beside other: Int = 0
) throws(ConfigurationError) {
  // Parameters, Ẇ, Ẅ, and as much again for the values that a check compares with them.
  let count = 10 * network.layout.count + other
  let numbers = network.workspace(bound: .full) * samples + WorkspaceSize(reserved: count, touched: count)
  let bytes = numbers.reserved * MemoryLayout<Scalar>.stride
  let need = MemoryNeed(resident: bytes, reserved: bytes, parameters: network.layout.count, samples: samples)
  if let refusal = MemoryCard.refusal(of: [MemoryCard(own: MemoryFacts(need: need))]) {
    throw ConfigurationError(refusal)
  }
}

extension Communicator {
  /// Checks that all ranks of a training have the memory that it needs: each rank by itself, and the ranks of a host, a
  /// control group or a job together. Collective.
  ///
  /// - Throws: `AgreedFailure` that states the memory needed and the memory available.
  package func requireMemory<Scalar: Real>(for draft: TrainingDraft<Scalar>) throws {
    let card = MemoryCard(own: MemoryFacts(need: try need(of: draft)), rank: rank)
    let cards = try allGather(try jsonText(card)).map { text in
      try JSONDecoder().decode(MemoryCard.self, from: Data(text.utf8))
    }
    if let refusal = MemoryCard.refusal(of: cards) { throw AgreedFailure(code: ExitCode.usage, message: refusal) }
  }

  /// The memory that a training needs on this rank. Collective.
  func need<Scalar: Real>(of draft: TrainingDraft<Scalar>) throws -> MemoryNeed {
    guard draft.mayShareMemory(ranks: ranks) else { return draft.need(node: nil, ranks: ranks) }
    return try withNode { node in
      let shares = draft.configuration.sharesMemory(with: node)
      return draft.need(node: shares ? (rank: node.local.rank, ranks: node.local.ranks) : nil, ranks: ranks)
    }
  }
}
