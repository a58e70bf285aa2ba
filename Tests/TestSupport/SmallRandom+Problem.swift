/// What ``SmallRandom/problem(_:)`` may choose from.
public struct RandomProblemOptions: Sendable {
  /// The number of dense layers.
  public var depth = 1...4
  /// The number of inputs and of units in each layer; the outputs of softmax and the hinges are at least 2.
  public var widths = 1...6
  public var samples = 1...5
  public var activations = ReferenceActivation.allCases
  public var losses = ReferenceLoss.allCases
  /// The probability that an activation follows the last dense layer.
  public var outputActivation = 0.25
  /// The probability that a layer has no bias.
  public var withoutBias = 0.0
  /// The probability that an input is exactly 0.
  public var zeroInputs = 0.15
  /// Probabilities as targets instead of one-hot rows (cross-entropies only).
  public var softTargets = false
  /// About a third of the hidden units gets a bias of −50 (dead behind relu), or zero weights into it, or out of it.
  public var deadUnits = false
  /// The probability that a normalisation follows a dense layer, and that one stands at the input.
  public var normalization = 0.0
  /// The probability that a mask of ones follows an activation, to be replaced.
  public var masks = 0.0
  /// The probability that a residual layer follows an activation, and that one stands at the input; its branch has one or two
  /// dense layers, and may hold a residual layer.
  public var residual = 0.0
  /// The last dense layer is multiplied by 40: a softmax behind it underflows to exact zeros.
  public var saturatedOutputs = false

  public init() {}
}

extension SmallRandom {
  /// A random network with a random minibatch. No kink is hit exactly: all biases of live units are random numbers.
  public mutating func problem(_ options: RandomProblemOptions = RandomProblemOptions()) -> ReferenceProblem {
    let loss = element(options.losses)
    let depth = integer(options.depth)
    var widths = (0...depth).map { _ in integer(options.widths) }
    if loss == .softmaxCrossEntropy || loss == .hinge || loss == .squaredHinge { widths[depth] = max(2, widths[depth]) }

    var layers: [ReferenceNetwork.Layer] = []
    // No draw where there is no choice: what a seed stands for must not depend on options that are off.
    func normalize(_ units: Int) {
      if options.normalization > 0 && chance(options.normalization) { layers.append(normalization(units: units)) }
    }
    normalize(widths[0])
    if options.residual > 0 && chance(options.residual) { layers.append(residual(units: widths[0], options)) }
    for l in 1...depth {
      var (weight, bias) = dense(inputs: widths[l - 1], outputs: widths[l])
      if options.deadUnits { killUnits(&weight, &bias, hidden: l < depth) }
      if options.saturatedOutputs && l == depth {
        weight = weight.map { row in row.map { 40 * $0 } }
        bias = bias.map { 40 * $0 }
      }
      layers.append(.dense(weight: weight, bias: chance(options.withoutBias) ? [] : bias))
      normalize(widths[l])
      if l < depth || chance(options.outputActivation) { layers.append(.activation(element(options.activations))) }
      if options.masks > 0 && chance(options.masks) {
        layers.append(.mask([Double](repeating: 1, count: widths[l])))
      }
      if options.residual > 0 && chance(options.residual) { layers.append(residual(units: widths[l], options)) }
    }

    let samples = integer(options.samples)
    return ReferenceProblem(
      network: ReferenceNetwork(layers: layers), loss: loss,
      inputs: (0..<samples).map { _ in
        (0..<widths[0]).map { _ in chance(options.zeroInputs) ? 0 : 1.5 * normal() }
      },
      targets: (0..<samples).map { _ in target(loss, count: widths[depth], soft: options.softTargets) })
  }

  private mutating func dense(inputs: Int, outputs: Int) -> (weight: [[Double]], bias: [Double]) {
    let scale = uniform(0.3...2)
    return (
      (0..<outputs).map { _ in (0..<inputs).map { _ in scale * normal() } },
      (0..<outputs).map { _ in 0.5 * normal() }
    )
  }

  /// Branches that begin and end with any kind of layer, and one that may have no parameters.
  private mutating func residual(units: Int, _ options: RandomProblemOptions) -> ReferenceNetwork.Layer {
    var branch: [ReferenceNetwork.Layer] = []
    func activate() { if chance(0.6) { branch.append(.activation(element(options.activations))) } }
    activate()
    if options.normalization > 0 && chance(0.5) { branch.append(normalization(units: units)) }
    if options.masks > 0 && chance(0.3) { branch.append(.mask([Double](repeating: 1, count: units))) }
    if chance(0.8) {
      let hidden = integer(options.widths)
      let (weight, bias) = dense(inputs: units, outputs: hidden)
      branch.append(.dense(weight: weight, bias: chance(0.3) ? [] : bias))
      activate()
      let (second, shift) = dense(inputs: hidden, outputs: units)
      branch.append(.dense(weight: second, bias: shift))
    }
    if chance(0.2) {
      var inner = options
      inner.residual = 0
      branch.append(residual(units: units, inner))
    }
    activate()
    return .residual(branch.isEmpty ? [.activation(element(options.activations))] : branch)
  }

  private mutating func normalization(units: Int) -> ReferenceNetwork.Layer {
    func numbers(_ draw: (inout SmallRandom) -> Double) -> [Double] { (0..<units).map { _ in draw(&self) } }
    return .normalization(
      ReferenceNormalization(
        scale: numbers { $0.normal() }, shift: numbers { 0.5 * $0.normal() }, mean: numbers { 0.5 * $0.normal() },
        variance: numbers { $0.uniform(0.2...3) }))
  }

  /// A dead unit: far on the flat side of relu, or with a constant input, or one that nobody listens to.
  private mutating func killUnits(_ weight: inout [[Double]], _ bias: inout [Double], hidden: Bool) {
    for i in weight.indices where hidden && chance(0.35) {
      if chance(0.5) { bias[i] = -50 } else { weight[i] = weight[i].map { _ in 0 } }
    }
    guard let inputs = weight.first?.count else { return }
    for j in 0..<inputs where chance(0.15) {
      for i in weight.indices { weight[i][j] = 0 }
    }
  }

  /// Real numbers for squaredError, else a one-hot row, or probabilities if soft.
  private mutating func target(_ loss: ReferenceLoss, count: Int, soft: Bool) -> [Double] {
    switch loss {
    case .squaredError:
      return (0..<count).map { _ in 1.5 * normal() }
    case .sigmoidCrossEntropy where soft:
      return (0..<count).map { _ in uniform() }
    case .softmaxCrossEntropy where soft:
      let weights = (0..<count).map { _ in uniform(0.01...1) }
      let sum = weights.reduce(0, +)
      return weights.map { $0 / sum }
    case .softmaxCrossEntropy, .sigmoidCrossEntropy, .hinge, .squaredHinge:
      let chosen = integer(0...count - 1)
      return (0..<count).map { $0 == chosen ? 1 : 0 }
    }
  }
}
