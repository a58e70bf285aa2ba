internal import Configurations
internal import Datasets
internal import Kernels
internal import MPI
internal import Networks
internal import Optimizers
internal import Ranks
internal import Training

/// One network with one way of training it, and the matrix products of its steps for comparison.
final class StepCandidate<Scalar: Real> {
  /// The times of the parts of a step, in milliseconds.
  struct Times {
    var whole = 0.0
    /// Reading the samples of this rank's shard.
    var data = 0.0
    /// Loss, Ẇ and Ẅ, with their sums over the ranks.
    var statistics = 0.0
    var update = 0.0
  }

  /// The number of steps, and of products, that are timed in a row, after one that is not timed: as in training, the
  /// caches then hold the data of the step before.
  private static var fewestAtOnce: Int { 4 }

  let recipe: StepRecipe
  let network: Network<Scalar>
  private let loop: TrainingLoop<Scalar>
  private let group: RankGroup
  private let problem: LearningProblem
  /// Created when it is first timed, because training has no such matrices.
  private lazy var floor = MatrixProductFloor(network, samples: network.capacity)
  private let batch: Int
  private let needsCurvature: Bool
  private let isByUnit: Bool
  private let positions: [Int32]
  /// The number of steps after which the work repeats; a step's place among them is its phase.
  private let cycle: Int
  /// How curvature is used, and in which phases lengths are tested.
  private let curvature: CurvatureUse
  private let isTested: (Int) -> Bool
  private var steps = 0
  /// At least a cycle, so that every phase is timed.
  private var timedAtOnce: Int { max(Self.fewestAtOnce, cycle) }
  /// By phase.
  private var times: [[Times]]
  private var products: [[Double]]
  private let clock = ContinuousClock()

  /// - Parameters:
  ///   - loop: a loop with the recipe's configuration; its step is the one that is timed.
  ///   - group: the ranks for which the loop was made.
  init(_ recipe: StepRecipe, _ configuration: Configuration, _ loop: TrainingLoop<Scalar>, _ group: RankGroup) {
    (self.recipe, self.loop, self.group, problem) = (recipe, loop, group, loop.problem)
    batch = configuration.training.batch
    network = loop.step.network
    positions = (0..<Int32(problem.split.training.count)).map(\.self)
    needsCurvature = configuration.optimizer.rule.needsCurvature
    isByUnit = configuration.optimizer.isByUnit
    cycle = configuration.optimizer.cycle
    curvature = configuration.optimizer.curvature
    let measuresLength = configuration.optimizer.rule.measuresLength
    isTested = { measuresLength && $0.isMultiple(of: TestedLengths.every) }
    times = Array(repeating: [], count: cycle)
    products = Array(repeating: [], count: cycle)
  }

  /// How the ranks combine their shares of the minibatch.
  var reduction: Reduction { loop.reduction }

  /// The bytes of the samples, of the parameters, and of the workspace: see ``StepMemory``.
  var sizes: (data: Int, parameters: Int, workspace: Int) {
    let bytes = MemoryLayout<Scalar>.stride
    return (
      problem.split.training.count * problem.features, bytes * network.layout.count,
      bytes * (network.workspaceCount + (isByUnit ? unitNumbers : 0))
    )
  }

  /// What a step by unit keeps beside arrays of the parameters' size.
  private var unitNumbers: Int {
    let layers = network.unitLayers
    return network.unitSumsCount + UnitSumsWorkspace<Scalar>.count(layers, samples: network.capacity)
      + UnitCurvature<Scalar>.count(layers)
  }

  /// Takes steps, then products. Collective.
  func takeTurn(isTimed: Bool) throws {
    try group.barrier()
    for place in 0...timedAtOnce {
      let phase = steps % cycle
      let taken = try step()
      if isTimed && place > 0 { times[phase].append(taken) }
    }
    for place in 0...timedAtOnce {
      let phase = (steps + place) % cycle
      let taken = clock.measure { floor.run(withCurvature: needsCurvature && phase == 0) } / .milliseconds(1)
      if isTimed && place > 0 { products[phase].append(taken) }
    }
  }

  /// One step on the next minibatch. Collective.
  @discardableResult
  func step() throws -> Times {
    let first = steps % (positions.count / batch) * batch
    let positions = positions
    let share = group.shard(first..<first + batch)
    var times = Times()
    let start = clock.now
    let loss = try loop.step.computeStatistics(
      ids: positions.span.extracting(share), samples: batch, epoch: 1, over: group
    ) { x, t, _ in
      let before = clock.now
      problem.fill(problem.split.training, positions.span.extracting(share), inputs: x, targets: t)
      times.data = before.duration(to: clock.now) / .milliseconds(1)
    }
    let between = clock.now
    try loop.step.update(factor: 1, over: group)
    let end = clock.now
    steps += 1
    times.statistics = start.duration(to: between) / .milliseconds(1) - times.data
    times.update = between.duration(to: end) / .milliseconds(1)
    times.whole = start.duration(to: end) / .milliseconds(1)
    guard loss.isFinite else {
      throw AgreedFailure(
        code: ExitCode.failed,
        message: "\(recipe.rawValue): the loss is not finite at step \(steps); a smaller "
          + "optimizer.learningRate may help")
    }
    return times
  }

  /// The times of the slowest rank. Collective.
  func result() throws -> StepTimes {
    func overCycle(_ part: KeyPath<Times, Double>, _ share: Double = 0.5) -> Double {
      mean(times.map { quantile($0.map { $0[keyPath: part] }, share) })
    }
    func slowest(_ value: Double, _ rank: Int) throws -> Double { try group.allGather(value)[rank] }
    let steps = try group.allGather(overCycle(\.whole))
    let rank = steps.indices.max { steps[$0] < steps[$1] } ?? 0
    return StepTimes(
      recipe: recipe, reduction: reduction, milliseconds: steps[rank],
      fastest: try slowest(overCycle(\.whole, 0), rank),
      quartiles: try [0.25, 0.75].map { try slowest(overCycle(\.whole, $0), rank) },
      products: try slowest(mean(products.map { quantile($0, 0.5) }), rank),
      fastestProducts: try slowest(mean(products.map { quantile($0, 0) }), rank),
      data: try slowest(overCycle(\.data), rank), statistics: try slowest(overCycle(\.statistics), rank),
      update: try slowest(overCycle(\.update), rank),
      unitCost: try unitCost().map { cost in
        StepTimes.UnitCost(refresh: try slowest(cost.refresh, rank), root: try slowest(cost.root, rank))
      })
  }

  /// What the refreshes of g and A and the roots add to a step, on average, beside steps whose lengths are tested as theirs
  /// are; nil where there are none.
  private func unitCost() -> StepTimes.UnitCost? {
    guard isByUnit else { return nil }
    let medians = times.map { quantile($0.map(\.whole), 0.5) }
    let period = curvature.cycle
    let (root, other) = (curvature.rootPhase, (curvature.rootPhase + period / 2) % period)
    /// The mean of what steps at a place of the cycle of curvature take more than plain ones.
    func extra(at place: Int) -> Double? {
      var found: [Double] = []
      for phase in medians.indices where phase % period == place {
        let plain = medians.indices.filter {
          ![root, other].contains($0 % period) && isTested($0) == isTested(phase)
        }
        if !plain.isEmpty { found.append(medians[phase] - mean(plain.map { medians[$0] })) }
      }
      return found.isEmpty ? nil : mean(found)
    }
    guard let refresh = extra(at: other), let both = extra(at: root) else { return nil }
    return StepTimes.UnitCost(refresh: 2 * refresh / Double(period), root: (both - refresh) / Double(period))
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}

/// The matrix products of one step, computed by OpenBLAS on separate matrices and with nothing between them.
struct MatrixProductFloor<Scalar: Real> {
  private struct Layer {
    let x, y, w: Matrix<Scalar>
    /// The results of the products, so that the factors keep their values.
    let xResult, yResult, wResult: Matrix<Scalar>
    /// The first affine layer needs no product for u and passes no signal back.
    let isFirst: Bool
  }

  private let layers: [Layer]

  /// - Parameter samples: the number of this rank's samples of the minibatch.
  init(_ network: Network<Scalar>, samples: Int) {
    func filled(_ rows: Int, _ columns: Int) -> Matrix<Scalar> {
      let matrix = Matrix<Scalar>(rows: rows, columns: columns)
      matrix.elements.fill(0.5)
      return matrix
    }
    layers = network.layout.blocks.filter { $0.shape.count == 2 }.enumerated().map { index, block in
      let (outputs, inputs) = (block.shape[0], block.shape[1])
      return Layer(
        x: filled(samples, inputs), y: filled(samples, outputs), w: filled(outputs, inputs),
        xResult: filled(samples, inputs), yResult: filled(samples, outputs), wResult: filled(outputs, inputs),
        isFirst: index == 0)
    }
  }

  /// - Parameter withCurvature: whether to include the products for u, Ẅ and Z; without them, the products are those of
  ///   a gradient.
  func run(withCurvature: Bool) {
    for layer in layers {
      // (M1), and (M4) where u below is not zero
      multiply(layer.x, transposed: layer.w, into: layer.yResult)
      if withCurvature && !layer.isFirst { multiply(layer.x, transposed: layer.w, into: layer.yResult) }
    }
    for layer in layers.reversed() {
      // (M9): Ẇ and Ẅ
      multiply(transposed: layer.y, layer.x, into: layer.wResult)
      if withCurvature { multiply(transposed: layer.y, layer.x, into: layer.wResult) }
      // (M10): Ẏ and Z
      guard !layer.isFirst else { continue }
      multiply(layer.y, layer.w, into: layer.xResult)
      if withCurvature { multiply(layer.y, layer.w, into: layer.xResult) }
    }
  }
}
