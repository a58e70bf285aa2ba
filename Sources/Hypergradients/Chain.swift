public import Kernels
public import Networks

/// One network of a chain, with the loss that it is trained with.
public struct Learner: Equatable, Sendable {
  public var layers: [LayerConfiguration]
  /// The features of an input.
  public var inputs: Int
  public var loss: Loss

  public init(layers: [LayerConfiguration], inputs: Int, loss: Loss) {
    (self.layers, self.inputs, self.loss) = (layers, inputs, loss)
  }
}

/// What depends on what: (M23) where there is no student, (M24) with one.
public struct Chain: Equatable, Sendable {
  /// Learns W from the weighted examples; with its loss ℓ.
  public var teacher: Learner
  /// Learns V from the teacher's labels, and from pairs; with the loss of Ψ and of the pair term.
  public var student: Learner?
  /// L, that of the last network on the validation set.
  public var validationLoss: Loss

  public init(teacher: Learner, student: Learner? = nil, validationLoss: Loss) {
    (self.teacher, self.student, self.validationLoss) = (teacher, student, validationLoss)
  }

  /// The network that the validation set judges.
  public var judged: Learner { student ?? teacher }
}

/// Inputs and targets of some samples, one row each.
public struct Samples<Scalar: Real> {
  /// [samples × inputs], as the network sees them.
  public let inputs: Matrix<Scalar>
  /// [samples × outputs].
  public let targets: Matrix<Scalar>

  public init(inputs: Matrix<Scalar>, targets: Matrix<Scalar>) {
    precondition(inputs.rows == targets.rows, "every input row needs its target row")
    (self.inputs, self.targets) = (inputs, targets)
  }
}

/// The samples of one hypergradient, whole on every rank: ranks take their rows of them.
public struct ChainSamples<Scalar: Real> {
  /// The examples that have weights.
  public var training: Samples<Scalar>
  /// x^u, [samples × inputs]; for three levels.
  public var unlabelled: Matrix<Scalar>?
  /// Labelled examples of the student, and κ.
  public var pairs: Samples<Scalar>?
  public var pairWeight: Double
  public var validation: Samples<Scalar>
  /// What the dropout masks of an epoch are addressed by, and those of the rows of `training` and `unlabelled`. Dropout is
  /// off where nil, as it always is in the teacher's labels and on the validation set.
  public var masks: Pass.DropoutMasks?
  public var trainingIDs: [Int32]
  public var unlabelledIDs: [Int32]

  public init(
    training: Samples<Scalar>, unlabelled: Matrix<Scalar>? = nil, pairs: Samples<Scalar>? = nil, pairWeight: Double = 0,
    validation: Samples<Scalar>, masks: Pass.DropoutMasks? = nil, trainingIDs: [Int32] = [],
    unlabelledIDs: [Int32] = []
  ) {
    (self.training, self.unlabelled, self.pairs, self.pairWeight) = (training, unlabelled, pairs, pairWeight)
    (self.validation, self.masks) = (validation, masks)
    (self.trainingIDs, self.unlabelledIDs) = (trainingIDs, unlabelledIDs)
  }
}

/// How far a step moves the parameters for the gradient that it is taken along: P = −∂W'/∂g, a diagonal, with g the *sum* of
/// the samples' weighted gradients.
public enum StepDerivative<Scalar: Real> {
  /// ξ for all parameters.
  case rate(Double)
  /// A number for each parameter: a preconditioner, or block rates. [parameters]
  case diagonal(Vector<Scalar>)
}

/// Where in the space of parameters a step was taken: from, to, and how its end moves with its gradient.
public struct StepTaken<Scalar: Real> {
  /// W or V, [parameters].
  public var before: Vector<Scalar>
  /// W' or V', [parameters].
  public var after: Vector<Scalar>
  public var derivative: StepDerivative<Scalar>

  public init(before: Vector<Scalar>, after: Vector<Scalar>, derivative: StepDerivative<Scalar>) {
    precondition(before.count == after.count, "a step does not change the number of parameters")
    (self.before, self.after, self.derivative) = (before, after, derivative)
  }
}
