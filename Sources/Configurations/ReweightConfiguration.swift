public import Hypergradients
public import Optimizers

/// `reweight`: how `rp-dist reweight` learns one weight a_i for each training example, by (M23) or (M24).
public struct ReweightConfiguration: Codable, Equatable, Sendable {
  /// 2: the weights of the network that the validation set evaluates. 3: the weights of a teacher, whose labels a
  /// student learns.
  public var levels = 2
  /// The number of times that the network is trained from new initial parameters. In every cycle but the first, each
  /// weight starts at the previous network's probability that the label is true, and is pulled towards it. nil:
  /// ``standardCycles`` with two levels and classes, else 1.
  public var cycles: Int?
  static let standardCycles = 3
  public var strategy = Strategy.exact
  /// The blocks of parameters that finite differences perturb.
  public var blocks = ParameterGroups.joint
  /// The radius of blocks without one of their own.
  public var radius = 0.01
  /// How ranks are divided among directions and samples.
  public var grid = Grid.Choice.automatic
  public var constraint = WeightConstraint.unit
  public var normalisation = WeightNormalisation.minibatch
  /// Whether the derivatives are divided by ‖∂ℓ_i/∂y‖ + 0.1. Then only the direction of an example's gradient counts,
  /// not how far the example is from its label.
  public var perResidual = true
  public var centring = WeightCentring.label
  public var scale = WeightScale.running
  public var optimizer = WeightOptimizer.sgd
  /// η of the weights; gradients are first divided by ``scale``.
  public var learningRate = 0.3
  /// λ, by which weights are pulled back to their initial values: η λ times the distance in each update.
  public var pull = 0.5
  /// The least weight. Weights separate wrong labels from right ones well but not perfectly; with a least weight an
  /// error does not remove a right label from the training. Not with the constraints none and sigmoid.
  public var floor = 0.2
  /// How η changes during the run.
  public var schedule = Schedule.Name.constant
  /// The weights are updated once in this number of steps, after the first `warmup` epochs.
  public var updateEvery = 1
  public var warmup = 1
  /// The number of validation samples that evaluate one step; at most all of them.
  public var validationBatch = 200
  /// β of the average of the validation loss's gradient over the updates; 0 for the gradient of each step alone.
  public var validationDecay = 0.98
  /// The number of training samples whose labels are hidden, from which the student learns, and the number of them in a
  /// step.
  public var unlabelled = 0
  public var unlabelledBatch = 100
  /// κ: the weight of a labelled sample in the student's loss; 0 if the student does not learn labelled samples.
  public var pairWeight = 0.0
  /// Whether the derivative of a step contains the optimizer's own denominators; if not, one rate for all parameters.
  public var preconditioned = true
  /// The student's own settings.
  public var student = StudentConfiguration()
  /// Whether two comparisons are trained too: without learned weights and, if the true labels are known, on true labels
  /// alone.
  public var compare = true

  enum CodingKeys: String, StrictKey {
    case levels, cycles, strategy, blocks, radius, grid, constraint, floor, normalisation, perResidual, centring, scale
    case optimizer, learningRate, pull, schedule, updateEvery, warmup, validationBatch, validationDecay, preconditioned
    case unlabelled, unlabelledBatch, pairWeight, student, compare
  }

  /// The standard settings. With three levels the derivatives come from small sets, and each weight has many updates.
  /// The derivatives are therefore used unchanged, and the weights follow them slowly.
  public init(levels: Int = 2) {
    self.levels = levels
    guard levels == 3 else { return }
    (perResidual, centring, validationDecay) = (false, .none, 0)
    (learningRate, schedule, pull, floor) = (0.1, .linear, 0, 0)
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    self.init(levels: try values.value(.levels, or: 2))
    cycles = try values.decodeIfPresent(Int.self, forKey: .cycles)
    strategy = try values.name(.strategy, or: strategy)
    blocks = try values.parsed(.blocks, or: blocks) { text throws in try ParameterGroups(parsing: text) }
    radius = try values.value(.radius, or: radius)
    grid = try values.parsed(.grid, or: grid) { text throws in try Grid.Choice(parsing: text) }
    constraint = try values.name(.constraint, or: constraint)
    normalisation = try values.name(.normalisation, or: normalisation)
    perResidual = try values.value(.perResidual, or: perResidual)
    centring = try values.name(.centring, or: centring)
    scale = try values.name(.scale, or: scale)
    optimizer = try values.name(.optimizer, or: optimizer)
    learningRate = try values.value(.learningRate, or: learningRate)
    pull = try values.value(.pull, or: pull)
    floor = try values.value(.floor, or: constraint == .unit || constraint == .nonnegative ? floor : 0)
    schedule = try values.name(.schedule, or: schedule)
    updateEvery = try values.value(.updateEvery, or: updateEvery)
    warmup = try values.value(.warmup, or: warmup)
    validationBatch = try values.value(.validationBatch, or: validationBatch)
    validationDecay = try values.value(.validationDecay, or: validationDecay)
    unlabelled = try values.value(.unlabelled, or: unlabelled)
    unlabelledBatch = try values.value(.unlabelledBatch, or: unlabelledBatch)
    pairWeight = try values.value(.pairWeight, or: pairWeight)
    preconditioned = try values.value(.preconditioned, or: preconditioned)
    student = try values.value(.student, or: student)
    compare = try values.value(.compare, or: compare)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(levels, forKey: .levels)
    try values.encodeIfPresent(cycles, forKey: .cycles)
    try values.encode(strategy, forKey: .strategy)
    try values.encode(blocks.text, forKey: .blocks)
    try values.encode(radius, forKey: .radius)
    try values.encode(grid.text, forKey: .grid)
    try values.encode(constraint, forKey: .constraint)
    try values.encode(normalisation, forKey: .normalisation)
    try values.encode(perResidual, forKey: .perResidual)
    try values.encode(centring, forKey: .centring)
    try values.encode(scale, forKey: .scale)
    try values.encode(optimizer, forKey: .optimizer)
    try values.encode(learningRate, forKey: .learningRate)
    try values.encode(pull, forKey: .pull)
    try values.encode(floor, forKey: .floor)
    try values.encode(schedule, forKey: .schedule)
    try values.encode(updateEvery, forKey: .updateEvery)
    try values.encode(warmup, forKey: .warmup)
    try values.encode(validationBatch, forKey: .validationBatch)
    try values.encode(validationDecay, forKey: .validationDecay)
    try values.encode(preconditioned, forKey: .preconditioned)
    try values.encode(compare, forKey: .compare)
    guard levels == 3 else { return }
    try values.encode(unlabelled, forKey: .unlabelled)
    try values.encode(unlabelledBatch, forKey: .unlabelledBatch)
    try values.encode(pairWeight, forKey: .pairWeight)
    try values.encode(student, forKey: .student)
  }
}

extension KeyedDecodingContainer where Key: StrictKey {
  /// A value that is written as text in its own format, or a default if the key is absent.
  func parsed<Value>(
    _ key: Key, or standard: Value, _ parse: (String) throws -> Value
  ) throws -> Value {
    guard let text = try decodeIfPresent(String.self, forKey: key) else { return standard }
    do {
      return try parse(text)
    } catch let error as HypergradientError {
      throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: error.description)
    }
  }
}

/// The divisor of the weights of a minibatch in its step.
public enum WeightNormalisation: String, Codable, CaseIterable, Sendable {
  /// No division: the step is along (1/S) Σ a_i ∇ℓ_i.
  case none
  /// Their mean: the step is along Σ a_i ∇ℓ_i / Σ a_i, about as long as a step without weights. The hypergradient
  /// contains the derivative of this division.
  case minibatch
}

/// The mean that is subtracted from the derivatives with respect to the weights.
public enum WeightCentring: String, Codable, CaseIterable, Sendable {
  /// None, except for the mean that belongs to the normalisation.
  case none
  /// The weighted mean over the recent examples of the same label, with a decay of 0.8 for each update. The present
  /// value of a label as a whole then does not count, only the differences between its examples. If weights were
  /// divided by the sum of the weights of their own label, this would be the exact derivative.
  case label
}

/// The divisor of the derivatives with respect to the weights, so that a rate means the same in every problem.
public enum WeightScale: String, Codable, CaseIterable, Sendable {
  /// No division.
  case none
  /// The root mean square of the derivatives in the minibatch.
  case minibatch
  /// The root mean square of the derivatives over all updates so far. As the weights settle, their derivatives become
  /// small and are not amplified again.
  case running
}

/// How derivatives become updates of the weights: by (M17) with standard settings, with averages for each weight.
public struct WeightOptimizer: Sendable {
  public static let sgd = WeightOptimizer(SGD.standard)

  package let rule: any NumberOptimizer

  init(_ rule: any NumberOptimizer) { self.rule = rule }
}

extension WeightOptimizer: RawRepresentable, Codable, CaseIterable, Equatable {
  /// The optimizers that can update single numbers.
  public static let allCases = OptimizerKind.allCases.compactMap { kind in
    (kind.type as? any NumberOptimizer.Type).map { WeightOptimizer($0.standard) }
  }

  public var rawValue: String { type(of: rule).name }

  /// nil if no optimizer has this name.
  public init?(rawValue: String) {
    guard let optimizer = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = optimizer
  }

  public static func == (a: WeightOptimizer, b: WeightOptimizer) -> Bool { a.rawValue == b.rawValue }
}
