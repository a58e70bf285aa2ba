import Kernels
import Networks
import TestSupport
import Testing

/// Values, gradients and second derivatives of the losses, straight from ``Loss/evaluate(outputs:targets:gradient:curvature:)``.
@Suite struct LossTests {
  @Test(arguments: Precision.allCases)
  func `hand-made numbers`(precision: Precision) {
    func check<S: Real>(_: S.Type) {
      let squared = Evaluation<S>(.squaredError, [[1, 2]], [[0, 4]])
      #expect(squared.loss == 5 && squared.gradient == [[2, -4]] && squared.curvature == [[2, 2]])

      // Class 0: the margins of the others are 2 and 0.5.
      let hinge = Evaluation<S>(.hinge, [[1, 2, 0.5]], [[1, 0, 0]])
      #expect(hinge.loss == 2.5 && hinge.gradient == [[-2, 1, 1]] && hinge.curvature == [[0, 0, 0]])
      let squaredHinge = Evaluation<S>(.squaredHinge, [[1, 2, 0.5]], [[1, 0, 0]])
      #expect(squaredHinge.loss == 4.25)
      #expect(squaredHinge.gradient == [[-5, 4, 1]] && squaredHinge.curvature == [[4, 2, 2]])
      // A margin that is kept exactly counts as kept.
      let kept = Evaluation<S>(.squaredHinge, [[2, 1]], [[1, 0]])
      #expect(kept.loss == 0 && kept.gradient == [[0, 0]] && kept.curvature == [[0, 0]])

      // Losses of two samples are added; sigmoid(0) = 1/2, softmax of two equal logits too.
      let sigmoid = Evaluation<S>(.sigmoidCrossEntropy, [[0], [0]], [[1], [0]])
      #expect(sigmoid.isClose(loss: 2 * 0.6931471805599453, [[-0.5], [0.5]], [[0.25], [0.25]]))
      let softmax = Evaluation<S>(.softmaxCrossEntropy, [[3, 3]], [[0.25, 0.75]])
      #expect(softmax.isClose(loss: 0.6931471805599453, [[0.25, -0.25]], [[0.25, 0.25]]))
    }
    inBoth(precision, { check(Float.self) }, { check(Double.self) })
  }

  @Test(arguments: Loss.allCases, Precision.allCases)
  func `random outputs agree with the table`(loss: Loss, precision: Precision) throws {
    let reference = try #require(ReferenceLoss(rawValue: loss.rawValue))
    func check<S: Real>(_: S.Type) {
      var random = SmallRandom(seed: 30)
      for _ in 0..<200 {
        let (count, scale) = (random.integer(2...12), random.uniform(0.1...20))
        // Numbers that Float holds exactly.
        let y = random.step(count: count, scale: scale).map { Double(Float($0)) }
        let chosen = random.integer(0...count - 1)
        let t = (0..<count).map { $0 == chosen ? 1.0 : 0 }
        let result = Evaluation<S>(loss, [y], [t])
        #expect(
          result.isClose(
            loss: reference.value(outputs: y, target: t), [reference.gradient(outputs: y, target: t)],
            [reference.secondDerivatives(outputs: y, target: t)]))
      }
    }
    inBoth(precision, { check(Float.self) }, { check(Double.self) })
  }

  @Test(arguments: Precision.allCases)
  func `confident predictions keep their digits`(precision: Precision) {
    func check<S: Real>(_: S.Type) {
      let tail = 9.357622968840175e-14  // e^−30
      // The exact values are e^−30 up to 2 e^−30 of itself.
      let close = 16 * Double(S.ulpOfOne) + 2 * tail
      func agrees(_ a: S, _ b: Double) -> Bool { (Double(a) - b).magnitude <= close * b.magnitude }

      // Computed as 1 − p, every derivative would be 0 in Float, and would have three digits in Double.
      let softmax = Evaluation<S>(.softmaxCrossEntropy, [[30, 0]], [[1, 0]])
      #expect((softmax.loss - tail).magnitude <= close * tail)
      #expect(agrees(softmax.gradient[0][0], -tail) && agrees(softmax.gradient[0][1], tail))
      #expect(agrees(softmax.curvature[0][0], tail) && agrees(softmax.curvature[0][1], tail))

      let sigmoid = Evaluation<S>(.sigmoidCrossEntropy, [[-30]], [[0]])
      #expect((sigmoid.loss - tail).magnitude <= close * tail)
      #expect(agrees(sigmoid.gradient[0][0], tail) && agrees(sigmoid.curvature[0][0], tail))
      #expect(agrees(Evaluation<S>(.sigmoidCrossEntropy, [[30]], [[1]]).curvature[0][0], tail))
    }
    inBoth(precision, { check(Float.self) }, { check(Double.self) })
  }

  @Test func `a batch is correct where the greatest output is the class`() {
    func correct(_ outputs: [[Double]], _ targets: [[Double]]) -> Int {
      correctPredictions(
        outputs: Matrix<Double>(rowsOf: outputs, columns: 3), targets: Matrix<Double>(rowsOf: targets, columns: 3))
    }
    #expect(correct([[1, 2, 0], [3, 2, 1], [0, 0, -1]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]) == 2)
    #expect(correct([[-3, -2, -1]], [[0.2, 0.3, 0.5]]) == 1)
    #expect(correct([], []) == 0)
  }

  @Test func `exactly the losses with a zero Hessian are piecewise linear`() {
    for loss in Loss.allCases {
      let result = Evaluation<Double>(loss, [[0.5, 0.25, 1]], [[1, 0, 0]])
      #expect(loss.isPiecewiseLinear == result.curvature.joined().allSatisfy { $0 == 0 })
    }
  }

  private func inBoth(_ precision: Precision, _ single: () -> Void, _ double: () -> Void) {
    switch precision {
    case .float32: single()
    case .float64: double()
    }
  }
}

/// One evaluation of a loss.
private struct Evaluation<S: Real> {
  let loss: Double
  let gradient, curvature: [[S]]

  init(_ function: Loss, _ outputs: [[Double]], _ targets: [[Double]]) {
    let (rows, columns) = (outputs.count, outputs[0].count)
    let (first, second) = (Matrix<S>(rows: rows, columns: columns), Matrix<S>(rows: rows, columns: columns))
    first.elements.fill(.nan)
    second.elements.fill(.nan)
    loss = function.evaluate(
      outputs: Matrix(rowsOf: outputs, columns: columns), targets: Matrix(rowsOf: targets, columns: columns),
      gradient: first, curvature: second)
    (gradient, curvature) = (first.array, second.array)
  }

  /// Whether all three agree to 32 ulp of the greatest number, or of 1 where p − t cancels.
  func isClose(loss: Double, _ gradient: [[Double]], _ curvature: [[Double]]) -> Bool {
    func doubles(_ rows: [[S]]) -> [[Double]] { rows.map { $0.map { Double($0) } } }
    let tolerance = 32 * Double(S.ulpOfOne)
    return relativeDifference([self.loss], [loss], floor: 1) <= tolerance
      && relativeDifference(doubles(self.gradient), gradient, floor: 1) <= tolerance
      && relativeDifference(doubles(self.curvature), curvature, floor: 1e-3) <= tolerance
  }
}
