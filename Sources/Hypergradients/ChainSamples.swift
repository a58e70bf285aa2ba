public import Kernels
public import Networks

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
