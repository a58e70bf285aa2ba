public import Kernels
public import Networks

/// One network of a chain, with the loss that it is trained with.
public struct Learner: Equatable, Sendable {
  public var layers: [LayerConfiguration]
  /// The shape of an input, and the number of its features.
  public var inputShape: Shape
  public var inputs: Int { inputShape.count }
  public var loss: Loss
  /// The layer numbers that named blocks use, where they differ from the layers' places: the numbers in a model file.
  public var layerNumbers: [Int: Int]

  public init(layers: [LayerConfiguration], inputShape: Shape, loss: Loss, layerNumbers: [Int: Int] = [:]) {
    (self.layers, self.inputShape, self.loss, self.layerNumbers) = (layers, inputShape, loss, layerNumbers)
  }

  public init(layers: [LayerConfiguration], inputs: Int, loss: Loss, layerNumbers: [Int: Int] = [:]) {
    self.init(layers: layers, inputShape: Shape(inputs), loss: loss, layerNumbers: layerNumbers)
  }
}

/// The networks and how they depend on each other: (M23) without a student, (M24) with one.
public struct Chain: Equatable, Sendable {
  /// Learns W from the weighted examples; its loss is ℓ.
  public var teacher: Learner
  /// Learns V from the teacher's labels, and from pairs; its loss is that of Ψ and of the pair term.
  public var student: Learner?
  /// L, the loss of the last network on the validation set.
  public var validationLoss: Loss

  public init(teacher: Learner, student: Learner? = nil, validationLoss: Loss) {
    (self.teacher, self.student, self.validationLoss) = (teacher, student, validationLoss)
  }

  /// The network that the validation set evaluates.
  public var validated: Learner { student ?? teacher }
}

/// The inputs of a hypergradient through the specification's own steps.
public struct ChainCase<Scalar: Real> {
  /// The step from W; computing the case overwrites its end with W' of (M23).
  public let teacher: StepTaken<Scalar>
  /// The step from V; computing the case overwrites its end with V' of (M24). Nil for two levels.
  public let student: StepTaken<Scalar>?
  /// a, [training rows].
  public let weights: Vector<Scalar>
  public let samples: ChainSamples<Scalar>

  /// Steps with one rate for all parameters of a network.
  ///
  /// - Parameters:
  ///   - teacher, student: W with ξ_W, and for three levels V with ξ_V.
  public init(
    teacher: (parameters: Vector<Scalar>, rate: Double), student: (parameters: Vector<Scalar>, rate: Double)?,
    weights: Vector<Scalar>, samples: ChainSamples<Scalar>
  ) {
    func step(_ network: (parameters: Vector<Scalar>, rate: Double)) -> StepTaken<Scalar> {
      StepTaken(
        before: network.parameters, after: Arena<Scalar>(count: network.parameters.count).all,
        derivative: .rate(network.rate))
    }
    (self.teacher, self.student) = (step(teacher), student.map(step))
    (self.weights, self.samples) = (weights, samples)
  }
}

extension Hypergradient {
  /// Takes the steps of a case, and computes ∂L/∂a through them. Collective.
  ///
  /// - Returns, Throws: see ``compute(teacher:student:samples:over:)``.
  public func compute(
    _ chainCase: ChainCase<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> (hypergradient: Vector<Double>, validationLoss: Double) {
    let (teacher, student, samples) = (chainCase.teacher, chainCase.student, chainCase.samples)
    try takeTeacherStep(
      teacher, training: samples.training, weights: chainCase.weights, masks: samples.masks, ids: samples.trainingIDs,
      over: ranks)
    if let student { try takeStudentStep(student, teacher: teacher.after, samples: samples, over: ranks) }
    return try compute(
      teacher: teacher, student: student, samples: samples, followsTeacherStep: true,
      over: ranks)
  }
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

/// The samples of one hypergradient, complete on every rank; each rank processes its share of the rows.
public struct ChainSamples<Scalar: Real> {
  /// The weighted training examples.
  public var training: Samples<Scalar>
  /// x^u, [samples × inputs]; for three levels.
  public var unlabelled: Matrix<Scalar>?
  /// Labelled examples of the student, and κ.
  public var pairs: Samples<Scalar>?
  public var pairWeight: Double
  public var validation: Samples<Scalar>
  /// The address of the dropout masks of an epoch, and the sample numbers that address the masks of the rows of
  /// `training` and `unlabelled`. nil turns dropout off; it is always off for the teacher's labels, for pairs and for
  /// the validation set.
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
