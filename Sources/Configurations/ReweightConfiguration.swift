public import Hypergradients
public import Optimizers

/// `reweight`: how `rp-dist reweight` learns one weight a_i for each training example, by (M23) or (M24).
public struct ReweightConfiguration: Codable, Equatable, Sendable {
  /// 2: the weights of the network that the validation set evaluates. 3: those of a teacher, whose labels a student learns.
  public var levels = 2
  /// How often the network is trained, each time anew: the weights of every cycle but the first start at what the network
  /// before believes of the labels, and are drawn to it. nil: ``standardCycles`` with two levels and classes, else 1.
  public var cycles: Int?
  static let standardCycles = 3
  public var strategy = Strategy.exact
  /// The blocks of parameters that finite differences perturb.
  public var blocks = ParameterGroups.joint
  /// The radius of blocks without one of their own.
  public var radius = 0.01
  /// How ranks are shared out among directions and samples.
  public var grid = Grid.Choice.automatic
  public var constraint = WeightConstraint.unit
  public var normalisation = WeightNormalisation.minibatch
  /// Whether the derivatives are divided by ‖∂ℓ_i/∂y‖ + 0.1: how far an example is from its label does not count, only
  /// where its gradient points.
  public var perResidual = true
  public var centring = WeightCentring.label
  public var scale = WeightScale.running
  public var optimizer = WeightOptimizer.sgd
  /// η of the weights, in units of what ``scale`` divides their gradients by.
  public var learningRate = 0.3
  /// λ, by which weights are drawn back to where they started: η λ of the distance in each update.
  public var pull = 0.5
  /// The least weight: wrong labels are told from right ones with few errors, and a right one is not lost by an error. Not
  /// with the constraints none and sigmoid.
  public var floor = 0.2
  /// How η changes in the course of the run.
  public var schedule = Schedule.Name.constant
  /// The weights are updated every so many steps, from the epoch after the `warmup` first ones on.
  public var updateEvery = 1
  public var warmup = 1
  /// The samples of the validation set that evaluate one step; at most all of them.
  public var validationBatch = 200
  /// β of the average of the validation loss's gradient over the updates; 0 takes that of each step alone.
  public var validationDecay = 0.98
  /// The training samples whose labels are hidden, which the student learns from, and how many of them in a step.
  public var unlabelled = 0
  public var unlabelledBatch = 100
  /// κ: what a labelled sample counts in the student's loss; 0 where it sees none.
  public var pairWeight = 0.0
  /// Whether the derivative of a step has the optimizer's own denominators; one rate for all parameters where not.
  public var preconditioned = true
  /// What the student has of its own.
  public var student = StudentConfiguration()
  /// Whether the same training without learned weights, and on true labels alone where they are known, is done too.
  public var compare = true

  enum CodingKeys: String, StrictKey {
    case levels, cycles, strategy, blocks, radius, grid, constraint, floor, normalisation, perResidual, centring, scale
    case optimizer, learningRate, pull, schedule, updateEvery, warmup, validationBatch, validationDecay, preconditioned
    case unlabelled, unlabelledBatch, pairWeight, student, compare
  }

  /// The standard settings. With three levels the derivatives come from small sets and many updates of each weight: they are
  /// taken as they are, and followed slowly.
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
  /// A value that is written as text of a form of its own, or a default where the key is absent.
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

/// What the weights of a minibatch are divided by for its step.
public enum WeightNormalisation: String, Codable, CaseIterable, Sendable {
  /// Nothing: the step is along (1/S) Σ a_i ∇ℓ_i.
  case none
  /// Their mean: the step is along Σ a_i ∇ℓ_i / Σ a_i, as long as one without weights. The derivative of the division is
  /// part of the hypergradient.
  case minibatch
}

/// What is subtracted from the derivatives by the weights.
public enum WeightCentring: String, Codable, CaseIterable, Sendable {
  /// Nothing but what normalisation asks for.
  case none
  /// Their weighted mean over the recent examples of the same label, with a decay of 0.8 an update: what a label as such is
  /// worth at the moment does not count, only which of its examples are. With weights that are divided by the sum of those
  /// of their own label it would be the derivative.
  case label
}

/// What the derivatives by the weights are divided by, so that a rate means the same in every problem.
public enum WeightScale: String, Codable, CaseIterable, Sendable {
  /// Nothing.
  case none
  /// Their root mean square in the minibatch.
  case minibatch
  /// Their root mean square in all updates so far. As the weights settle their derivatives become small, and are not
  /// blown up again.
  case running
}

/// How derivatives become updates of the weights: (M17) with standard settings, and averages for each weight by itself.
public struct WeightOptimizer: Sendable {
  public static let sgd = WeightOptimizer(SGD.standard)

  package let rule: any NumberOptimizer

  init(_ rule: any NumberOptimizer) { self.rule = rule }
}

extension WeightOptimizer: RawRepresentable, Codable, CaseIterable, Equatable {
  /// The optimizers that move single numbers.
  public static let allCases = OptimizerKind.allCases.compactMap { kind in
    (kind.type as? any NumberOptimizer.Type).map { WeightOptimizer($0.standard) }
  }

  public var rawValue: String { type(of: rule).name }

  /// nil for a name that none has.
  public init?(rawValue: String) {
    guard let optimizer = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = optimizer
  }

  public static func == (a: WeightOptimizer, b: WeightOptimizer) -> Bool { a.rawValue == b.rawValue }
}
