import BLAS
import Kernels
import TestSupport
import Testing

/// Weights that move where their sums are formed, against sums in memory and the step's formula in a plain loop, bit by bit.
@Suite struct WeightStepTests {
  /// Below, at and above tiles of 3, 6 and 12 rows and panels of 8 to 32 columns, results that would be turned, terms of one
  /// block and of two, and the most of them.
  static let shapes =
    PairShape.small + [
      PairShape(250, 40, 192), PairShape(131, 17, 193), PairShape(256, 100, 100), PairShape(7, 400, 256),
    ]

  struct Strengths: Sendable {
    let l2, l1, base: Double
    static let all = [
      Strengths(l2: 0, l1: 0, base: 0), Strengths(l2: 0.01, l1: 0, base: 0.1),
      Strengths(l2: 0.01, l1: 0.003, base: 0),
    ]
  }

  /// Weights and factors of all magnitudes; zeros of both signs among the weights, zero columns in B, not-a-number and infinity
  /// where they are wanted.
  private static func problem<S: Real>(_ shape: PairShape, hasNonFinite: Bool) -> PairProblem<S> {
    var random = SmallRandom(seed: UInt64(shape.m * 1000 + shape.n * 10 + shape.k))
    let problem = PairProblem<S>(.transposedFirst, shape) { S(random.uniform(-1...1)) }
    for k in 0..<problem.a2.elements.count { problem.a2.elements[k] = problem.a2.elements[k].magnitude }
    for k in stride(from: 0, to: problem.c1.elements.count, by: 5) {
      problem.c1.elements[k] = k.isMultiple(of: 2) ? S(0) : -S(0)
    }
    // A column of zeros: a denominator of zero where nothing is added.
    if shape.k > 0 { for k in 0..<shape.k { problem.b.elements[k * shape.n] = 0 } }
    if hasNonFinite {
      problem.a1.elements[shape.m / 2] = .nan
      problem.a2.elements[shape.m / 3] = .infinity
    }
    return problem
  }

  private static func step<S: Real>(_ strengths: Strengths, samples: Int) -> WeightStep<S> {
    WeightStep(
      rate: S(0.7), perSample: 1 / S(samples), l2: S(strengths.l2), l1: S(strengths.l1), base: S(strengths.base))
  }

  /// W of some rows after the formula's step by sums in memory.
  private static func expected<S: Real>(
    _ problem: PairProblem<S>, _ step: WeightStep<S>, rows: Range<Int>, isPair: Bool, _ kernel: InstructionSet
  ) -> [S] {
    let (m, n) = (problem.shape.m, problem.shape.n)
    let workspace = ProductWorkspace<S>()
    workspace.reserve(rows: m, columns: n, terms: problem.shape.k)
    let (wDot, wDDot) = (Matrix<S>(rows: m, columns: n), Matrix<S>(rows: m, columns: n))
    multiplyPair(
      transposed: problem.a1, isPair ? problem.a2 : nil, problem.b, into: wDot, isPair ? wDDot : nil,
      workspace: workspace, by: kernel)
    return (0..<m * n).map { k in
      let w = problem.c1.elements[k]
      guard rows.contains(k / n) else { return w }
      let sign: S = w > 0 ? 1 : (w < 0 ? -1 : 0)
      let g = wDot.elements[k] * step.perSample + step.l2 * w + step.l1 * sign
      guard isPair else { return w - step.rate * g }
      let d = wDDot.elements[k] * step.perSample + step.base
      return d == 0 ? w : w - step.rate * g / d
    }
  }

  private static func found<S: Real>(
    _ problem: PairProblem<S>, _ step: WeightStep<S>, rows: Range<Int>, isPair: Bool, _ kernel: InstructionSet
  ) -> [S] {
    let workspace = ProductWorkspace<S>()
    workspace.reserve(rows: problem.shape.m, columns: problem.shape.n, terms: problem.shape.k, isStep: true)
    moveByProducts(
      problem.c1, rows: rows, step, transposed: problem.a1, isPair ? problem.a2 : nil, problem.b, workspace: workspace,
      by: kernel)
    return problem.c1.elements.array
  }

  /// Equal, with the same signs of zeros; not-a-number only where the other has it.
  private static func haveSameBits<S: Real>(_ a: [S], _ b: [S]) -> Bool {
    zip(a, b).allSatisfy { ($0.isNaN && $1.isNaN) || ($0 == $1 && $0.sign == $1.sign) }
  }

  @Test(arguments: shapes, [true, false])
  func `weights move as by sums in memory`(shape: PairShape, isPair: Bool) {
    func check<S: Real>(_: S.Type, _ kernel: InstructionSet) {
      for strengths in Strengths.all {
        for hasNonFinite in [false, true] {
          for rows in [0..<shape.m, shape.m / 3..<shape.m * 2 / 3] {
            let step: WeightStep<S> = Self.step(strengths, samples: shape.k)
            let problem: PairProblem<S> = Self.problem(shape, hasNonFinite: hasNonFinite)
            let expected = Self.expected(problem, step, rows: rows, isPair: isPair, kernel)
            let found = Self.found(problem, step, rows: rows, isPair: isPair, kernel)
            #expect(Self.haveSameBits(found, expected), "\(S.self), \(kernel), \(strengths), rows \(rows)")
          }
        }
      }
    }
    for kernel in ProductPairsTests.kernels {
      check(Float.self, kernel)
      check(Double.self, kernel)
    }
  }

  @Test func `a term of the step that is wrong would be seen`() {
    let shape = PairShape(13, 33, 31)
    func moved(l2: Double = 0.01, l1: Double = 0.003, base: Double = 0.1, samples: Int = 31) -> [Double] {
      Self.found(
        Self.problem(shape, hasNonFinite: false), Self.step(Strengths(l2: l2, l1: l1, base: base), samples: samples),
        rows: 0..<13, isPair: true, .best)
    }
    let whole = moved()
    for other in [moved(l2: 0), moved(l1: 0), moved(base: 0), moved(samples: 32)] {
      #expect(!Self.haveSameBits(other, whole))
    }
  }

  @Test func `threads change no bit`() {
    defer { BLASLibrary.setThreads(1) }
    // Large enough for several parts, of columns and of rows.
    for shape in [PairShape(300, 700, 100), PairShape(700, 300, 100)] {
      let step: WeightStep<Float> = Self.step(Strengths.all[2], samples: 100)
      let problem: PairProblem<Float> = Self.problem(shape, hasNonFinite: false)
      let start = problem.c1.elements.array
      let expected = Self.expected(problem, step, rows: 0..<shape.m, isPair: true, .best)
      for threads in [1, 2, 3] {
        BLASLibrary.setThreads(threads)
        problem.c1.elements.copy(from: start)
        let found = Self.found(problem, step, rows: 0..<shape.m, isPair: true, .best)
        #expect(Self.haveSameBits(found, expected))
      }
    }
  }
}
