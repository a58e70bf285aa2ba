public import Kernels
public import Networks

extension Optimizer {
  /// How far a step moves each parameter for a change of its gradient: P_k = −∂(Δw_k)/∂Ẇ_k, Ẇ as a sum over samples.
  ///
  /// Everything else of the step is held at the value that it had there: Ẅ and v̂ in the denominator, the layer scale, the
  /// length that was found, λ. Then Δw is linear in m̂, and ∂m̂/∂Ẇ = (1 − β)/(1 − βᵗ)/S with the average's own β and t, 1/S
  /// without one:
  ///
  ///     sgd            α/S                            momentum   α (1 − β)/(1 − βᵗ)/S
  ///     rmsprop        α/(√s + ε)/S                   adam       α (1 − β₁)/(1 − β₁ᵗ)/(√v̂ + ε)/S
  ///     residual partitioning (M11, M14)              scale · λ (1 − β₁)/(1 − β₁ᵗ)/(v̂ + λ ∇²R + δ)ᵖ/S
  ///
  /// For a change of the weight a_i of one sample, whose share of Ẇ is a_i ∇ℓ_i, the step changes by −P ∇ℓ_i: P takes
  /// the place of ξ_W in (M23) and (M24).
  ///
  /// Left out is how a weight enters √v̂ of rmsprop and adam, and Ẅ, the scale and the length of residual partitioning.
  /// With the whole of the plain step (M11), ∂(Δw)/∂a_i gets the further term −Δw Ẅ_i/Σ a Ẅ, which is much the same
  /// for all i; with averages it is small, but while lengths are still growing it is not. Tests of the inner step measure
  /// both.
  ///
  /// - Parameters:
  ///   - p: P, one for each parameter; 0 where it is not trained, and where the denominator is 0.
  ///   - sums: those given to the last ``update(_:sums:samples:state:rate:regularization:layout:part:)``; only Ẅ is read, and
  ///     only where the state has no average of it.
  ///   - samples: S, the same.
  ///   - state: as that update left it.
  ///   - rate: the same, and so are the other parameters.
  /// - Complexity: one pass over at most three arrays; allocates nothing.
  public func stepDerivative<Scalar: Real>(
    into p: Vector<Scalar>, sums: StatisticsSlice<Scalar>, samples: Int, state: OptimizerState<Scalar>,
    rate: Double, regularization: Regularization, layout: ParameterLayout
  ) {
    // P does not depend on w, and is written in its place.
    let update = ParameterUpdate(
      parameters: p, sums: sums, samples: samples, state: state, rate: rate, regularization: regularization,
      layout: layout, part: state.whole)
    for (index, block) in layout.blocks.enumerated() {
      if block.isTrained { derivative(update.block(index)) } else { p[block.range].fill(0) }
    }
  }
}
