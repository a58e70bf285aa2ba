import Kernels
import Testing

/// Pairs of products, and each of the two alone, by every kernel that the processor can run, against plain loops.
@Suite struct ProductPairsTests {
  static let kernels = InstructionSet.allCases.filter(\.isSupported)

  @Test func `the best kernel is one that the processor has`() {
    #expect(Self.kernels.contains(.best))
    #expect(Self.kernels.contains(.plain))
  }

  @Test(arguments: Form.allCases, PairShape.small + PairShape.blocked + PairShape.degenerate)
  func `products of integers equal plain loops`(form: Form, shape: PairShape) {
    for kernel in Self.kernels {
      for beta in [0, 1, -2] {
        for part in PairProblem<Float>.Part.allCases {
          #expect(isExact(PairProblem<Float>.integers(form, shape), part, beta: Float(beta), kernel))
        }
        for part in PairProblem<Double>.Part.allCases {
          #expect(isExact(PairProblem<Double>.integers(form, shape), part, beta: Double(beta), kernel))
        }
      }
    }
  }

  @Test(arguments: Form.allCases)
  func `one wrong number, and B in place of its magnitudes, would be seen`(form: Form) {
    let problem = PairProblem<Double>.integers(form, PairShape(9, 20, 40))
    #expect(
      problem.plainLoops(problem.a2, beta: 0, to: []).sums != problem.plainLoops(problem.a2, beta: 0, to: [], abs).sums)
    let expected = problem.plainLoops(problem.a1, beta: 0, to: []).sums
    problem.a1.elements[7] += 1
    problem.multiply(beta: 0, by: .best)
    #expect(problem.c1.doubles != expected)
  }

  @Test(arguments: Form.allCases, PairShape.small + PairShape.degenerate)
  func `beta 0 ignores not-a-number in C`(form: Form, shape: PairShape) {
    for kernel in Self.kernels {
      let problem = PairProblem<Float>.integers(form, shape)
      problem.c1.elements.fill(.nan)
      problem.c2.elements.fill(.nan)
      problem.multiply(beta: 0, by: kernel)
      #expect(problem.c1.doubles == problem.plainLoops(problem.a1, beta: 0, to: []).sums)
      #expect(problem.c2.doubles == problem.plainLoops(problem.a2, beta: 0, to: [], abs).sums)
    }
  }

  @Test(arguments: PairShape.small + PairShape.blocked + PairShape.degenerate)
  func `a row is added to the first product and a column to the second`(shape: PairShape) {
    func check<S: Real>(_: S.Type, _ kernel: InstructionSet) {
      for (part, beta) in [(PairProblem<S>.Part.both, S(0)), (.first, 0), (.both, 1)] {
        let problem = PairProblem<S>.integers(.transposedSecond, shape)
        let (before1, before2) = (problem.c1.array, problem.c2.array)
        let (row, column) = (Arena<S>(count: shape.n).all, Arena<S>(count: shape.m).all)
        for j in 0..<shape.n { row[j] = S(100 + j) }
        for i in 0..<shape.m { column[i] = S(-300 - 2 * i) }
        let withSecond = part == .both
        let workspace = ProductWorkspace<S>()
        workspace.reserve(rows: shape.m, columns: shape.n, terms: shape.k)
        multiplyPair(
          problem.a1, withSecond ? problem.a2 : nil, transposed: problem.b, into: problem.c1,
          withSecond ? problem.c2 : nil, beta: beta, addingRow: row, addingColumn: withSecond ? column : nil,
          workspace: workspace, by: kernel)
        let expected1 = problem.plainLoops(problem.a1, beta: beta, to: before1).sums
        let expected2 = problem.plainLoops(problem.a2, beta: beta, to: before2, abs).sums
        #expect(problem.c1.doubles == expected1.map { $0.enumerated().map { $1 + Double(row[$0]) } })
        if withSecond {
          #expect(problem.c2.doubles == expected2.enumerated().map { i, sums in sums.map { $0 + Double(column[i]) } })
        }
      }
    }
    for kernel in Self.kernels {
      check(Float.self, kernel)
      check(Double.self, kernel)
    }
  }

  @Test(arguments: InstructionSet.allCases.filter(\.isSupported))
  func `some columns by a square matrix`(kernel: InstructionSet) {
    // Integers: exact in any order.
    let (rows, width, columns) = (21, 70, 13..<63)
    func number(_ k: Int) -> Float { Float((k * (k % 1009 + 7) / 3 + 1) % 17 - 8) }
    let (a, c) = (Matrix<Float>(rows: rows, columns: width), Matrix<Float>(rows: rows, columns: width))
    let b = Matrix<Float>(rows: columns.count, columns: columns.count)
    for k in 0..<a.elements.count { (a.elements[k], c.elements[k]) = (number(k), number(k + 5)) }
    for k in 0..<b.elements.count { b.elements[k] = number(k + 9) }
    let workspace = ProductWorkspace<Float>()
    workspace.reserve(rows: rows, columns: columns.count, terms: columns.count)
    let before = c.elements.array
    multiply(a, columns: columns, b, into: c, beta: 1, workspace: workspace, by: kernel)
    for row in 0..<rows {
      for column in 0..<width {
        let old = before[row * width + column]
        let sum = columns.reduce(Float(0)) {
          $0 + a[row][$1] * (columns.contains(column) ? b[$1 - columns.lowerBound][column - columns.lowerBound] : 0)
        }
        #expect(c[row][column] == old + sum)
      }
    }
    multiply(a, columns: columns, b, into: c, beta: 0, workspace: workspace, by: kernel)
    #expect(c[3][columns.lowerBound - 1] == before[3 * width + columns.lowerBound - 1])
    let first = columns.reduce(Float(0)) { $0 + a[3][$1] * b[$1 - columns.lowerBound][0] }
    #expect(c[3][columns.lowerBound] == first)
  }

  @Test func `room for some terms is room for fewer`() {
    for terms in [1, 96, 97, 192, 193, 200, 384, 385, 1000] {
      let workspace = ProductWorkspace<Float>()
      workspace.reserve(rows: 30, columns: 40, terms: terms)
      for fewer in [terms, terms - 1, 192, 191, 100].filter({ $0 > 0 && $0 <= terms }) {
        let problem = PairProblem<Float>.integers(.transposedFirst, PairShape(30, 40, fewer))
        multiplyPair(
          transposed: problem.a1, problem.a2, problem.b, into: problem.c1, problem.c2, workspace: workspace)
        #expect(problem.c1.doubles == problem.plainLoops(problem.a1, beta: 0, to: []).sums)
      }
    }
  }

  @Test func `a product alone leaves the other result as it is`() {
    let problem = PairProblem<Float>.integers(.plain, PairShape(7, 9, 11))
    let (first, second) = (problem.c1.array, problem.c2.array)
    problem.multiply(.first, beta: 0, by: .best)
    #expect(problem.c2.array == second)
    problem.c1.elements.copy(from: first.flatMap { $0 })
    problem.multiply(.second, beta: 0, by: .best)
    #expect(problem.c1.array == first && problem.c2.array != second)
  }

  private func isExact<S: Real>(
    _ problem: PairProblem<S>, _ part: PairProblem<S>.Part, beta: S, _ kernel: InstructionSet
  ) -> Bool {
    let (before1, before2) = (problem.c1.array, problem.c2.array)
    problem.multiply(part, beta: beta, by: kernel)
    let expected1 = problem.plainLoops(problem.a1, beta: beta, to: before1).sums
    let expected2 = problem.plainLoops(problem.a2, beta: beta, to: before2, abs).sums
    return (part == .second || problem.c1.doubles == expected1) && (part == .first || problem.c2.doubles == expected2)
  }
}
