public import Kernels

/// Everything that a hypergradient by the specification's own steps is taken of.
public struct ChainCase<Scalar: Real> {
  /// From W; its end is overwritten with W' of (M23).
  public let teacher: StepTaken<Scalar>
  /// From V; its end is overwritten with V' of (M24). Nil for two levels.
  public let student: StepTaken<Scalar>?
  /// a, [training rows].
  public let weights: Vector<Scalar>
  public let samples: ChainSamples<Scalar>

  /// Steps of one rate for all parameters of a network.
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
  /// Takes the steps of a case, and ∂L/∂a through them. Collective.
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
