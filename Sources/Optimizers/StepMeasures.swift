internal import Kernels

/// What a step measures of every block, summed in Double: in one vector, so that one reduction adds it up over the ranks
/// that share the update.
struct StepMeasures {
  let all: Vector<Double>
  /// Σ g (w₀ − w) of every block.
  let products: Vector<Double>
  /// ‖s_b‖₁ of every block.
  let magnitudes: Vector<Double>
  /// ‖Δw‖² of every block, of the step that a layer scale looks at.
  let squares: Vector<Double>

  init(blocks: Int) {
    all = Arena<Double>(count: 3 * blocks).all
    (products, magnitudes, squares) = (all[0..<blocks], all[blocks..<2 * blocks], all[2 * blocks..<3 * blocks])
  }
}
