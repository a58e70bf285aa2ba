import Hypergradients
import Kernels
import Networks

/// Everything that a hypergradient is taken of, as plain arrays.
struct ChainProblem {
  var chain: Chain
  /// W and V.
  var teacher, student: [Double]
  /// a, one for each training example.
  var weights: [Double]
  var training: (inputs: [[Double]], targets: [[Double]])
  var unlabelled: [[Double]]
  var pairs: (inputs: [[Double]], targets: [[Double]])
  var pairWeight: Double
  var validation: (inputs: [[Double]], targets: [[Double]])
  var teacherRate, studentRate: Double
  /// P_W and P_V where they are not the rates.
  var teacherDiagonal, studentDiagonal: [Double]?
  /// The epoch of dropout masks; dropout is off where nil.
  var maskEpoch: Int?

  /// The samples in one precision.
  func samples<Scalar: Real>(as precision: Scalar.Type) -> ChainSamples<Scalar> {
    func samples(_ rows: (inputs: [[Double]], targets: [[Double]])) -> Samples<Scalar> {
      Samples(inputs: matrix(rows.inputs), targets: matrix(rows.targets))
    }
    return ChainSamples(
      training: samples(training), unlabelled: chain.student == nil ? nil : matrix(unlabelled),
      pairs: pairs.inputs.isEmpty ? nil : samples(pairs), pairWeight: pairWeight, validation: samples(validation),
      masks: maskEpoch.map { Pass.DropoutMasks(seed: 5, epoch: $0) },
      trainingIDs: training.inputs.indices.map { Int32(20 + $0) },
      unlabelledIDs: unlabelled.indices.map { Int32(90 - $0) })
  }

  /// Both steps by (M23) and (M24), then the hypergradient.
  func compute<Scalar: Real>(
    with hypergradient: Hypergradient<Scalar>, followsTeacherStep: Bool = false,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> (values: [Double], loss: Double) {
    let samples = samples(as: Scalar.self)
    let teacherStep = step(teacher, teacherRate, teacherDiagonal, as: Scalar.self)
    try hypergradient.takeTeacherStep(
      teacherStep, training: samples.training, weights: vector(weights), masks: samples.masks,
      ids: samples.trainingIDs, over: ranks)
    var studentStep: StepTaken<Scalar>?
    if chain.student != nil {
      let step = step(student, studentRate, studentDiagonal, as: Scalar.self)
      try hypergradient.takeStudentStep(step, teacher: teacherStep.after, samples: samples, over: ranks)
      studentStep = step
    }
    let result = try hypergradient.compute(
      teacher: teacherStep, student: studentStep, samples: samples, followsTeacherStep: followsTeacherStep, over: ranks)
    return (result.hypergradient.array, result.validationLoss)
  }

  /// The same on one rank.
  func compute<Scalar: Real>(
    _ strategy: Strategy, groups: ParameterGroups = .joint, radius: Double = 0.01, as precision: Scalar.Type
  ) throws -> (values: [Double], loss: Double) {
    try compute(
      with: Hypergradient<Scalar>(
        chain, strategy: strategy, teacherGroups: groups, studentGroups: groups, radius: radius), over: SingleRank())
  }

  private func step<Scalar: Real>(
    _ before: [Double], _ rate: Double, _ diagonal: [Double]?, as precision: Scalar.Type
  ) -> StepTaken<Scalar> {
    StepTaken(
      before: vector(before), after: Arena<Scalar>(count: before.count).all,
      derivative: diagonal.map { .diagonal(vector($0)) } ?? .rate(rate))
  }
}

/// The numbers as a vector in memory of its own.
func vector<Scalar: Real>(_ values: [Double]) -> Vector<Scalar> {
  let vector = Arena<Scalar>(count: values.count).all
  vector.copy(from: values.map { Scalar($0) })
  return vector
}

/// The rows as a matrix in memory of its own.
func matrix<Scalar: Real>(_ rows: [[Double]]) -> Matrix<Scalar> {
  vector(Array(rows.joined())).matrix(rows: rows.count, columns: rows.first?.count ?? 0)
}
