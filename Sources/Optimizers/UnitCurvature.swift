public import Kernels
public import Networks

/// (M29–M31) What residual partitioning by unit remembers: for each layer the averages ĝ and Â, the matrix P that is in use,
/// and the direction of the present step.
public final class UnitCurvature<Scalar: Real> {
  public let layers: [UnitLayer]
  public let roots: UnitRoots<Scalar>
  /// The averages of g and of what is kept of A, not corrected, in the places of the layers.
  public let averages: Vector<Scalar>
  /// The number of refreshes in each layer's averages: those with curvature.
  public private(set) var updates: [Int]
  /// (M32) For each layer the exponent of g: ĝ is 2^exponent times what is stored. A has none, since it is relative to g.
  public private(set) var exponents: [Int]
  /// The number of refreshes.
  public private(set) var refreshes = 0

  /// D of the present step, in the order of the parameters.
  let directions: Vector<Scalar>
  /// The gradients with R, where the optimizer keeps no average of them; in the order of the parameters.
  private let gradients: Vector<Scalar>?
  /// The factor of every unit of the layer that is being computed.
  private let factors: Vector<Scalar>
  /// For each layer, the number of ``magnitude(ofBlock:)`` in the present step.
  private var magnitudes: [Double]
  /// For each block of the layout, its layer; nil for a block of another layer.
  private let layerOfBlock: [Int?]
  private let workspace: RootWorkspace<Scalar>
  /// The rank that computes each layer's root, and the number of ranks for which this was decided.
  private var owners: (ranks: Int, ofLayer: [Int]) = (0, [])

  init(_ layers: [UnitLayer], _ layout: ParameterLayout, keepsGradients: Bool) {
    self.layers = layers
    roots = UnitRoots(layers)
    averages = Arena(count: layers.last?.moment.upperBound ?? 0).all
    updates = Array(repeating: 0, count: layers.count)
    exponents = updates
    directions = Arena(count: layout.count).all
    gradients = keepsGradients ? Arena(count: layout.count).all : nil
    factors = Arena(count: layers.map(\.outputs).max() ?? 0).all
    magnitudes = Array(repeating: 1, count: layers.count)
    layerOfBlock = layout.blocks.indices.map { block in layers.firstIndex { $0.blocks.contains(block) } }
    workspace = RootWorkspace(layers)
  }

  /// How many numbers it holds, without those that are as many as the parameters.
  public static func count(_ layers: [UnitLayer]) -> Int {
    (layers.last?.moment.upperBound ?? 0) + layers.reduce(0) { $0 + UnitRoots<Scalar>.count($1) }
      + RootWorkspace<Scalar>.count(layers) + (layers.map(\.outputs).max() ?? 0)
  }

  /// Whether a block's step is by unit.
  func contains(block: Int) -> Bool { layerOfBlock[block] != nil }

  /// The number of parameters of a block's layer; nil for a block of another layer.
  func count(withBlock block: Int) -> Int? { layerOfBlock[block].map { layers[$0].parameters.count } }

  /// (M30) Adds the statistics of a step to the averages; computes the roots at the first refresh and at every second one
  /// after it. Collective.
  ///
  /// A layer without curvature, where mean_i g_i = 0, keeps what it has.
  ///
  /// - Parameters:
  ///   - sums: those of `Network.formUnitSums`, over all samples.
  ///   - samples: S, the number of samples in the sums.
  ///   - exponent: b of a layer's sums.
  ///   - decay: β₂.
  ///   - power: p.
  ///   - ranks: compute one layer's root each, and send it to the others: all have the same bits.
  /// - Complexity: a pass over the averages; with roots about 9 b³ operations for each block of b inputs.
  public func takeUp(
    _ sums: Vector<Scalar>, samples: Int, exponent: (UnitLayer) -> Int = { _ in 0 }, decay: Double,
    power: CurvaturePower, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    refreshes += 1
    for (index, layer) in layers.enumerated() {
      let total = sum(sums[layer.curvature])
      guard total != 0 else { continue }
      updates[index] += 1
      let (ofSums, present, gain) = (exponent(layer), exponents[index], 1 - decay)
      let follower = AverageExponent(decay, updates: updates[index])
      exponents[index] = follower.following(ofSums, from: present)
      follower.move(averages[layer.curvature], from: present, to: exponents[index])
      average(
        averages[layer.curvature], sums[layer.curvature], keep: decay,
        gain: gain / Double(samples) * .power(ofTwo: ofSums - exponents[index]))
      average(
        averages[layer.moment], sums[layer.moment], keep: decay, gain: gain * Double(layer.outputs) / total)
    }
    try computeRoots(decay: decay, power: power, over: ranks)
  }

  private func computeRoots(
    decay: Double, power: CurvaturePower, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    if owners.ranks != ranks.ranks { owners = (ranks.ranks, Self.owners(of: layers, among: ranks.ranks)) }
    for (index, layer) in layers.enumerated() where isDue(index) {
      guard owners.ofLayer[index] == ranks.rank else { continue }
      workspace.compute(
        index, of: averages[layer.moment], correction: Scalar(correction(index, decay: decay)), power: power,
        into: roots)
    }
    for index in layers.indices where isDue(index) {
      let root = roots.numbers[roots.places[index]]
      if owners.ofLayer[index] != ranks.rank { root.fill(0) }
      // A sum with zeros: exactly the owner's numbers.
      if ranks.ranks > 1 { try ranks.sum(root) }
      roots.setPresent(index)
    }
  }

  /// Whether a layer's root is computed in the present refresh.
  private func isDue(_ index: Int) -> Bool {
    updates[index] > 0 && (!refreshes.isMultiple(of: 2) || !roots.isPresent[index])
  }

  /// Gives every layer to the rank that has least to do, the largest layers first.
  public static func owners(of layers: [UnitLayer], among ranks: Int) -> [Int] {
    let cost = RootWorkspace<Scalar>.operations
    var (load, owners) = (Array(repeating: 0.0, count: ranks), Array(repeating: 0, count: layers.count))
    for index in layers.indices.sorted(by: { (cost(layers[$0]), $1) > (cost(layers[$1]), $0) }) {
      let rank = load.indices.min { (load[$0], $0) < (load[$1], $1) } ?? 0
      (owners[index], load[rank]) = (rank, load[rank] + cost(layers[index]))
    }
    return owners
  }

  /// 1/(1 − β₂ᵗ) of a layer's averages.
  private func correction(_ index: Int, decay: Double) -> Double {
    StoredAverage<Scalar>.correction(decay: decay, updates: updates[index])
  }
}

extension UnitCurvature {
  /// (M31) Computes D of a part of all layers, and adds their gradients to the averages M. The state's measures of their blocks
  /// become those of lengths that are measured.
  ///
  /// - Returns: through `squares` ‖D‖² of the part, for each layer.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func takeUpGradients(
    _ rule: ResidualPartitioning, _ update: ParameterUpdate<Scalar>, squares: (_ layer: Int, _ square: Double) -> Void
  ) {
    for (index, layer) in layers.enumerated() {
      for number in layer.blocks {
        let range = update.part.ranges[number]
        let found = update.block(number).takeUpGradient(momentum: rule.momentum, into: gradients?[range])
        update.state.measures.products[number] = found.gradient
        update.state.measures.magnitudes[number] = found.average
      }
      let units = Self.units(layer, update.part)
      guard !units.isEmpty else { continue }
      setFactors(index, rule)
      setMagnitude(index, rule, update.state)
      guard let m = update.state.first?.all ?? gradients else { preconditionFailure("a step has its gradients") }
      roots.apply(index, units: units, m, into: directions)
      var square = 0.0
      forEachRow(of: layer, units, in: directions) { square += $1.scaleSummingSquares(by: factors[$0]) }
      squares(index, square)
    }
  }

  /// Writes P of a block, by which the step of a layer depends on its gradient, see
  /// `Optimizer.stepDerivative(into:sums:samples:state:rate:regularization:layout:)`.
  func writeDerivative(
    _ rule: ResidualPartitioning, _ block: BlockUpdate<Scalar>, ofBlock number: Int, into p: Vector<Scalar>
  ) {
    guard let index = layerOfBlock[number] else { return }
    let share = block.first == nil ? 1 : 1 - rule.momentum
    setFactors(index, rule, times: rule.unitScale(block) * share * Double(block.perSample))
    let columns = p.count / layers[index].outputs
    for unit in 0..<layers[index].outputs { p[unit * columns..<(unit + 1) * columns].fill(factors[unit]) }
  }

  /// The number that makes D, whose factors are relative to mean ĝ and whose M is not corrected, the D of (M31).
  func magnitude(ofBlock block: Int) -> Double { layerOfBlock[block].map { magnitudes[$0] } ?? 1 }

  private func setMagnitude(_ index: Int, _ rule: ResidualPartitioning, _ state: OptimizerState<Scalar>) {
    let share =
      state.first == nil ? 1 : StoredAverage<Scalar>.correction(decay: rule.momentum, updates: state.firstUpdates)
    guard updates[index] > 0 else {
      magnitudes[index] = share
      return
    }
    let mean = sum(averages[layers[index].curvature]) / Double(layers[index].outputs)
    magnitudes[index] =
      share / power(mean * correction(index, decay: rule.curvatureDecay), rule)
      * .power(ofTwo: -rule.curvaturePower.exponent(exponents[index]))
  }

  private func power(_ x: Double, _ rule: ResidualPartitioning) -> Double {
    rule.curvaturePower == .half ? x.squareRoot() : x
  }

  /// The output units of a layer that a part has.
  private static func units(_ layer: UnitLayer, _ part: ParameterPart) -> Range<Int> {
    let weights = part.ranges[layer.blocks[0]]
    let start = (weights.lowerBound - layer.parameters.lowerBound) / layer.inputs
    return start..<start + weights.count / layer.inputs
  }

  /// (ĝ_i/mean ĝ + 10⁻³)^-q times a number, for every unit; the number alone while the layer has no curvature.
  private func setFactors(_ index: Int, _ rule: ResidualPartitioning, times scale: Double = 1) {
    let layer = layers[index]
    let (factors, g) = (factors[0..<layer.outputs], averages[layer.curvature])
    // The scale can be beyond the type's range where gradients are nearly 0: 0 times a factor is 0.
    let largest = Double(Scalar.greatestFiniteMagnitude)
    guard updates[index] > 0 else { return factors.fill(Scalar(min(scale, largest))) }
    let perMean = Double(layer.outputs) / sum(g)
    for unit in 0..<layer.outputs {
      factors[unit] = Scalar(min(scale / power(Double(g[unit]) * perMean + 1e-3, rule), largest))
    }
  }

  /// Calls `body` with the weights of each unit, then with its bias.
  @inline(__always)
  private func forEachRow(
    of layer: UnitLayer, _ units: Range<Int>, in vector: Vector<Scalar>, _ body: (Int, Vector<Scalar>) -> Void
  ) {
    let all = vector[layer.parameters]
    for unit in units { body(unit, all[unit * layer.inputs..<(unit + 1) * layer.inputs]) }
    guard layer.hasBias else { return }
    let weights = layer.outputs * layer.inputs
    for unit in units { body(unit, all[weights + unit..<weights + unit + 1]) }
  }
}

extension UnitCurvature: Resumable {
  public func exchange(with state: any StateExchange) throws {
    // First: by its name an older checkpoint is known, which had "roots".
    try state.array("matrices", roots.numbers)
    try state.array("averages", averages)
    try state.numbers("updates", &updates)
    try state.sparseNumbers("exponents", &exponents)
    var present = roots.isPresent.map { $0 ? 1 : 0 }
    try state.numbers("rootsPresent", &present)
    if state.isTaking { roots.setPresent(present.map { $0 != 0 }) }
    try state.number("refreshes", &refreshes)
  }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func average<Scalar: Real>(_ a: Vector<Scalar>, _ x: Vector<Scalar>, keep: Double, gain: Double) {
  let (keep, gain) = (Scalar(keep), Scalar(gain))
  update(a, x) { a, x in keep * a + gain * x }
}

/// Σ x, summed in Double.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func sum<Scalar: Real>(_ x: Vector<Scalar>) -> Double { (0..<x.count).reduce(0) { $0 + Double(x[$1]) } }
