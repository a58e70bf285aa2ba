internal import Kernels

/// The step of Deep Residual Partitioning (M11): every weight goes to the minimum of its own one-dimensional quadratic,
/// optionally smoothed over steps (M14), scaled for each block (M16) and with a length that is found (``DistanceEstimate``).
///
/// m ← β₁ m + (1 − β₁)(Ẇ + ∇R), v ← β₂ v + (1 − β₂) Ẅ, each corrected by its own number of updates;
/// Δw = −λ m̂/(v̂ + λ ∇²R + δ), and 0 where the denominator is 0. With β₁ = β₂ = 0 that is (M11).
///
/// With the power ½ of the curvature, or an adaptive scale, λ is a length and no factor of the bound:
/// Δw = −λ m̂/(v̂ + ∇²R + δ)ᵖ, scaled.
public struct ResidualPartitioning: Equatable, Sendable {
  /// β₁ of (M14).
  public var momentum: Double
  /// β₂ of (M14).
  public var curvatureDecay: Double
  /// δ ≥ 0, added to every denominator.
  public var damping: Double
  public var curvaturePower: CurvaturePower
  public var layerScale: LayerScale
  /// Whether the rate is a factor of the lengths that a ``DistanceEstimate`` finds.
  public var findsLength: Bool

  public init(
    momentum: Double = 0, curvatureDecay: Double = 0, damping: Double = 0, curvaturePower: CurvaturePower = .one,
    layerScale: LayerScale = .none, findsLength: Bool = false
  ) {
    (self.momentum, self.curvatureDecay, self.damping) = (momentum, curvatureDecay, damping)
    (self.curvaturePower, self.layerScale, self.findsLength) = (curvaturePower, layerScale, findsLength)
  }

  /// Moves one block, or a part of it.
  ///
  /// - Parameter meanSquare: the block's in the ``OptimizerState``, with the present step.
  @inline(__always)
  func move<Scalar: Real>(_ block: BlockUpdate<Scalar>, rate: Double, meanSquare: Double) {
    guard layerScale != .none else {
      if block.first == nil, block.second == nil, block.wDDot != nil {
        block.divide(by: curvaturePower, base: base(rate: rate, l2: block.l2), rate: rate)
      } else {
        pass(.move, over: block, rate: rate)
      }
      return
    }
    let (scale, own) = (scale(block, rate: rate, meanSquare: meanSquare), formulaRate(rate))
    if let fused = FusedPartitioning(self, block, base: base(rate: own, l2: block.l2)) {
      fused.move(scale: scale)
    } else {
      pass(.scaledMove(scale), over: block, rate: own)
    }
  }

  /// Writes P of one block, see ``StepLoop``, in place of its w.
  ///
  /// - Parameter meanSquare: the block's in the ``OptimizerState``, after the step.
  @inline(__always)
  func derivative<Scalar: Real>(_ block: BlockUpdate<Scalar>, rate: Double, meanSquare: Double) {
    let scale = scale(block, rate: rate, meanSquare: meanSquare)
    pass(.derivative(scale), over: block, rate: formulaRate(rate))
  }

  /// λ of the formula; 1 where λ is the scale alone.
  func formulaRate(_ rate: Double) -> Double { layerScale == .adaptive ? 1 : rate }

  /// What is added to v̂: ∇²R, of (M11) times λ, and δ.
  func base<Scalar: Real>(rate: Double, l2: Scalar) -> Scalar {
    Scalar(curvaturePower == .one ? rate : 1) * l2 + Scalar(damping)
  }

  private func scale<Scalar: Real>(_ block: BlockUpdate<Scalar>, rate: Double, meanSquare: Double) -> Scalar {
    Scalar(layerScale.factor(rate: rate, meanSquare: meanSquare, updates: block.firstUpdates))
  }

  /// What a pass over a block does, see ``StepLoop``.
  enum Pass<Scalar: Real> {
    case move
    case measure
    case measureUnsmoothed
    case scaledMove(Scalar)
    case derivative(Scalar)
  }

  /// One pass with the averages that there is memory for, and Ẅ if it was computed in this step.
  ///
  /// - Returns: ‖Δw‖² where the pass measures, else 0.
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
    let base = base(rate: rate, l2: block.l2)
    guard let wDDot = block.wDDot else {
      precondition(block.second != nil, "a step without a new Ẅ needs a state that keeps the last one")
      let formula = Formula<KeptCurvature, D>(rate: Scalar(rate), base: base, curvature: KeptCurvature())
      return self.pass(pass, formula, block)
    }
    let curvature = NewCurvature(wDDot, perSample: block.perSample)
    return self.pass(pass, Formula<NewCurvature, D>(rate: Scalar(rate), base: base, curvature: curvature), block)
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
