import Configurations
import Datasets
import Kernels
import Optimizers
import Reweighting
import RunRecords
import TestSupport
import Testing
import Training

/// What a training remembers is all that its checkpoint holds, and all that the rest of it depends on.
struct ResumableTests {
  private static let small = ["network=[{dense: 6}, tanh, {dense: 10}]", "training.batch=100"]

  /// Settings that differ in what is remembered.
  static let settings: [[String]] = [
    ["optimizer.partition=weight"],
    ["optimizer={partition: weight, curvatureEvery: 3}", "training.lastBatch=keep"],
    ["optimizer={name: momentum, learningRate: 0.1}", "training.lastBatch=drop"],
    ["optimizer.trustRatio={every: 2}", "optimizer.layerScale=unit"], ["optimizer.name=rmsprop"],
    [
      "optimizer.name=adam", "network=[{dense: 6}, batchNorm, tanh, {dropout: 0.9}, {dense: 10}]",
      "data.validation=200", "training.stopEarly={patience: 1}",
    ],
    ["reweight.cycles=1", "data.validation=200", "optimizer.partition=weight"],
    [
      "reweight={optimizer: momentum, constraint: sigmoid, centring: none, validationBatch: 30}", "data.validation=200",
      "reweight.cycles=1",
    ],
    [
      "reweight={levels: 3, unlabelled: 600, unlabelledBatch: 90, pairWeight: 0.5, optimizer: adam}",
      "data.validation=200",
    ],
    byUnit, deep, deepByUnit, measured, [], measuredByUnit,
  ]

  private static let byUnit = [
    "optimizer={partition: unit, curvatureEvery: 3, lengths: found}",
    "network=[{dense: 6}, batchNorm, tanh, {dense: 10}]",
  ]

  private static let measured = ["optimizer={partition: weight, lengths: measured}"]
  private static let measuredByUnit = [
    "optimizer.curvatureEvery=3",
    "network=[{dense: 6}, batchNorm, tanh, {dense: 10}]",
  ]

  /// Networks whose u and Z need exponents (M32).
  private static let deep = [deepNetwork, "optimizer={learningRate: 3, curvatureDecay: 0.5}"]
  private static let deepByUnit = [deepNetwork, "optimizer={lengths: found, curvatureEvery: 2}"]
  private static let needExponents = [deep, deepByUnit]
  private static let deepNetwork =
    "network=[" + String(repeating: "{dense: 20}, tanh, ", count: 50) + "{dense: 10}]"

  private func loop<Scalar: Real>(_ settings: [String], as precision: Scalar.Type) throws -> TrainingLoop<Scalar> {
    var configuration = try ConfigurationSource(preset: .standard, settings: Self.small + settings).configuration()
    configuration.training.precision = Scalar.precision
    var problem = try LearningProblem(configuration)
    var learning: WeightLearning<Scalar>?
    if let reweight = configuration.reweight {
      var unlabelled: Subset?
      if reweight.levels == 3 {
        let (labelled, hidden) = try problem.hidingLabels(reweight.unlabelled, seed: 1)
        (problem, unlabelled) = (labelled, hidden)
      }
      learning = try WeightLearning(configuration, problem: problem, unlabelled: unlabelled, batch: 100, ranks: 1)
    }
    let plan = TrainingPlan(samples: problem.split.training.count, configuration.training, steps: 31)
    return try TrainingLoop(configuration, problem: problem, plan: plan, ranks: 1, learning: learning)
  }

  private func collect<Scalar: Real>(
    _ loop: TrainingLoop<Scalar>
  ) throws -> [CollectedState.File: [SafetensorsTensor]] {
    let state = CollectedState()
    try loop.exchange(with: state)
    return state.tensors
  }

  private func check<Scalar: Real>(_ settings: [String], as precision: Scalar.Type) throws {
    let unbroken = try loop(settings, as: precision)
    _ = try unbroken.run(over: SingleRank())
    let whole = try collect(unbroken)
    // In mid-epoch, and where epochs have 15, 14, 13 or 7 steps at the end of one.
    for step in [1, 13, 15, 21] {
      let broken = try loop(settings, as: precision)
      let outcome = try broken.run(over: SingleRank(), between: { $0.steps == step })
      try #require(outcome.wasStopped && outcome.steps == step)
      let kept = CollectedState()
      try broken.exchange(with: kept)

      let resumed = try loop(settings, as: precision)
      try #require(try collect(resumed) != kept.tensors)
      let state = RestoredState(kept)
      try resumed.exchange(with: state)
      try state.finish()
      #expect(try collect(resumed) == kept.tensors, "\(settings), step \(step)")
      let rest = try resumed.run(over: SingleRank())
      #expect(rest.steps == 31 || whole[.optimizer]?.contains { $0.name.hasPrefix("stopEarly") } == true)
      #expect(try collect(resumed) == whole, "\(settings), step \(step)")
    }
  }

  @Test(arguments: settings) func `a training goes on with the same bits in Float`(settings: [String]) throws {
    try check(settings, as: Float.self)
  }

  @Test(arguments: settings) func `a training goes on with the same bits in Double`(settings: [String]) throws {
    try check(settings, as: Double.self)
  }

  /// Leaves one number of a state as it is: what a type would do that forgot it.
  private final class Forgetful: StateExchange {
    let state: RestoredState
    let forgotten: String

    init(_ state: RestoredState, _ forgotten: String) { (self.state, self.forgotten) = (state, forgotten) }

    var isTaking: Bool { true }
    var prefix: String {
      get { state.prefix }
      set { state.prefix = newValue }
    }
    func array<Scalar: Real>(_ name: String, _ values: Vector<Scalar>) throws {
      if prefix + name != forgotten { try state.array(name, values) }
    }
    func numbers(_ name: String, _ values: inout [Int]) throws {
      if prefix + name != forgotten { try state.numbers(name, &values) }
    }
    func numbers(_ name: String, _ values: inout [Double]) throws {
      if prefix + name != forgotten { try state.numbers(name, &values) }
    }
    func sparseNumbers(_ name: String, _ values: inout [Int]) throws {
      if prefix + name != forgotten { try state.sparseNumbers(name, &values) }
    }
    func parameters<Scalar: Real>(_ blocks: [StateBlock], _ values: Vector<Scalar>) throws {
      try state.parameters(blocks.filter { $0.name != forgotten }, values)
    }
  }

  /// What counts only where the rest of the training goes otherwise than it did.
  private static let ofOtherEnds: Set = [
    // Written anew at the next epoch's start; needed where the training diverges before.
    "lastGood", "weights.lastGood", "student.lastGood",
    // Before an epoch's end they are those of the best epoch so far.
    "stopEarly.best", "stopEarly.bestEpoch", "stopEarly.bestLoss",
    // The last step's, for the record of an epoch that ends with it; whether early stopping has ended the training.
    "step.learningRate", "student.step.learningRate", "position.hasSettled",
    // The record of the epoch.
    "position.lossSum",
    // Of a whole pass over few samples, or of two updates of a sample's weight at most.
    "student.step.steps", "hypergradient.slopes",
  ]

  @Test(arguments: settings) func `a number that was forgotten would be seen`(settings: [String]) throws {
    if Self.needExponents.contains(settings) {
      try checkForgotten(settings, as: Float.self)
    } else {
      try checkForgotten(settings, as: Double.self)
    }
  }

  private func checkForgotten<Scalar: Real>(_ settings: [String], as precision: Scalar.Type) throws {
    let scale = try ConfigurationSource(preset: .standard, settings: Self.small + settings).configuration()
      .optimizer.of(ResidualPartitioning.self)?.layerScale
    let unbroken = try loop(settings, as: precision)
    _ = try unbroken.run(over: SingleRank())
    let whole = try collect(unbroken)
    let broken = try loop(settings, as: precision)
    _ = try broken.run(over: SingleRank(), between: { $0.steps == 21 })
    let kept = CollectedState()
    try broken.exchange(with: kept)
    let exponents = ["exponents.curvature", "exponents.totalGradient"].map { "step." + $0 }
    #expect(
      Self.needExponents.contains(settings)
        == exponents.allSatisfy { name in kept.tensors[.optimizer]?.contains { $0.name == name } == true })
    let fresh = try collect(try loop(settings, as: precision)).values.flatMap(\.self)
    for tensor in kept.tensors.values.flatMap(\.self) where !fresh.contains(tensor) {
      let resumed = try loop(settings, as: precision)
      let state = RestoredState(kept)
      do {
        try resumed.exchange(with: Forgetful(state, tensor.name))
      } catch is StateMismatch {
        // A place in the run without its epoch or its step is none.
        continue
      }
      #expect(throws: StateMismatch.self, "\(tensor.name)") { try state.finish() }
      #expect(try collect(resumed) != kept.tensors, "\(tensor.name)")
      guard !Self.ofOtherEnds.contains(tensor.name) else { continue }
      // Measured, but of no use to unit steps.
      if tensor.name.hasSuffix("step.optimizer.blockSquares"), scale == .unit { continue }
      // Steps are within their limits.
      if tensor.name.hasSuffix("lengths.limits"), tensor.doubles.allSatisfy({ $0 >= 1 }) { continue }
      _ = try resumed.run(over: SingleRank())
      #expect(try collect(resumed) != whole, "\(tensor.name) of \(settings)")
    }
  }

  /// The stored properties of what takes part, by type: those that are exchanged, and those that are fixed or of one step.
  private static let properties: [String: (kept: Set<String>, others: Set<String>)] = [
    "TrainingLoop": (
      ["step", "position", "lastGood", "stopping", "learning"],
      // The losses are notes on how it went: without them the first one is computed anew.
      ["plan", "place", "configuration", "problem", "evaluationNetwork", "firstLoss", "lastEpochLoss"]
    ),
    "TrainingPosition": (
      ["steps", "stepInEpoch", "epoch", "lossSum", "samples", "hasSettled"],
      // Of the clock.
      ["seconds"]
    ),
    "EarlyStopping": (["bestEpoch", "bestLoss", "best"], ["patience"]),
    "TrainingStep": (
      ["reduction", "steps", "learningRate", "trustRatio", "state"],
      [
        "problem", "settings", "gradient", "keepsParametersBefore", "before", "after", "tested", "minibatch",
        "hasCurvature",
        "movesWithSums", "keepsSumsInMemory", "rest", "appliedRate", "wasUndone", "unitSums",
      ]
    ),
    "ReplicatedReduction": (["parameters", "network"], ["kind", "part", "sums", "exchange", "inputs", "rows"]),
    "Network": (
      ["exponents", "cadence"],
      [
        "configuration", "layout", "inputShape", "inputs", "outputs", "plan", "links", "carriesTotalGradient", "layers",
        "unitLayers", "squaredErrorLayer", "capacity", "products", "laneLosses", "values", "totalGradients", "yDots",
        "zs", "edges", "none", "pass", "samples", "ids", "sharing", "firstRow", "sharedRows", "isProbe",
        // From the exponents; chooses them; of one choice.
        "curvatureExponents", "probe", "reach",
      ]
    ),
    "SignalExponents": (["totalGradient", "curvature"], ["areZero"]),
    "ExponentCadence": (["next"], []),
    "TrustRatio": (["rate"], ["every", "target"]),
    "OptimizerState": (
      [
        "first", "second", "firstUpdates", "secondUpdates", "curvatureExponents", "blockSquares", "distance", "units",
        "lengths",
      ], ["measures", "whole"]
    ),
    "DistanceEstimate": (["origin", "sums", "updates", "products", "distances", "distance"], ["members"]),
    "MeasuredLengths": (
      [
        "updates", "bases", "limits", "factor", "meanSquares", "slopes", "curvatures", "tests", "slope", "curvature",
      ], ["groups", "allBlocks", "groupOfBlock", "run", "lengths"]
    ),
    "UnitCurvature": (
      ["averages", "roots", "updates", "refreshes", "exponents"],
      ["layers", "directions", "gradients", "factors", "magnitudes", "layerOfBlock", "workspace", "owners"]
    ),
    "UnitRoots": (
      ["numbers", "isPresent"], ["layers", "places", "products", "$__lazy_storage_$_scratch"]
    ),
    "WeightLearning": (
      ["weights", "student", "validationCycle", "derivative", "lastGood"],
      ["effective", "settings", "seed", "schedule", "teacherDerivative", "studentDerivative", "isReproducible"]
    ),
    "ExampleWeights": (
      ["values", "variables", "first", "second", "recent", "updates", "squares"],
      ["constraint", "normalisation", "scale", "optimizer", "pull", "floor", "labels", "start", "gradient"]
    ),
    "SampleCycle": (["pass", "next"], ["batch", "order"]),
    "StudentTraining": (
      ["step", "unlabelledCycle", "pairCycle", "lastGood"],
      ["unlabelled", "problem", "loss", "schedule", "pairWeight", "lastUnlabelled", "lastCount"]
    ),
    "Hypergradient": (
      ["averageSlope", "slopesTakenUp"],
      [
        "chain", "strategy", "grid", "teacherLayout", "validatedLayout", "teacherBlocks", "studentBlocks", "training",
        "labelling", "learning", "pairing", "validating", "slope", "slopeDecay", "labelSlopes", "products",
        "perturbedTeacher", "perturbedStudent", "teacherGradient", "studentGradient", "pairWeights", "labels",
        "outputs",
        "result", "measuresResiduals", "passes", "watchesKinks", "kinkCrossings", "seconds",
      ]
    ),
  ]

  /// The stored properties of a value and of what it holds that the table does not know.
  private static func unknown(in value: Any, _ found: inout Set<String>) -> [String] {
    let mirror = Mirror(reflecting: value)
    let type = "\(Swift.type(of: value))".prefix { $0 != "<" }
    let known = properties[String(type)]
    var unknown: [String] = []
    if let known {
      guard found.insert(String(type)).inserted || type == "SampleCycle" || type == "TrainingStep" else { return [] }
      let labels = Set(mirror.children.compactMap(\.label))
      unknown = labels.subtracting(known.kept).subtracting(known.others).map { "\(type).\($0)" }
      unknown += known.kept.union(known.others).subtracting(labels).map { "\(type).\($0) is no more" }
    }
    // Into what is exchanged, and through optionals, enumerations and tuples.
    for child in mirror.children where known?.kept.contains(child.label ?? "") ?? true {
      guard known != nil || mirror.displayStyle != .collection, found.count < 100 else { continue }
      unknown += Self.unknown(in: child.value, &found)
    }
    return unknown
  }

  @Test func `every stored property is exchanged, or known to be fixed or of one step`() throws {
    var found: Set<String> = []
    var unknown: [String] = []
    for settings in [
      Self.settings[0], Self.settings[3], Self.settings[5], Self.settings[8], Self.byUnit, Self.measured,
    ] {
      var here: Set<String> = []
      unknown += Self.unknown(in: try loop(settings, as: Float.self), &here)
      found.formUnion(here)
    }
    #expect(unknown.isEmpty, "exchange it, or say here why not: \(Set(unknown).sorted())")
    #expect(found == Set(Self.properties.keys))
    // That a new property would be seen.
    struct DistanceEstimate {
      let origin = 1, sums = 2, updates = 3, products = 4, distances = 5, distance = 6, members = 7, new = 8
    }
    var none: Set<String> = []
    #expect(Self.unknown(in: DistanceEstimate(), &none) == ["DistanceEstimate.new"])
  }
}
