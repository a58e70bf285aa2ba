public import Kernels

/// (M32) u and Z with exponents.
///
/// A layer writes u above with the exponent of u below, and Z below with the exponent of Z above; the network then moves
/// them to the exponents of their boundaries. What a layer adds to them it multiplies by the numbers of its ``Site``.
extension Network {
  /// Chooses the exponents of u and Z for the passes that follow, from the parameters alone: every rank that calls this
  /// with the same arguments chooses the same. They stay until the next call, 0 before the first one.
  ///
  /// - Parameters:
  ///   - pass: how the layers that work differently in training and in use will work, and the partition.
  ///   - bound: the bound of the statistics.
  /// - Complexity: a forward and a backward pass with ``SignalProbe/samples`` samples. Allocates nothing after
  ///   ``reserveExponents()``.
  public func chooseExponents(_ parameters: Vector<Scalar>, pass: Pass, bound: Bound) {
    reserveExponents()
    probe?.choose(parameters, pass, bound, into: &exponents)
    for (index, block) in layout.blocks.enumerated() {
      curvatureExponents[index] = exponents.curvature[block.step + 1]
    }
  }

  /// The same before a step of a training, in which parameters change slowly: only where the exponents are due.
  ///
  /// - Parameter step: the number of the step from the start of the training, the same on every rank.
  public func chooseExponents(_ parameters: Vector<Scalar>, pass: Pass, bound: Bound, atStep step: Int) {
    guard cadence.isDue(step: step) else { return }
    chooseExponents(parameters, pass: pass, bound: bound)
    cadence.choose(at: step, reach: probe?.reach ?? 0, window: SignalProbe<Scalar>.window)
  }

  /// The exponent of u at the output.
  public var outputExponent: Int { exponents.totalGradient[top] }

  /// The exponent of the statistics of a layer: Z above it, and the sums that are made of it.
  public func curvatureExponent(of layer: UnitLayer) -> Int { exponents.curvature[layer.step + 1] }

  /// How many numbers ``reserveExponents()`` takes, without the workspace of products.
  public var exponentWorkspace: Int { SignalProbe.count(self) }

  /// Saves or restores the exponents of a training.
  public func exchangeExponents(with state: any StateExchange) throws {
    try exponents.exchange(with: state)
    try cadence.exchange(with: state)
    for (index, block) in layout.blocks.enumerated() {
      curvatureExponents[index] = exponents.curvature[block.step + 1]
    }
  }

  /// The numbers by which a step multiplies what it adds to u and Z.
  func scales(_ step: Int) -> SignalScales<Scalar> {
    if exponents.areZero { return SignalScales() }
    return SignalScales(
      totalGradient: exponents.totalGradient[links[step].input], curvature: exponents.curvature[step + 1])
  }

  /// Moves u above a step, which has the exponent below it, to the exponent of its boundary.
  func settleTotalGradient(above step: Int, rows: Int) {
    guard isProbe || !exponents.areZero, let u = totalGradient(at: step + 1, rows: rows) else { return }
    let below = exponents.totalGradient[links[step].input]
    if isProbe {
      let before = totalGradient(at: links[step].input, rows: rows)?.elements.largestExponent
      limitFade(u, at: step, from: before)
      // A layer that forms the squared error together with the signals below it knows one exponent. At the output, Z is a
      // multiple of u.
      let chosen = choice(u, below, beside: step + 1 == top ? largestInput(of: step) : 0)
      exponents.set(totalGradient: formsError(step) ? below : notTooLow(chosen), at: step + 1)
    }
    u.elements.scale(byPowerOfTwo: below - exponents.totalGradient[step + 1])
  }

  /// (M4) u⁺ ← 2^(a−a⁺) u + 2^(a'−a⁺) u' at a sum.
  func addUpTotalGradients(_ below: Matrix<Scalar>, _ other: Matrix<Scalar>?, _ step: Int, into above: Matrix<Scalar>) {
    above.elements.copy(from: below.elements)
    let (a, beside) = (
      exponents.totalGradient[links[step].input], links[step].other.map { exponents.totalGradient[$0] } ?? 0
    )
    let largest = max(a, beside)
    above.elements.scale(byPowerOfTwo: a - largest)
    if let other {
      let factor = Scalar.power(ofTwo: beside - largest)
      update(above.elements, other.elements) { $0 + factor * $1 }
    }
    if isProbe { exponents.set(totalGradient: notTooLow(choice(above, largest)), at: step + 1) }
    above.elements.scale(byPowerOfTwo: largest - exponents.totalGradient[step + 1])
  }

  /// Moves Z, which a step with the signals `above` has passed to a boundary, to the boundary's exponent.
  ///
  /// - Parameters:
  ///   - step: the exponent above it is that of Z.
  ///   - present: Z that other steps have passed to the boundary, to which this one will be added.
  func settle(_ z: Matrix<Scalar>?, from step: Int, to boundary: Int, beside present: Matrix<Scalar>? = nil) {
    guard isProbe || !exponents.areZero, let z else { return }
    let above = exponents.curvature[step + 1]
    if isProbe {
      let before = exponents.curvature[boundary]
      var chosen = formsError(step) ? above : choice(z, above, beside: largestInput(of: boundary - 1))
      if let present, let other = present.elements.largestExponent {
        if other + before >= z.elements.largestExponent.map({ $0 + above }) ?? .min { chosen = before }
        present.elements.scale(byPowerOfTwo: before - chosen)
      }
      exponents.set(curvature: chosen, at: boundary)
    }
    z.elements.scale(byPowerOfTwo: above - exponents.curvature[boundary])
  }

  /// Z of a boundary shares the memory of Z above a step, so that its exponent is the same.
  func shareExponent(above step: Int, with boundary: Int) {
    if isProbe { exponents.set(curvature: exponents.curvature[step + 1], at: boundary) }
  }

  /// In a probe: an activation that lets next to nothing of its samples through can let other samples through. An exponent that
  /// is chosen for what is left would be far too low for those. Where nothing is left, the signal starts anew.
  ///
  /// - Parameters:
  ///   - signal: u above or Z below an activation, of any other layer unchanged.
  ///   - before: the exponent of the greatest element on the other side of the step.
  func limitFade(_ signal: Matrix<Scalar>, at step: Int, from before: Int?) {
    guard layers[step] is Elementwise<Scalar>, let before, let after = signal.elements.largestExponent else { return }
    signal.elements.scale(byPowerOfTwo: max(0, before - Self.mostFade - after))
  }

  /// How many powers of two an activation takes from a signal at most: a sigmoid takes two in its middle.
  private static var mostFade: Int { 4 }

  /// An exponent of u that leaves room for what the next layer's parameters add: u below it is nothing beside that.
  private func notTooLow(_ exponent: Int) -> Int { max(exponent, -2 * SignalProbe<Scalar>.window) }

  private func formsError(_ step: Int) -> Bool { step == top - 1 && squaredErrorLayer != nil }

  /// The exponent of what a step multiplies Z above it by to form its statistics, where that is large; 0 at the input,
  /// which is a probe's own.
  private func largestInput(of step: Int) -> Int {
    guard step >= 0, !layout.slices[step].isEmpty, links[step].input > 0 else { return 0 }
    return max(0, values[links[step].input].elements.largestExponent ?? 0)
  }

  /// The exponent for a signal that is there with another exponent.
  ///
  /// - Parameter factor: the exponent of what the signal will be multiplied by; half of it goes to each.
  private func choice(_ signal: Matrix<Scalar>, _ present: Int, beside factor: Int = 0) -> Int {
    guard let largest = signal.elements.largestExponent.map({ $0 + factor / 2 }) else { return 0 }
    let (window, own) = (SignalProbe<Scalar>.window, largest + present)
    reach = max(reach, abs(own))
    if abs(own) <= window { return 0 }
    return abs(largest) <= window ? present : own & ~1
  }

  /// In a probe: chooses the exponents by a forward and a backward pass.
  func chooseExponents(_ inputs: Matrix<Scalar>, _ parameters: Vector<Scalar>, _ pass: Pass, _ bound: Bound) throws {
    precondition(isProbe, "only a probe chooses exponents")
    guard carriesTotalGradient[top] else { return }
    exponents.clear()
    reach = 0
    _ = try forward(
      inputs, parameters: parameters, pass: pass, samples: inputs.rows, ids: Span(), over: SingleRank())
    // Ẏ = ±1, h = 1.
    let (u, above) = (totalGradient(inputs, parameters: parameters), sensitivity(at: top, rows: inputs.rows, true))
    above.z?.elements.copy(from: u.elements)
    for k in 0..<above.yDot.elements.count { above.yDot.elements[k] = k.nonzeroBitCount.isMultiple(of: 2) ? 1 : -1 }
    exponents.set(curvature: exponents.totalGradient[top], at: top)
    try passBack(
      inputs: inputs, parameters: parameters, bound: bound, wantsCurvature: true, over: SingleRank()
    ) { _, _, _ in
    }
  }
}

/// (M32) The numbers by which a layer multiplies what it adds to ũ, Z̃ and Ẅ̃; 1 where the exponents are 0.
public struct SignalScales<Scalar: Real> {
  /// 2^-a: for what the layer's own parameters add to the total gradient above, `Σ_j |y_j| + 1`.
  public let parameterInputs: Scalar
  /// 2^(a−b): for products of Ẏ and u below that are added to Z below or to Ẅ. Multiply Ẏ by it first: where it is large,
  /// Ẏ is small. Where the type cannot hold it, what is left is ``rest``, for u.
  public let products: Scalar
  public let rest: Scalar
  /// 2^-b: for |Ẏ|, where it is added to Z below.
  public let yDot: Scalar

  init() { (parameterInputs, products, rest, yDot) = (1, 1, 1, 1) }

  /// - Parameters:
  ///   - totalGradient: a, the exponent of u below.
  ///   - curvature: b, the exponent of Z above.
  init(totalGradient a: Int, curvature b: Int) {
    let most = Int(Scalar.greatestFiniteMagnitude.exponent) - 1
    let ofYDot = max(-most, min(a - b, most))
    (parameterInputs, yDot) = (.power(ofTwo: -a), .power(ofTwo: -b))
    // u itself is up to 2^window, and has a window to go.
    (products, rest) = (.power(ofTwo: ofYDot), .power(ofTwo: min(a - b - ofYDot, SignalProbe<Scalar>.window)))
  }
}
