public import Configurations
internal import Kernels
public import MPI
internal import Networks
private import Optimizers
internal import Ranks
internal import Training

/// Measures how the time of a step changes with the number of ranks, and predicts it for larger numbers of ranks.
public struct ScalingBenchmark: Sendable {
  /// The numbers of ranks for which the time is predicted.
  public static let projectedRanks = [16, 64, 256, 1024, 4096]

  public var configuration: Configuration
  /// B: the batch of all ranks together in strong scaling, of each rank in weak scaling.
  public var batch: Int
  /// The most timed steps for one number of ranks.
  public var repeats: Int
  /// The approximate time of each measurement; at least three steps are timed.
  public var seconds: Double
  /// The times of allreduces on these hosts; measured where nil.
  public var network: NetworkReport?
  /// The link between the nodes of predictions; the measured one where nil.
  public var link: Link?
  /// The number of ranks on a node in predictions; where nil as many as a host has cores here, or one where the link
  /// within a host is unknown.
  public var ranksPerNode: Int?
  /// The statistic from which speed-up and model are computed.
  public var statistic: Statistic

  public init(
    _ configuration: Configuration, batch: Int, repeats: Int, seconds: Double, network: NetworkReport? = nil,
    link: Link? = nil, ranksPerNode: Int? = nil, statistic: Statistic = .median
  ) {
    self.statistic = statistic
    (self.configuration, self.batch, self.repeats, self.seconds) = (configuration, batch, repeats, seconds)
    (self.network, self.link, self.ranksPerNode) = (network, link, ranksPerNode)
  }

  /// Measures and predicts. Collective.
  ///
  /// - Throws: `AgreedFailure` for a configuration that cannot be measured.
  public func run(
    on world: borrowing Communicator, describe: ErrorDescription
  ) throws -> ScalingReport {
    switch configuration.training.precision {
    case .float32: try run(as: Float.self, on: world, describe: describe)
    case .float64: try run(as: Double.self, on: world, describe: describe)
    }
  }

  /// Creates the timed subject of each point, on its ranks, and calls `body` with all of them. Collective.
  ///
  /// Memory that ranks share lives as long as the call for its point.
  private func withSubjects<Scalar: Real, Result>(
    _ points: ArraySlice<(kind: ScalingReport.Kind, ranks: Int)>, _ made: [StepSubject<Scalar>?], pieceBytes: Int?,
    as precision: Scalar.Type, on world: borrowing Communicator, _ body: ([StepSubject<Scalar>?]) throws -> Result
  ) throws -> Result {
    guard let (kind, ranks) = points.first else { return try body(made) }
    guard let part = try world.part(colour: world.rank < ranks ? 0 : nil) else {
      return try withSubjects(points.dropFirst(), made + [nil], pieceBytes: pieceBytes, as: precision, on: world, body)
    }
    let group = TimedGroup(part, pieceBytes: pieceBytes)
    let draft = try TrainingDraft<Scalar>(
      randomFor: configuration, batch: kind == .strong ? batch : batch * ranks, ranks: ranks)
    let result = try group.withNodeMemory(for: draft) { memory in
      try withSubjects(
        points.dropFirst(), made + [StepSubject(draft, memory, over: group)], pieceBytes: pieceBytes, as: precision,
        on: world, body)
    }
    try group.free()
    return result
  }

  /// One point of the tables.
  ///
  /// - Parameter single: the seconds of a step on one rank; nil where this is that step.
  private func point(
    _ kind: ScalingReport.Kind, ranks: Int, _ placement: RankPlacement, _ result: StepResult, single: Double?,
    _ model: StepTimeModel
  ) -> ScalingReport.Point {
    let grid = RankGrid(nodes: placement.distinctHosts.count, ranksPerNode: placement.ranksPerHost)
    let samples = kind == .strong ? batch : batch * ranks
    let time = statistic == .median ? result.step : result.least
    return ScalingReport.Point(
      kind: kind, ranks: ranks, hosts: grid.nodes, ranksPerHost: grid.ranksPerNode, batch: samples,
      load: placement.load, sharesMemory: result.sharesMemory, repeats: result.repeats, step: result.step,
      least: result.least,
      speedUp: (single ?? time) / time * (kind == .weak ? Double(ranks) : 1), shares: result.shares,
      predicted: model.step(
        samples: (samples + ranks - 1) / ranks, result.sharesMemory ? .hierarchical : .flat, on: grid,
        load: placement.load))
  }

  /// The points of strong and weak scaling on up to so many ranks; a single rank has the same batch in both, and is
  /// timed once.
  static func points(upTo ranks: Int) -> [(kind: ScalingReport.Kind, ranks: Int)] {
    counts(upTo: ranks).map { (.strong, $0) } + counts(upTo: ranks).dropFirst().map { (.weak, $0) }
  }

  /// 1, 2, 4, 8, …, and the number of all ranks.
  static func counts(upTo ranks: Int) -> [Int] {
    var counts = Array(sequence(first: 1) { 2 * $0 }.prefix { $0 <= ranks })
    if counts.last != ranks { counts.append(ranks) }
    return counts
  }

  private func run<Scalar: Real>(
    as precision: Scalar.Type, on world: borrowing Communicator,
    describe: ErrorDescription
  ) throws -> ScalingReport {
    try world.agree(describe: describe) { try configuration.prepareProducts() }
    let pieceBytes = try world.pieceBytes(configuration.reduction.pieceBytes)
    // Any error in the configuration appears here, before the ranks are divided into groups.
    let network = try world.agree(describe: describe) {
      try require(
        !configuration.training.reproducible,
        "bench scaling has no model of the sums of training.reproducible; leave it out, or time it by bench step")
      return try TrainingDraft<Scalar>(randomFor: configuration, batch: batch, ranks: 1).network
    }
    let placement = try RankPlacement(of: world)
    let isTCP = try world.isConnectedByTCP()
    let measured =
      try self.network
      ?? NetworkBenchmark(repeats: 200, seconds: 2 * seconds)
      .measure(pieceBytes: pieceBytes, on: world)
    let crew = (1...world.ranks).last { !placement.prefix($0).isOversubscribed } ?? 1

    let isSpread = placement.distinctHosts.count > 1
    // All measurements that are compared take turns.
    var computing: [(ranks: Int, subject: ComputeSubject<Scalar>?)] = []
    for ranks in Set([1, crew]).sorted() {
      for samples in Self.sampleCounts(batch: batch) {
        guard let part = try world.part(colour: world.rank < ranks ? 0 : nil) else {
          computing.append((ranks, nil))
          continue
        }
        computing.append(
          (ranks, try ComputeSubject(configuration, samples: samples, group: part, isSpread: isSpread)))
      }
    }
    let results = try withSubjects(
      Self.points(upTo: world.ranks)[...], [], pieceBytes: pieceBytes, as: Scalar.self, on: world
    ) { stepping in
      try time(computing.map(\.subject) + stepping, on: world)
      return try stepping.map { try world.shared(try $0?.result(), from: 0) }
    }

    func cost(_ ranks: Int) throws -> ComputeCost {
      let points = try computing.filter { $0.ranks == ranks }.map { try $0.subject?.point(statistic) }
      return ComputeCost(ranks: ranks, points: try world.shared(points.compactMap(\.self), from: 0))
    }
    let alone = try cost(1)
    let traffic = StepTraffic(configuration, network)
    let model = StepTimeModel(
      alone: alone, together: crew == 1 ? alone : try cost(crew), nodeLink: measured.nodeLink(statistic),
      crossLink: measured.crossLink(statistic), bytes: traffic.bytes, reductions: traffic.reductions,
      pieceBytes: pieceBytes)
    var points: [ScalingReport.Point] = []
    for ((kind, ranks), result) in zip(Self.points(upTo: world.ranks), results) {
      points.append(
        point(kind, ranks: ranks, placement.prefix(ranks), result, single: points.first?.time(statistic), model))
    }

    var projected = model
    if let link { projected.crossLink = link }
    let cores = placement.distinctHosts.map { placement.coreCount(of: $0) }.max() ?? 1
    let perNode = ranksPerNode ?? (model.nodeLink == nil ? 1 : max(1, cores))
    return ScalingReport(
      network: network.sizesText, parameters: network.layout.count,
      optimizer: configuration.optimizer.name.rawValue, precision: Scalar.precision.rawValue, batch: batch,
      statistic: statistic, hosts: placement.distinctHosts, ranks: world.ranks, points: points, model: model,
      measuredNetwork: world.ranks > 1 ? measured : nil, projectedLink: projected.crossLink,
      projections: Self.project(projected, batch: batch, ranksPerNode: perNode) {
        configuration.reduction.pieceBytes.resolved(machines: $0, isTCP: isTCP)
      })
  }

  /// The model's predictions for ``projectedRanks``; empty without a link between nodes.
  ///
  /// - Parameter pieceBytes: the piece size for a number of nodes.
  static func project(
    _ model: StepTimeModel, batch: Int, ranksPerNode: Int, pieceBytes: (Int) -> Int?
  ) -> [ScalingReport.Projection] {
    var model = model
    let single = model.step(samples: batch, .flat, on: RankGrid(nodes: 1, ranksPerNode: 1))
    return ScalingReport.Kind.allCases.flatMap { kind in
      projectedRanks.compactMap { ranks -> ScalingReport.Projection? in
        let grid = RankGrid(ranks: ranks, ranksPerNode: ranksPerNode)
        let samples = kind == .strong ? (batch + grid.ranks - 1) / grid.ranks : batch
        model.pieceBytes = pieceBytes(grid.nodes)
        guard let single, let step = model.step(samples: samples, .hierarchical, on: grid) else { return nil }
        return ScalingReport.Projection(
          kind: kind, ranks: grid.ranks, nodes: grid.nodes, ranksPerNode: grid.ranksPerNode,
          batch: kind == .strong ? batch : batch * grid.ranks, flat: model.step(samples: samples, .flat, on: grid),
          hierarchical: step, speedUp: single / step * (kind == .weak ? Double(grid.ranks) : 1))
      }
    }
  }
}

/// The traffic of a step.
struct StepTraffic: Equatable {
  /// The bytes of a step's sums, as a mean over steps with and without Ẅ.
  var bytes: Double
  /// The mean number of reductions in a step.
  var reductions: Double

  init<Scalar: Real>(_ configuration: Configuration, _ network: Network<Scalar>) {
    let parameters = network.layout.count
    let width = configuration.training.precision == .float32 ? 4.0 : 8.0
    let optimizer = configuration.optimizer
    let curvature = optimizer.rule.needsCurvature ? 1 / Double(optimizer.curvatureEvery) : 0
    let isShort = configuration.reduction.curvaturePrecision == .bfloat16
    let layers = optimizer.isByUnit ? network.unitLayers : []
    let hasParameterCurvature = !optimizer.isByUnit || network.layout.hasOthers(layers)
    // Ẇ and the loss, and Ẅ where it is computed.
    let sums = (isShort ? 2 : width) * Double(parameters) * (hasParameterCurvature ? curvature : 0)
    bytes = width * (Double(parameters) + 1) + sums
    reductions = isShort && hasParameterCurvature ? 1 + curvature : 1
    // Of a group and of the whole step: the losses, and what the ranks decide on.
    if optimizer.rule.measuresLength { reductions += 4 / Double(TestedLengths.every) }
    guard optimizer.isByUnit else { return }
    // g and A at a refresh, and a reduction for each layer's root at every second one.
    let roots = layers.reduce(0) { $0 + UnitRoots<Scalar>.count($1) }
    bytes += width * curvature * (Double(network.unitSumsCount) + Double(roots) / 2)
    reductions += curvature * (1 + Double(layers.count) / 2)
  }
}
