public import Kernels
public import Networks

extension Optimizer {
  /// How much the step of each parameter changes with the parameter's gradient: P_k = −∂(Δw_k)/∂Ẇ_k, where Ẇ is a sum
  /// over samples.
  ///
  /// All other quantities of the step are held constant: Ẅ and v̂ in the denominator, the layer scale, the length that
  /// was found, and λ. Then Δw is linear in m̂, and ∂m̂/∂Ẇ = (1 − β)/(1 − βᵗ)/S with β and t of the average, or 1/S
  /// without an average:
  ///
  ///     sgd            α/S                            momentum   α (1 − β)/(1 − βᵗ)/S
  ///     rmsprop        α/(√s + ε)/S                   adam       α (1 − β₁)/(1 − β₁ᵗ)/(√v̂ + ε)/S
  ///     residual partitioning (M11, M14)              scale · λ (1 − β₁)/(1 − β₁ᵗ)/(v̂ + λ ∇²R + δ)ᵖ/S
  ///
  /// By unit (M31) the derivative is no diagonal matrix but the operator v ↦ p ∘ (v P), with P of
  /// ``OptimizerState/units`` and p_k = λ_b/rms(D) (1 − β₁)/(1 − β₁ᵗ) (ĝ_i + 10⁻³ mean ĝ)^-q/S for the parameters of unit i.
  ///
  /// When the weight a_i of one sample changes, whose share of Ẇ is a_i ∇ℓ_i, the step changes by −P ∇ℓ_i: P takes the
  /// place of ξ_W in (M23) and (M24).
  ///
  /// P leaves out how a weight changes √v̂ of rmsprop and adam, and Ẅ, the scale and the length of residual
  /// partitioning. For the plain step (M11), the exact ∂(Δw)/∂a_i has the further term −Δw Ẅ_i/Σ a Ẅ, which is nearly
  /// the same for all i. With averages this term is small, except while the lengths are still growing. The tests of the
  /// inner step measure both cases.
  ///
  /// - Parameters:
  ///   - p: P, one number for each parameter; 0 where the parameter is not trained, and where the denominator is 0.
  ///   - sums: the sums given to the last ``update(_:sums:samples:state:rate:regularization:layout:part:)``; only Ẅ is
  ///     read, and only where the state has no average of Ẅ.
  ///   - samples: S of that update.
  ///   - state: the state as that update left it.
  ///   - rate: the rate of that update; the remaining parameters are also those of that update.
  /// - Complexity: one pass over at most three arrays; allocates nothing.
  public func stepDerivative<Scalar: Real>(
    into p: Vector<Scalar>, sums: StatisticsSlice<Scalar>, samples: Int, state: OptimizerState<Scalar>,
    rate: Double, regularization: Regularization, layout: ParameterLayout
  ) {
    // P does not depend on w, so it is written in place of w.
    let update = ParameterUpdate(
      parameters: p, sums: sums, samples: samples, state: state, rate: rate, regularization: regularization,
      layout: layout, part: state.whole)
    for (index, block) in layout.blocks.enumerated() {
      if let units = state.units, let rule = self as? ResidualPartitioning, units.contains(block: index) {
        units.writeDerivative(rule, update.block(index), ofBlock: index, into: p[block.range])
      } else if block.isTrained {
        derivative(update.block(index))
      } else {
        p[block.range].fill(0)
      }
    }
  }
}
