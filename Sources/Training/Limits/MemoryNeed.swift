internal import Kernels
internal import Networks
private import Optimizers

/// The memory that a training takes of one rank beside what its process has already, in bytes.
public struct MemoryNeed: Codable, Equatable, Sendable {
  /// What the rank touches for itself.
  public var resident = 0
  /// The address space of that: also what it reserves and never touches.
  public var reserved = 0
  /// What the ranks of its host share: there once.
  public var shared = 0
  /// What rank 0 takes more to write a checkpoint, or to read one.
  public var checkpoint = 0
  /// The parameters, and the most samples that the rank gets of one minibatch, for messages.
  public var parameters = 0
  public var samples = 0

  public init(
    resident: Int = 0, reserved: Int = 0, shared: Int = 0, checkpoint: Int = 0, parameters: Int = 0, samples: Int = 0
  ) {
    (self.resident, self.reserved, self.shared, self.checkpoint) = (resident, reserved, shared, checkpoint)
    (self.parameters, self.samples) = (parameters, samples)
  }
}

extension TrainingDraft {
  /// - Parameter node: the ranks of this machine where they share memory (``Reduction/node``); nil where they do not.
  func need(node: (rank: Int, ranks: Int)?, ranks: Int) -> MemoryNeed {
    let count = network.layout.count
    let (rule, optimizer) = (configuration.optimizer.rule, configuration.optimizer)
    let bound = rule.needsCurvature ? optimizer.bound : nil
    var numbers = WorkspaceSize()
    func add(_ reserved: Int, touched: Int? = nil) {
      numbers = numbers + WorkspaceSize(reserved: reserved, touched: touched ?? reserved)
    }

    // Of the parameters: those of the optimizer and of the last finite loss, the best ones, those before a step.
    let states = OptimizerState<Scalar>.arrays(
      for: rule, keepsCurvature: rule.needsCurvature && optimizer.curvatureEvery > 1)
    let kept = states + 1 + (configuration.training.stopEarly == nil ? 0 : 1)
    let isJudged = optimizer.trust != nil || learning != nil
    add((kept + (isJudged ? 1 : 0)) * count)
    // Ẇ and Ẅ.
    let sums = bound == nil ? 1 : 2
    if let node {
      let part = count / node.ranks
      add(2 * count, touched: sums * part)
      // Those that travel between machines.
      add(2 * part, touched: ranks > node.ranks ? sums * part : 0)
    } else {
      add(count)
      add(2 * count, touched: sums * count)
      addReduction(of: sums * count, ranks: ranks, bound: bound, to: add)
    }

    // Signals: of the steps, and of the samples that the network is judged by.
    var shared = 0
    let judged = network.workspace(bound: bound) * LearningProblem.chunk
    let evaluation = WorkspaceSize(
      reserved: judged.reserved, touched: network.touchedByEvaluation * LearningProblem.chunk)
    if let node {
      shared = NodeMemory<Scalar>.byteCount(self, ranks: node.ranks)
      numbers =
        numbers + network.ownWorkspace(NodeMemory.sharing(self, rank: node.rank, ranks: node.ranks)) + evaluation
    } else {
      numbers = numbers + network.workspace(bound: bound) * capacity + evaluation
      add(capacity * network.inputs)
    }
    let targets = problem.target == .input ? 0 : network.outputs
    add(capacity * targets + LearningProblem.chunk * (network.inputs + targets))
    if let learning { numbers = (numbers + learning) * trainings }

    // Of each thread of the products: its stack, its area of the allocator, and what the BLAS library gives it.
    let threads = (configuration.training.threads - 1) << 27
    // Measured when OpenBLAS was opened: 135 MiB.
    let library = configuration.usesBLAS ? 1 << 27 : 0
    let bytes = MemoryLayout<Scalar>.stride
    return MemoryNeed(
      resident: numbers.touched * bytes, reserved: numbers.reserved * bytes + threads + library, shared: shared,
      // The arrays in their files, and twice more one of them on its way there.
      checkpoint: (1 + kept + 2) * count * bytes, parameters: count, samples: capacity)
  }

  /// What adding `sums` numbers up over the ranks takes beside them.
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
      // What is gathered of all ranks' subtrees for this rank's part of the numbers.
      if ranks > 1 { add((tree.additions.count + 1) * (min(LaneExchange.most, 2 * count) / ranks + 1), nil) }
    } else if ranks > 1 {
      // The library's own copy of a sum that goes whole, and bfloat16 at half the width.
      add(sums, nil)
      if configuration.reduction.curvaturePrecision == .bfloat16, bound != nil { add(count, nil) }
    }
  }
}
