private import CKernels
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
  private let count: Int
  private let w: UnsafeMutablePointer<Scalar>
  private let wDot: UnsafeMutablePointer<Scalar>
  private let perSample: Scalar
  private let l2: Scalar
  private let l1: Scalar

  @inline(__always)
  init(_ formula: Formula, _ first: First, _ second: Second, block: BlockUpdate<Scalar>) {
    (self.formula, self.first, self.second, count) = (formula, first, second, block.w.count)
    unsafe (w, wDot) = (block.w.pointer, block.wDot.pointer)
    (perSample, l2, l1) = (block.perSample, block.l2, block.l1)
  }

  /// One pass: averages and parameters move.
  @inline(__always)
  func move() {
    forEach(takingUp: true) { k, _, m, v in unsafe w[k] -= formula.step(m, v) }
  }

  /// First of two passes: averages move; gives ‖Δw‖², summed in Double.
  @inline(__always)
  func measure() -> Double { measure { _, m in m } }

  /// First of two passes: averages move; gives ‖Δw‖² of the step that the gradient alone would make in place of m̂, summed
  /// in Double.
  @inline(__always)
  func measureUnsmoothed() -> Double { measure { gradient, _ in gradient } }

  /// ‖Δw‖² of the step along what `direction` makes of g and m̂.
  @inline(__always)
  private func measure(_ direction: (Scalar, Scalar) -> Scalar) -> Double {
    var squares = 0.0
    forEach(takingUp: true) { _, gradient, m, v in
      let step = Double(formula.step(direction(gradient, m), v))
      squares = relaxed_add(squares, step * step)
    }
    return squares
  }

  /// Second of two passes: parameters move by `scale` times the step that was measured.
  @inline(__always)
  func move(scale: Scalar) {
    forEach(takingUp: false) { k, _, m, v in unsafe w[k] -= scale * formula.step(m, v) }
  }

  /// After a step: in place of w, P = −∂(Δw)/∂Ẇ of the step `scale` Δw, with v̂ and the scale as they are.
  ///
  /// Every formula is linear in m̂, so it gives its own derivative where m̂'s derivative by g stands in the place of m̂; Ẇ
  /// is a sum, g a mean over samples. Nothing depends on w, and averages stay.
  @inline(__always)
  func derivative(scale: Scalar = 1) {
    // All vectors of a block have its length, so every `k` lies within them.
    for k in 0..<count {
      let v = second.value(after: formula.secondSample(k, gradient: 0), at: k)
      unsafe w[k] = scale * perSample * formula.step(first.share, v)
    }
  }

  /// Gives g, m̂ and v̂ of every element to `body`; averages take up their samples, or have done so in an earlier pass.
  @inline(__always)
  private func forEach(takingUp: Bool, _ body: (Int, Scalar, Scalar, Scalar) -> Void) {
    // All vectors of a block have its length, so every `k` lies within them.
    for k in 0..<count {
      let gradient = unsafe regularized(wDot[k] * perSample, at: w[k], l2: l2, l1: l1)
      let sample = formula.secondSample(k, gradient: gradient)
      let m = takingUp ? first.takeUp(gradient, at: k) : first.value(after: gradient, at: k)
      let v = takingUp ? second.takeUp(sample, at: k) : second.value(after: sample, at: k)
      body(k, gradient, m, v)
    }
  }
}

/// What an optimizer computes for one parameter; the loop around it is ``StepLoop``.
protocol StepFormula<Scalar> {
  associatedtype Scalar: Real

  /// What the second average takes up at element `k`: g² or Ẅ.
  func secondSample(_ k: Int, gradient: Scalar) -> Scalar

  /// −Δw from the averages m̂ and v̂, which are corrected for bias; without an average, g and the second sample. Linear in m̂.
  func step(_ m: Scalar, _ v: Scalar) -> Scalar
}

extension StepFormula {
  func secondSample(_ k: Int, gradient: Scalar) -> Scalar { 0 }
}
