import Kernels
import TestSupport
import Testing

/// What pairs of products do with numbers that are not exact, not finite, or not asked for.
@Suite struct ProductPairsRoundingTests {
  static let kernels = ProductPairsTests.kernels
  static let shapes = [
    PairShape(13, 33, 31), PairShape(64, 2, 100), PairShape(100, 10, 36), PairShape(131, 17, 385),
    PairShape(7, 400, 200),
  ]

  @Test(arguments: Form.allCases, shapes)
  func `products are within their rounding of plain loops in Double`(form: Form, shape: PairShape) {
    for kernel in Self.kernels {
      for isNonNegative in [false, true] {
        #expect(largestError(random(form, shape, isNonNegative, Float.self), kernel) <= 1)
        #expect(largestError(random(form, shape, isNonNegative, Double.self), kernel) <= 1)
      }
    }
  }

  /// A relative error of one part in a thousand, in one term of 385, stands out of what rounding may do in Double, and in
  /// Float in sums of 31 terms.
  @Test func `a wrong term would be seen`() {
    let double = random(.plain, PairShape(131, 17, 385), false, Double.self)
    #expect(largestError(double, .best, wrong: { $0.b.elements[100] *= 1.001 }) > 1)
    let single = random(.plain, PairShape(13, 33, 31), false, Float.self)
    #expect(largestError(single, .best, wrong: { $0.b.elements[100] *= 1.001 }) > 1)
  }

  @Test(arguments: Form.allCases, shapes)
  func `the kernels with fused multiplications give the same bits`(form: Form, shape: PairShape) {
    let fused = Self.kernels.filter { $0 != .plain }
    #expect(Set(fused.map { bits(random(form, shape, false, Float.self), $0) }).count <= 1)
    #expect(Set(fused.map { bits(random(form, shape, false, Double.self), $0) }).count <= 1)
  }

  @Test(arguments: shapes)
  func `rows alone have the bits that they have among all rows`(shape: PairShape) {
    for kernel in Self.kernels {
      let (whole, parts) = (
        random(.transposedFirst, shape, false, Float.self), random(.transposedFirst, shape, false, Float.self)
      )
      parts.multiply(rows: 0..<shape.m / 3, beta: 1, by: kernel)
      #expect(Array(parts.c1.array[(shape.m / 3)...]) == Array(whole.c1.array[(shape.m / 3)...]))
      parts.multiply(rows: shape.m / 3..<shape.m / 3 + 1, beta: 1, by: kernel)
      parts.multiply(rows: shape.m / 3 + 1..<shape.m, beta: 1, by: kernel)
      whole.multiply(beta: 1, by: kernel)
      #expect(parts.c1.array == whole.c1.array && parts.c2.array == whole.c2.array)
    }
  }

  @Test(arguments: [Form.transposedSecond, .plain], shapes)
  func `a sample alone has the bits that it has among others, and a product alone those of the pair`(
    form: Form, shape: PairShape
  ) {
    for kernel in Self.kernels {
      let whole = random(form, shape, false, Float.self)
      let sample = shape.m / 2
      let (c1, c2) = (Matrix<Float>(rows: 1, columns: shape.n), Matrix<Float>(rows: 1, columns: shape.n))
      let workspace = ProductWorkspace<Float>()
      workspace.reserve(rows: 1, columns: shape.n, terms: shape.k)
      let (a1, a2) = (whole.a1.row(sample), whole.a2.row(sample))
      if form == .plain {
        multiplyPair(a1, nil, whole.b, into: c1, nil, workspace: workspace, by: kernel)
        multiplyPair(nil, a2, whole.b, into: nil, c2, workspace: workspace, by: kernel)
      } else {
        multiplyPair(a1, nil, transposed: whole.b, into: c1, nil, workspace: workspace, by: kernel)
        multiplyPair(nil, a2, transposed: whole.b, into: nil, c2, workspace: workspace, by: kernel)
      }
      whole.multiply(beta: 0, by: kernel)
      #expect(c1.array[0] == whole.c1.array[sample] && c2.array[0] == whole.c2.array[sample])
    }
  }

  @Test(arguments: Form.allCases, shapes)
  func `not-a-number and infinity spread as in plain loops`(form: Form, shape: PairShape) {
    for kernel in Self.kernels {
      for (value, place) in [
        (Float.nan, 0), (.infinity, 0), (-.infinity, 0), (.nan, 1), (.infinity, 1), (-.infinity, 1),
      ] {
        let problem = random(form, shape, false, Float.self)
        // The last number of all: beside it lies the padding.
        let target = place == 0 ? problem.a2 : problem.b
        target.elements[target.elements.count - 1] = value
        target.elements[target.elements.count / 2] = 0
        problem.multiply(beta: 0, by: kernel)
        let expected1 = problem.plainLoops(problem.a1, beta: 0, to: []).sums.map { $0.map(Kind.init) }
        let expected2 = problem.plainLoops(problem.a2, beta: 0, to: [], abs).sums.map { $0.map(Kind.init) }
        #expect(problem.c1.doubles.map { $0.map(Kind.init) } == expected1)
        #expect(problem.c2.doubles.map { $0.map(Kind.init) } == expected2)
      }
    }
  }

  /// What a number is beside its size.
  private enum Kind {
    case finite, infinite, negativeInfinite, notANumber

    init(_ x: Double) { self = x.isNaN ? .notANumber : x.isFinite ? .finite : x > 0 ? .infinite : .negativeInfinite }
  }

  private func random<S: Real>(_ form: Form, _ shape: PairShape, _ isNonNegative: Bool, _: S.Type) -> PairProblem<S> {
    var generator = SmallRandom(seed: 5)
    return PairProblem(form, shape) { S(generator.uniform(isNonNegative ? 0...1 : -1...1)) }
  }

  private func bits<S: Real>(_ problem: PairProblem<S>, _ kernel: InstructionSet) -> [[S]] {
    problem.multiply(beta: 1, by: kernel)
    return problem.c1.array + problem.c2.array
  }

  /// The largest error in units of what rounding may do: k products, k sums and what β C takes have an error of at most
  /// γ = (k + 2) u/(1 − (k + 2) u) of the sum of magnitudes, u half an ulp of 1; the reference has the same in Double.
  private func largestError<S: Real>(
    _ problem: PairProblem<S>, _ kernel: InstructionSet, wrong: (PairProblem<S>) -> Void = { _ in }
  ) -> Double {
    let (before1, before2) = (problem.c1.array, problem.c2.array)
    let terms = Double(problem.shape.k + 2)
    func gamma(_ ulp: Double) -> Double { terms * ulp / 2 / (1 - terms * ulp / 2) }
    let allowed = gamma(Double(S.ulpOfOne)) + gamma(Double.ulpOfOne)
    let first = problem.plainLoops(problem.a1, beta: 1, to: before1)
    let second = problem.plainLoops(problem.a2, beta: 1, to: before2, abs)
    wrong(problem)
    problem.multiply(beta: 1, by: kernel)
    var largest = 0.0
    for (c, expected) in [(problem.c1.doubles, first), (problem.c2.doubles, second)] {
      for i in 0..<problem.shape.m {
        for j in 0..<problem.shape.n {
          let error = (c[i][j] - expected.sums[i][j]).magnitude
          largest = max(largest, error / (allowed * expected.magnitudes[i][j]))
        }
      }
    }
    return largest
  }
}
