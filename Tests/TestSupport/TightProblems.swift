/// Problems at which a bound is nearly attained: with half of Ẅ it fails.
///
/// For each, ``ReferenceProblem/tightness(_:generalPartition:)`` is above 0.6 (in fact above 0.96), and halving the
/// Ẅ of a single weight matrix or a single bias vector already gives more than 1. Two and three dense layers, two
/// or three samples, all activations and, except for `hinge`, all losses. The first is ``attainedProblem``, with
/// the value 1.
public func tightProblems(_ bound: ReferenceBound) -> [ReferenceProblem] {
  let found: [TightSeed] =
    switch bound {
    case .paper:
      [
        TightSeed(2, .sigmoid, .squaredError, 221), TightSeed(2, .tanh, .squaredError, 395),
        TightSeed(2, .swish, .softmaxCrossEntropy, 186), TightSeed(2, .relu, .softmaxCrossEntropy, 57),
        TightSeed(2, .elu, .sigmoidCrossEntropy, 137), TightSeed(2, .swish, .sigmoidCrossEntropy, 543),
        TightSeed(2, .softplus, .squaredHinge, 9), TightSeed(2, .leakyRelu, .squaredHinge, 61),
        TightSeed(2, .identity, .squaredError, 137), TightSeed(3, .sigmoid, .squaredError, 245),
        TightSeed(3, .softplus, .softmaxCrossEntropy, 30), TightSeed(3, .relu, .sigmoidCrossEntropy, 186),
        TightSeed(3, .tanh, .squaredHinge, 165),
      ]
    case .full:
      [
        TightSeed(2, .sigmoid, .squaredError, 404), TightSeed(2, .softplus, .squaredError, 324),
        TightSeed(2, .tanh, .softmaxCrossEntropy, 213), TightSeed(2, .relu, .softmaxCrossEntropy, 500),
        TightSeed(2, .swish, .sigmoidCrossEntropy, 360), TightSeed(2, .leakyRelu, .squaredHinge, 113),
        TightSeed(2, .elu, .squaredHinge, 238), TightSeed(2, .identity, .squaredError, 338),
        TightSeed(3, .relu, .squaredError, 186), TightSeed(3, .softplus, .squaredError, 366),
        TightSeed(3, .leakyRelu, .softmaxCrossEntropy, 245), TightSeed(3, .leakyRelu, .sigmoidCrossEntropy, 245),
        TightSeed(3, .tanh, .squaredHinge, 515),
      ]
    }
  return [attainedProblem] + found.map { $0.problem }
}

/// A problem at which both bounds are attained, in the direction Δw = (1, 1, …, 1): λ_max(D^−½ H D^−½) = 1.
///
/// Weights, biases, inputs and Ẏ at the output are positive and the activation is relu, so that every path has the
/// same sign. Then Δw = 1 gives Δy = u everywhere, and that is where Jensen's inequality (M12) and the inequality
/// of (M13) are equalities. Hence Σ H = Σ Ẅ, and making any *single* Ẅ smaller breaks the bound.
public let attainedProblem = ReferenceProblem(
  network: ReferenceNetwork(layers: [
    .dense(weight: [[0.5, 1], [0.25, 0.75], [1, 0.125]], bias: [0.5, 1, 0.25]),
    .activation(.relu),
    .dense(weight: [[1, 0.5, 0.25], [0.5, 0.125, 1]], bias: [0.25, 0.5]),
    .activation(.relu),
    .dense(weight: [[0.5, 1], [1, 0.75]], bias: [1, 0.5]),
  ]),
  loss: .squaredError,
  inputs: [[1, 2], [0.5, 0], [3, 0.25]],
  targets: [[0.5, 1], [0, 1.5], [1, -1]])

/// A problem that was found by trying seeds.
private struct TightSeed {
  var depth: Int
  var activation: ReferenceActivation
  var loss: ReferenceLoss
  var seed: UInt64

  init(_ depth: Int, _ activation: ReferenceActivation, _ loss: ReferenceLoss, _ seed: UInt64) {
    self.depth = depth
    self.activation = activation
    self.loss = loss
    self.seed = seed
  }

  var problem: ReferenceProblem {
    var options = RandomProblemOptions()
    options.depth = depth...depth
    options.widths = 2...3
    options.samples = 2...3
    options.activations = [activation]
    options.losses = [loss]
    options.outputActivation = 0
    var random = SmallRandom(seed: seed)
    return random.problem(options)
  }
}
