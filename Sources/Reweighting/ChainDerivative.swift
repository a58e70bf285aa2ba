internal import Configurations
internal import Datasets
internal import Hypergradients
internal import Kernels
internal import Networks
internal import Optimizers
internal import Training

/// The hypergradient of training steps, in a precision of its own, with memory for the samples and for the converted
/// parameters.
final class ChainDerivative<Scalar: Real> {
  let hypergradient: Hypergradient<Scalar>

  private let problem: LearningProblem
  private let unlabelledSet: Subset?
  private let training: Rows
  private let validation: Rows
  private let unlabelled: Rows?
  private let teacher: ConvertedStep<Scalar>
  private let student: ConvertedStep<Scalar>?

  /// Memory for samples, one row for each.
  private struct Rows {
    let inputs: Matrix<Scalar>
    let targets: Matrix<Scalar>

    init(_ problem: LearningProblem, count: Int) {
      inputs = Matrix(rows: count, columns: problem.features)
      // Reconstruction: the target is the input.
      targets = problem.target == .input ? inputs : Matrix(rows: count, columns: problem.outputs)
    }
  }

  /// - Parameters:
  ///   - problem: its training samples are weighted; its validation samples evaluate the network.
  ///   - unlabelled: the samples of the student; for three levels.
  ///   - batch: the largest number of samples in a step.
  /// - Throws: ``ConfigurationError`` if the parts do not fit together.
  init(_ configuration: Configuration, problem: LearningProblem, unlabelled: Subset?, batch: Int) throws {
    let settings = configuration.reweight ?? ReweightConfiguration()
    let own = configuration.ofStudent
    let hasStudent = unlabelled != nil
    do {
      hypergradient = try Hypergradient(
        Chain(
          teacher: Learner(layers: configuration.network, inputShape: problem.shape, loss: configuration.loss),
          student: hasStudent ? Learner(layers: own.network, inputShape: problem.shape, loss: own.loss) : nil,
          validationLoss: own.loss),
        strategy: settings.strategy, teacherGroups: settings.blocks,
        studentGroups: settings.student.blocks ?? settings.blocks, radius: settings.radius,
        slopeDecay: settings.validationDecay, measuresResiduals: settings.perResidual, grid: settings.grid)
    } catch let error as HypergradientError {
      throw ConfigurationError("reweight: \(error)")
    }
    self.problem = problem
    unlabelledSet = unlabelled
    training = Rows(problem, count: batch)
    validation = Rows(problem, count: min(settings.validationBatch, problem.split.validation?.count ?? 0))
    self.unlabelled = unlabelled.map { Rows(problem, count: min(settings.unlabelledBatch, $0.count)) }
    let isSame = configuration.training.precision == Scalar.precision
    teacher = ConvertedStep(count: hypergradient.teacherLayout.count, isSame: isSame)
    student = hasStudent ? ConvertedStep(count: hypergradient.validatedLayout.count, isSame: isSame) : nil
  }

  /// ∂L/∂b through one step of the teacher and, with three levels, one step of the student, and the examples'
  /// residuals. Collective.
  ///
  /// - Parameters:
  ///   - steps: in the precision of the training.
  ///   - batch, unlabelled: positions of the samples in these steps.
  ///   - validation: positions in the validation set.
  ///   - masks: the address of the dropout masks of the steps.
  func compute<Trained: Real>(
    teacher: StepTaken<Trained>, student: StepTaken<Trained>?, batch: Span<Int32>, unlabelled: [Int32]?,
    validation positions: Span<Int32>, masks: Pass.DropoutMasks, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> (hypergradient: Vector<Double>, residuals: Vector<Double>, validationLoss: Double) {
    guard let validationSet = problem.split.validation else {
      preconditionFailure("weights are learned from a validation set")
    }
    var samples = ChainSamples(
      training: fill(training, problem.split.training, batch), validation: fill(validation, validationSet, positions),
      masks: masks, trainingIDs: list(batch))
    if let rows = self.unlabelled, let unlabelledSet, let unlabelled {
      samples.unlabelled = fill(rows, unlabelledSet, unlabelled.span).inputs
      let first = Int32(problem.split.training.count)
      samples.unlabelledIDs = unlabelled.map { first + $0 }
    }
    let found = try hypergradient.compute(
      teacher: self.teacher.convert(teacher),
      student: student.map { step in
        guard let converted = self.student else { preconditionFailure("two levels have no student") }
        return converted.convert(step)
      }, samples: samples, over: ranks)
    return (found.hypergradient, hypergradient.residuals, found.validationLoss)
  }

  /// Writes some samples of a set to the first rows.
  private func fill(_ rows: Rows, _ subset: Subset, _ positions: Span<Int32>) -> Samples<Scalar> {
    let samples = Samples(
      inputs: rows.inputs.prefix(positions.count), targets: rows.targets.prefix(positions.count))
    problem.fill(subset, positions, inputs: samples.inputs, targets: samples.targets)
    return samples
  }
}

/// Converts a training step to the precision of the hypergradient: returns the step itself if the precisions are equal,
/// else copies.
private final class ConvertedStep<Scalar: Real> {
  private let before: Arena<Scalar>
  private let after: Arena<Scalar>
  private let derivative: Arena<Scalar>
  private var roots: UnitRoots<Scalar>?

  init(count: Int, isSame: Bool) {
    let count = isSame ? 0 : count
    (before, after, derivative) = (Arena(count: count), Arena(count: count), Arena(count: count))
  }

  func convert<Trained: Real>(_ step: StepTaken<Trained>) -> StepTaken<Scalar> {
    if let same = step as? StepTaken<Scalar> { return same }
    let derivative: StepDerivative<Scalar> =
      switch step.derivative {
      case .rate(let rate): .rate(rate)
      case .diagonal(let p): .diagonal(copy(p, into: self.derivative.all))
      case .byUnit(let p, let roots): .byUnit(copy(p, into: self.derivative.all), converted(roots))
      }
    return StepTaken(
      before: copy(step.before, into: before.all), after: copy(step.after, into: after.all),
      derivative: derivative)
  }

  private func converted<Trained: Real>(_ roots: UnitRoots<Trained>) -> UnitRoots<Scalar> {
    let copy = self.roots ?? UnitRoots(roots.layers)
    self.roots = copy
    copy.copy(from: roots)
    return copy
  }
}

@specialized(where Source == Float, Target == Double)
private func copy<Source: Real, Target: Real>(_ source: Vector<Source>, into target: Vector<Target>) -> Vector<Target> {
  precondition(source.count == target.count, "a copy has as many elements")
  for k in 0..<source.count { target[k] = Target(source[k]) }
  return target
}

private func list(_ span: Span<Int32>) -> [Int32] { span.indices.map { span[$0] } }
