import Hypergradients
import Kernels
import Networks
import TestSupport
import Testing

/// Nested and fused differences against the exact hypergradient, over a sweep of radii.
struct ConvergenceTests {
  static let groups: [ParameterGroups] = [
    .joint, .layers,
    .named([.init(name: "encoder", layers: 0...1), .init(name: "head", layers: 2...2)]),
  ]

  @Test(arguments: [2, 3], [Strategy.nested, .fused])
  func `the error falls with the square of the radius until rounding takes over`(levels: Int, strategy: Strategy) throws
  {
    for groups in Self.groups {
      let problem = try ChainProblem(seed: 21, levels: levels, hasDiagonals: true)
      let (exact, _) = try problem.compute(.exact, as: Double.self)
      let radii = [0.1, 0.05, 0.025, 0.0125]
      let errors = try radii.map { radius in
        relativeDifference(
          try problem.compute(strategy, groups: groups, radius: radius, as: Double.self).values, exact)
      }
      // Halving the radius divides the leading term by 4; the next one is of relative size radius².
      for k in 1..<errors.count {
        let order = errors[k - 1] / errors[k]
        #expect((3.3...4.8).contains(order), "\(groups.text), radius \(radii[k]): \(order)")
      }
      // Cancellation: below some radius the error grows again, about as 1/radius (fused) or 1/radius² (nested).
      let smallest = relativeDifference(
        try problem.compute(strategy, groups: groups, radius: 1e-9, as: Double.self).values, exact)
      #expect(smallest > errors[errors.count - 1] * 1e-6 && smallest > 1e-9, "\(groups.text): \(smallest)")
    }
  }

  @Test func `nested loses digits sooner than fused`() throws {
    let problem = try ChainProblem(seed: 21, levels: 3)
    let (exact, _) = try problem.compute(.exact, as: Double.self)
    func error(_ strategy: Strategy) throws -> Double {
      relativeDifference(try problem.compute(strategy, radius: 1e-5, as: Double.self).values, exact)
    }
    #expect(try error(.nested) > 10 * error(.fused))
  }

  @Test(arguments: [2, 3]) func `blocks of different radii are each divided by their own`(levels: Int) throws {
    let problem = try ChainProblem(seed: 22, levels: levels)
    let groups = ParameterGroups.named([
      .init(name: "encoder", layers: 0...0, radius: 1e-4), .init(name: "head", layers: 2...2, radius: 1e-3),
    ])
    let (exact, _) = try problem.compute(.exact, as: Double.self)
    for strategy in [Strategy.nested, .fused] {
      let (values, _) = try problem.compute(strategy, groups: groups, radius: 0.5, as: Double.self)
      #expect(relativeDifference(values, exact) < 1e-4, "\(strategy)")
    }
  }

  @Test func `in Float at radius 0.01 fused has the direction of exact on a trained network of MNIST's size`() throws {
    let problem = try LargeChain()
    for levels in [2, 3] {
      let fused = try problem.hypergradient(levels: levels, .fused)
      let exact = try problem.hypergradient(levels: levels, .exact)
      #expect(cosine(fused, exact) >= 0.99, "\(levels) levels")
      // Which a hypergradient of other examples does not have.
      #expect(abs(cosine(fused, exact.reversed())) < 0.9)
    }
  }
}

private func cosine(_ a: [Double], _ b: some Collection<Double>) -> Double {
  let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  let squares = (a.reduce(0) { $0 + $1 * $1 }, b.reduce(0) { $0 + $1 * $1 })
  return dot / (squares.0 * squares.1).squareRoot()
}

/// 784-256-10 relu networks in Float, trained on ten noisy patterns of pixels, a fifth of them under wrong labels.
private struct LargeChain {
  private let chain: Chain
  private let samples: ChainSamples<Float>
  private let weights = Arena<Float>(count: 100)
  private let teacher: Arena<Float>
  private let student: Arena<Float>

  init() throws {
    let noise = RandomStream(seed: 3, .benchmark)
    func draw(_ count: Int, _ address: Int, wrong: Bool) -> Samples<Float> {
      let stream = noise.substream(address)
      let (inputs, targets) = (Matrix<Float>(rows: count, columns: 784), Matrix<Float>(rows: count, columns: 10))
      for row in 0..<count {
        let pattern = noise.substream(row % 10)
        for k in 0..<784 {
          let isOn = pattern.uniform(k) < 0.2
          inputs[row][k] = Float((isOn ? 1 : -1) + 0.7 * stream.normal(row * 784 + k))
        }
        targets[row][wrong && row % 5 == 0 ? (row + 3) % 10 : row % 10] = 1
      }
      return Samples(inputs: inputs, targets: targets)
    }
    let learner = Learner(
      layers: [.dense(inputs: nil, outputs: 256), .activation(.relu), .dense(inputs: nil, outputs: 10)], inputs: 784,
      loss: .softmaxCrossEntropy)
    chain = Chain(teacher: learner, student: learner, validationLoss: .softmaxCrossEntropy)
    samples = ChainSamples(
      training: draw(100, 100, wrong: true), unlabelled: draw(100, 101, wrong: false).inputs,
      validation: draw(100, 102, wrong: false))
    weights.all.fill(1)
    let network = try Network<Float>(learner.layers, inputs: 784)
    teacher = network.initialParameters(.uniform, seed: 1)
    student = network.initialParameters(.uniform, seed: 2)
    // Ten steps on the examples, and as many of the student on the teacher's labels.
    let steps = try Hypergradient<Float>(chain, strategy: .exact)
    for _ in 0..<10 {
      try steps.takeTeacherStep(step(teacher), training: samples.training, weights: weights.all, over: SingleRank())
      try steps.takeStudentStep(step(student), teacher: teacher.all, samples: samples, over: SingleRank())
    }
  }

  private func step(_ parameters: Arena<Float>) -> StepTaken<Float> {
    StepTaken(before: parameters.all, after: parameters.all, derivative: .rate(0.0005))
  }

  func hypergradient(levels: Int, _ strategy: Strategy) throws -> [Double] {
    var chain = chain
    if levels == 2 { chain.student = nil }
    let hypergradient = try Hypergradient<Float>(chain, strategy: strategy)
    func next(_ parameters: Arena<Float>) -> StepTaken<Float> {
      StepTaken(
        before: parameters.all, after: Arena<Float>(count: parameters.count).all, derivative: .rate(0.0005))
    }
    let teacherStep = next(teacher)
    try hypergradient.takeTeacherStep(
      teacherStep, training: samples.training, weights: weights.all, over: SingleRank())
    var studentStep: StepTaken<Float>?
    if levels == 3 {
      let step = next(student)
      try hypergradient.takeStudentStep(step, teacher: teacherStep.after, samples: samples, over: SingleRank())
      studentStep = step
    }
    return try hypergradient.compute(
      teacher: teacherStep, student: studentStep, samples: samples, over: SingleRank()
    ).hypergradient.array
  }
}
