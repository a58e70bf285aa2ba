private import CKernels
public import Kernels

/// The traversal of a step that updates the parameters, and the loops of both traversals.
extension ResidualPartitioning {
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func move<Scalar: Real>(_ block: BlockUpdate<Scalar>) {
    if let direction = block.direction {
      let scale: Scalar = finite(unitScale(block))
      return Kernels.update(block.w, direction) { $0 - scale * $1 }
    }
    guard layerScale != .none else {
      if block.first == nil, block.second == nil, block.wDDot != nil {
        block.divide(
          by: curvaturePower, base: base(of: block, rate: block.rate), rate: Double(numerator(block, rate: block.rate)))
      } else {
        pass(.move, over: block, rate: block.rate)
      }
      return
    }
    let (scale, own) = (scale(block), formulaRate(block.rate))
    if let fused = FusedPartitioning(self, block, base: base(of: block, rate: own)) {
      fused.move(scale: scale)
    } else {
      pass(.scaledMove(scale), over: block, rate: own)
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func derivative<Scalar: Real>(_ block: BlockUpdate<Scalar>) {
    precondition(block.direction == nil, "the step of a layer by unit has its derivative in UnitCurvature")
    pass(.derivative(scale(block)), over: block, rate: formulaRate(block.rate))
  }

  /// λ of the formula; 1 where λ enters only through the layer scale.
  func formulaRate(_ rate: Double) -> Double { layerScale == .adaptive || measuresLength ? 1 : rate }

  /// The number that is added to v̂: ∇²R + δ; in (M11) λ ∇²R + δ.
  func base<Scalar: Real>(rate: Double, l2: Scalar) -> Scalar {
    Scalar(curvaturePower == .one ? rate : 1) * l2 + Scalar(damping)
  }

  /// The same for a block: relative to the exponent of its Ẅ (M32).
  func base<Scalar: Real>(of block: BlockUpdate<Scalar>, rate: Double) -> Scalar {
    let base = base(rate: rate, l2: block.l2)
    return block.exponent == 0 ? base : base * .power(ofTwo: -block.exponent)
  }

  /// λ of the formula for a block: relative to the exponent of its Ẅ (M32), unless a layer scale takes every factor out.
  private func numerator<Scalar: Real>(_ block: BlockUpdate<Scalar>, rate: Double) -> Scalar {
    if layerScale != .none || block.exponent == 0 { return Scalar(rate) }
    return finite(rate * .power(ofTwo: -curvaturePower.exponent(block.exponent)))
  }

  /// (M31) The number by which the direction of a block is multiplied: λ/rms(D), 0 where D is 0; without a layer scale
  /// λ, and what D is short of.
  func unitScale<Scalar: Real>(_ block: BlockUpdate<Scalar>) -> Double {
    switch layerScale {
    case .none: block.rate * block.magnitude
    case .unit, .adaptive: block.meanSquare > 0 ? block.rate / block.meanSquare.squareRoot() : 0
    }
  }

  private func scale<Scalar: Real>(_ block: BlockUpdate<Scalar>) -> Scalar {
    finite(
      layerScale.factor(
        rate: block.rate, meanSquare: block.meanSquare, updates: block.firstUpdates,
        exponent: curvaturePower.exponent(block.exponent)))
  }

  /// A factor of a step that can be beyond the type's range where the step's numbers are nearly 0: 0 times it is 0.
  private func finite<Scalar: Real>(_ factor: Double) -> Scalar {
    factor.isNaN ? Scalar(factor) : Scalar(min(factor, Double(Scalar.greatestFiniteMagnitude)))
  }

  /// The task of a pass over a block, see ``StepLoop``.
  enum Pass<Scalar: Real> {
    case move
    case measure
    case measureUnsmoothed
    case scaledMove(Scalar)
    case derivative(Scalar)
  }

  /// One pass with the averages that the state keeps, and with Ẅ if this step computed it.
  ///
  /// - Returns: ‖Δw‖² if the pass measures, else 0.
  @discardableResult
  func pass<Scalar: Real>(_ pass: Pass<Scalar>, over block: BlockUpdate<Scalar>, rate: Double) -> Double {
    switch curvaturePower {
    case .one: self.pass(pass, PlainDenominator<Scalar>.self, over: block, rate: rate)
    case .half: self.pass(pass, RootDenominator<Scalar>.self, over: block, rate: rate)
    }
  }

  @inline(__always)
  private func pass<Scalar: Real, D: Denominator<Scalar>>(
    _ pass: Pass<Scalar>, _ denominator: D.Type, over block: BlockUpdate<Scalar>, rate: Double
  ) -> Double {
    let (base, rate): (Scalar, Scalar) = (base(of: block, rate: rate), numerator(block, rate: rate))
    guard let wDDot = block.wDDot else {
      precondition(block.second != nil, "a step without a new Ẅ needs a state that keeps the last one")
      let formula = Formula<KeptCurvature, D>(rate: rate, base: base, curvature: KeptCurvature())
      return self.pass(pass, formula, block)
    }
    let curvature = NewCurvature(wDDot, perSample: block.curvaturePerSample)
    return self.pass(pass, Formula<NewCurvature, D>(rate: rate, base: base, curvature: curvature), block)
  }

  @inline(__always)
  private func pass<Scalar: Real>(
    _ pass: Pass<Scalar>, _ formula: Formula<some CurvatureSample<Scalar>, some Denominator<Scalar>>,
    _ block: BlockUpdate<Scalar>
  ) -> Double {
    let m = block.first.map { StoredAverage($0, decay: momentum, updates: block.firstUpdates) }
    let v = block.second.map {
      StoredAverage($0, decay: curvatureDecay, updates: block.secondUpdates, takesUp: block.wDDot != nil)
    }
    return switch (m, v) {
    case (nil, nil): run(pass, StepLoop(formula, LatestSample(), LatestSample(), block: block))
    case (let m?, nil): run(pass, StepLoop(formula, m, LatestSample(), block: block))
    case (nil, let v?): run(pass, StepLoop(formula, LatestSample(), v, block: block))
    case (let m?, let v?): run(pass, StepLoop(formula, m, v, block: block))
    }
  }

  @inline(__always)
  private func run<F: StepFormula>(
    _ pass: Pass<F.Scalar>, _ loop: StepLoop<F, some RunningAverage<F.Scalar>, some RunningAverage<F.Scalar>>
  ) -> Double {
    switch pass {
    case .move: loop.move()
    case .measure: return loop.measure()
    case .measureUnsmoothed: return loop.measureUnsmoothed()
    case .scaledMove(let scale): loop.move(scale: scale)
    case .derivative(let scale): loop.derivative(scale: scale)
    }
    return 0
  }
}

extension ResidualPartitioning {
  /// λ m/(v + base)ᵖ, base = λ ∇²R + δ.
  private struct Formula<Curvature: CurvatureSample, Power: Denominator>: StepFormula
  where Power.Scalar == Curvature.Scalar {
    typealias Scalar = Curvature.Scalar

    let rate: Scalar
    let base: Scalar
    let curvature: Curvature

    @inline(__always) func secondSample(_ k: Int, gradient: Scalar) -> Scalar { curvature[k] }

    @inline(__always)
    func step(_ m: Scalar, _ v: Scalar) -> Scalar {
      let denominator = Power.of(v + base)
      let step = rate * m / denominator
      return denominator == 0 ? 0 : step
    }
  }
}

/// The loops of a step with the standard settings (both averages, an adaptive scale, a length that is found), with the
/// processor's widest vector instructions. One pass does the measuring work of ``DistanceEstimate`` and of
/// ``StepLoop``; a second pass updates the parameters.
@safe
struct FusedPartitioning<Scalar: Real> {
  private let update: BlockUpdate<Scalar>
  private let block: parameter_block

  /// nil if the rule has other settings.
  ///
  /// - Parameter base: the number that is added to v̂.
  init?(_ rule: ResidualPartitioning, _ update: BlockUpdate<Scalar>, base: Scalar) {
    guard rule.findsLength, rule.layerScale == .adaptive, update.first != nil, update.second != nil else { return nil }
    self.update = update
    unsafe block = update.parameterBlock(
      momentum: rule.momentum, decay: rule.curvatureDecay, base: base, isRoot: rule.curvaturePower == .half)
  }

  /// Accumulates the statistics in the averages and in s: g = Ẇ/S + ∇R, s ← keep s + gain g.
  ///
  /// - Returns: the block's share of Σ g (w₀ − w), ‖s_b‖₁ and ‖Δw‖² of the unsmoothed step.
  func takeUp(
    origin: Vector<Scalar>, sums: Vector<Scalar>, keep: Double, gain: Double
  ) -> (product: Double, magnitude: Double, squares: Double) {
    precondition(
      origin.count == update.w.count && sums.count == update.w.count, "vectors of a block have its length")
    let found = unsafe withUnsafePointer(to: block) {
      unsafe partitioning_take_up($0, origin.pointer, sums.pointer, keep, gain)
    }
    return (found.product, found.magnitude, found.squares)
  }

  /// w ← w − scale m̂/(v̂ + base)ᵖ.
  func move(scale: Scalar) {
    unsafe withUnsafePointer(to: block) { unsafe partitioning_move($0, Double(scale)) }
  }
}
