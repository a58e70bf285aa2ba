import Kernels
import Testing

/// [m × n] results of sums of k terms.
struct PairShape: Sendable, CustomTestStringConvertible {
  let (m, n, k): (Int, Int, Int)

  init(_ m: Int, _ n: Int, _ k: Int) { (self.m, self.n, self.k) = (m, n, k) }

  var testDescription: String { "[\(m) × \(n)], k = \(k)" }

  /// Below, at and above tiles of 3, 6 and 12 rows and panels of 8 to 32 columns; results that are turned, narrow layers.
  static let small = [
    PairShape(1, 1, 1), PairShape(1, 5, 3), PairShape(5, 1, 3), PairShape(2, 3, 1), PairShape(7, 9, 16),
    PairShape(6, 16, 4), PairShape(12, 32, 17), PairShape(13, 33, 31), PairShape(2, 64, 100), PairShape(64, 2, 100),
    PairShape(100, 10, 36), PairShape(10, 36, 100), PairShape(37, 100, 2), PairShape(25, 4, 90),
  ]
  /// More terms, rows and columns than a block has: 192 terms, 40 to 240 rows, 384 columns. AVX2 puts A in order where it is
  /// transposed and B has more than 128 columns, or A 256; it reads B in place for 10 rows, unless B has 128 columns. In
  /// the last two the next rows of A, or the next columns of B, are fetched while these are multiplied.
  static let blocked = [
    PairShape(5, 20, 193), PairShape(131, 17, 385), PairShape(250, 40, 193), PairShape(7, 400, 200),
    PairShape(300, 3, 193), PairShape(250, 140, 193), PairShape(256, 40, 193), PairShape(10, 48, 193),
    PairShape(10, 128, 193), PairShape(280, 24, 385), PairShape(20, 540, 193),
  ]
  /// With a dimension that is zero.
  static let degenerate = [
    PairShape(0, 3, 2), PairShape(3, 0, 2), PairShape(3, 2, 0), PairShape(0, 0, 4), PairShape(0, 3, 0),
    PairShape(4, 0, 0), PairShape(0, 0, 0),
  ]
}

/// Operands of a pair of products, in the three forms of ``Form``.
struct PairProblem<S: Real> {
  enum Part: CaseIterable, Sendable { case both, first, second }

  let form: Form
  let shape: PairShape
  let a1, a2, b, c1, c2: Matrix<S>

  /// - Parameter entry: gives the numbers, each called for once.
  init(_ form: Form, _ shape: PairShape, _ entry: () -> S) {
    func filled(_ rows: Int, _ columns: Int) -> Matrix<S> {
      let matrix = Matrix<S>(rows: rows, columns: columns)
      for k in 0..<matrix.elements.count { matrix.elements[k] = entry() }
      return matrix
    }
    (self.form, self.shape) = (form, shape)
    let (m, n, k) = (shape.m, shape.n, shape.k)
    let a = form == .transposedFirst ? (k, m) : (m, k)
    (a1, a2) = (filled(a.0, a.1), filled(a.0, a.1))
    b = form == .transposedSecond ? filled(n, k) : filled(k, n)
    (c1, c2) = (filled(m, n), filled(m, n))
  }

  /// Integers of at most 8 in magnitude: every sum is exact in both precisions and in any order.
  static func integers(_ form: Form, _ shape: PairShape) -> PairProblem {
    var k = 0
    return PairProblem(form, shape) {
      k += 1
      return S((k * (k % 1009 + 7) / 3 + 1) % 17 - 8)
    }
  }

  func multiply(_ part: Part = .both, rows: Range<Int>? = nil, beta: S, by kernel: InstructionSet) {
    let workspace = ProductWorkspace<S>()
    workspace.reserve(rows: shape.m, columns: shape.n, terms: shape.k)
    let (first, second) = (part == .second, part == .first)
    let (a1, c1) = first ? (nil, nil) : (a1, c1)
    let (a2, c2) = second ? (nil, nil) : (a2, c2)
    switch form {
    case .transposedSecond:
      multiplyPair(a1, a2, transposed: b, into: c1, c2, beta: beta, workspace: workspace, by: kernel)
    case .plain: multiplyPair(a1, a2, b, into: c1, c2, beta: beta, workspace: workspace, by: kernel)
    case .transposedFirst:
      multiplyPair(
        transposed: a1, a2, b, into: c1, c2, rows: rows, beta: beta, workspace: workspace, by: kernel)
    }
  }

  /// op(A) op(B) + β C with `magnitude` applied to B, and the same of all magnitudes, in Double; with β = 0, C is not
  /// looked at.
  func plainLoops(
    _ a: Matrix<S>, beta: S, to before: [[S]], _ magnitude: (Double) -> Double = { $0 }
  ) -> (sums: [[Double]], magnitudes: [[Double]]) {
    let (a, b) = (a.array, b.array)
    var (sums, magnitudes): ([[Double]], [[Double]]) = ([], [])
    for i in 0..<shape.m {
      var (row, rowMagnitudes): ([Double], [Double]) = ([], [])
      for j in 0..<shape.n {
        var sum = beta == 0 ? 0 : Double(beta) * Double(before[i][j])
        var size = sum.magnitude
        for k in 0..<shape.k {
          let x = Double(form == .transposedFirst ? a[k][i] : a[i][k])
          let y = Double(form == .transposedSecond ? b[j][k] : b[k][j])
          sum += x * magnitude(y)
          size += (x * y).magnitude
        }
        row.append(sum)
        rowMagnitudes.append(size)
      }
      sums.append(row)
      magnitudes.append(rowMagnitudes)
    }
    return (sums, magnitudes)
  }
}

extension Matrix {
  /// The rows as numbers of Double.
  var doubles: [[Double]] { array.map { $0.map { Double($0) } } }
}
