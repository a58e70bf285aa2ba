package import Configurations
package import Datasets
private import Hypergradients
internal import Kernels
internal import Networks
private import Optimizers
package import Training

/// The memory that learned weights need on a rank besides the training.
extension TrainingDraft {
  /// A draft of a training with learned weights of its samples.
  ///
  /// - Parameters:
  ///   - problem: without the samples whose labels are hidden.
  ///   - unlabelled: the samples whose labels are hidden; for three levels.
  package init(
    learningWeightsOf configuration: Configuration, problem: LearningProblem, unlabelled: Subset?, ranks: Int
  ) throws {
    try self.init(configuration, problem: problem, ranks: ranks)
    let (settings, own) = (configuration.reweight ?? ReweightConfiguration(), configuration.ofStudent)
    let student: Network<Scalar>? = try unlabelled.map { _ in try problem.studentNetwork(own) }
    let validation = min(settings.validationBatch, problem.split.validation?.count ?? 0)
    let hidden = min(settings.unlabelledBatch, unlabelled?.count ?? 0)

    // The hypergradient has its own networks, each for one kind of rows, and computes in Double where differences are
    // nested.
    let isWider = settings.strategy == .nested && Scalar.precision == .float32
    var chain = network.places(rows: capacity * ranks) + (student ?? network).places(rows: validation)
    chain += Self.rows(capacity * ranks + validation + hidden, of: problem)
    let (count, studentCount) = (network.layout.count, student?.layout.count ?? 0)
    // The slope and its average, the perturbed parameters, and the step derivatives of both networks.
    chain += 2 * max(count, studentCount) + 3 * (count + studentCount)
    if isWider { chain += 3 * (count + studentCount) }
    if let student {
      chain += network.places(rows: hidden) + student.places(rows: hidden + capacity * ranks)
      let blocks = settings.strategy == .nested ? 2 * student.layout.blocks.count : 1
      chain += blocks * count
    }
    var numbers = (isWider ? 2 : 1) * chain
    if let student {
      // The student's own training: parameters and sums, the optimizer's state, the parameters at the last finite loss
      // and before a step, and after it where its lengths are tested.
      let rows = (hidden + capacity * ranks + ranks - 1) / ranks
      let states = OptimizerState<Scalar>.arrays(for: own.optimizer.rule, keepsCurvature: true)
      let tested = own.optimizer.rule.measuresLength ? 1 : 0
      numbers += (5 + tested + states) * studentCount + student.places(rows: max(rows, LearningProblem.chunk))
      numbers += Self.rows(rows + LearningProblem.chunk, of: problem)
    }
    // For each training sample: weights, averages and initial weights.
    numbers += 16 * problem.split.training.count
    learning = WorkspaceSize(reserved: numbers, touched: numbers)
    trainings = min(configuration.weightCycles, 2)
  }

  /// The number of values in inputs and targets.
  private static func rows(_ count: Int, of problem: LearningProblem) -> Int {
    count * (problem.features + (problem.target == .input ? 0 : problem.outputs))
  }
}

extension Network {
  /// The number of values in workspaces and in tangents.
  fileprivate func places(rows: Int) -> Int {
    (workspace(bound: .paper) * rows).reserved + 2 * rows * units
  }
}
