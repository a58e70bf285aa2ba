private import CVectorMath
internal import Kernels

/// The one loop over a block of parameters: gradient, averages and step in a single pass, without arrays of its own.
///
/// g = Ẇ/S + ∇R; m and v take up g and the formula's second sample; Δw = −step(m̂, v̂). A step whose length is known only
/// after all of it takes two passes: ``measure()``, then ``move(scale:)``. A scale over several blocks is the same with
/// every block measured before the first one moves.
///
/// Its functions are inlined into callers that are specialised for Float and Double.
@safe
struct StepLoop<Formula: StepFormula, First: RunningAverage, Second: RunningAverage>
where First.Scalar == Formula.Scalar, Second.Scalar == Formula.Scalar {
  typealias Scalar = Formula.Scalar

  private let formula: Formula
  private let first: First
  private let second: Second
  private let block: BlockUpdate<Scalar>
  private let w: UnsafeMutablePointer<Scalar>
  private let wDot: UnsafeMutablePointer<Scalar>

  @inline(__always)
  init(_ formula: Formula, _ first: First, _ second: Second, block: BlockUpdate<Scalar>) {
    (self.formula, self.first, self.second, self.block) = (formula, first, second, block)
    unsafe (w, wDot) = (block.w.pointer, block.wDot.pointer)
  }

  /// One pass: averages and parameters move.
  @inline(__always)
  func move() {
    forEachStep(average: { $0.takeUp($1, at: $2) }, { $0.takeUp($1, at: $2) }) { k, step in unsafe w[k] -= step }
  }

  /// First of two passes: averages move; gives ‖Δw‖², summed in Double.
  @inline(__always)
  func measure() -> Double {
    var squares = 0.0
    forEachStep(average: { $0.takeUp($1, at: $2) }, { $0.takeUp($1, at: $2) }) { _, step in
      squares = relaxed_add(squares, Double(step) * Double(step))
    }
    return squares
  }

  /// Second of two passes: parameters move by `scale` times the step that was measured.
  @inline(__always)
  func move(scale: Scalar) {
    forEachStep(average: { $0.value(after: $1, at: $2) }, { $0.value(after: $1, at: $2) }) { k, step in
      unsafe w[k] -= scale * step
    }
  }

  /// All vectors of a block have its length, so every `k` lies within them.
  @inline(__always)
  private func forEachStep(
    average: (First, Scalar, Int) -> Scalar, _ secondAverage: (Second, Scalar, Int) -> Scalar,
    _ body: (Int, Scalar) -> Void
  ) {
    let (perSample, l2, l1) = (block.perSample, block.l2, block.l1)
    for k in 0..<block.w.count {
      let weight = unsafe w[k]
      let sign: Scalar = weight > 0 ? 1 : (weight < 0 ? -1 : 0)
      let gradient = unsafe wDot[k] * perSample + l2 * weight + l1 * sign
      let m = average(first, gradient, k)
      let v = secondAverage(second, formula.secondSample(k, gradient: gradient), k)
      body(k, formula.step(m, v))
    }
  }
}
