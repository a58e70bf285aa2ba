import Kernels
import Testing

/// The three products against plain loops.
///
/// Entries are integers of at most 8 in magnitude, so that every sum is exact in both precisions and in any order:
/// the comparison is equality.
@Suite struct MatrixProductsTests {
  /// C [m × n] from sums of k terms.
  struct Shape: Sendable, CustomTestStringConvertible {
    let (m, n, k): (Int, Int, Int)

    init(_ m: Int, _ n: Int, _ k: Int) { (self.m, self.n, self.k) = (m, n, k) }

    var testDescription: String { "[\(m) × \(n)], k = \(k)" }

    static let all = [
      Shape(1, 1, 1), Shape(1, 5, 3), Shape(5, 1, 3), Shape(2, 3, 1), Shape(7, 4, 9), Shape(16, 16, 16),
      Shape(33, 17, 65), Shape(100, 36, 784),
    ]
    /// With a dimension that is zero.
    static let degenerate = [
      Shape(0, 3, 2), Shape(3, 0, 2), Shape(3, 2, 0), Shape(0, 0, 4), Shape(0, 3, 0), Shape(4, 0, 0), Shape(0, 0, 0),
    ]
  }

  @Test(arguments: Form.allCases, Shape.all)
  func `a product equals plain loops`(form: Form, shape: Shape) {
    for beta in [0, 1, 3] {
      #expect(isExact(form, shape, beta: beta, Float.self))
      #expect(isExact(form, shape, beta: beta, Double.self))
    }
  }

  @Test(arguments: Form.allCases, Shape.degenerate)
  func `zero rows, zero columns and an empty sum are products too`(form: Form, shape: Shape) {
    for beta in [0, 1, 3] {
      #expect(isExact(form, shape, beta: beta, Float.self))
      #expect(isExact(form, shape, beta: beta, Double.self))
    }
  }

  @Test(arguments: Form.allCases, Shape.all + Shape.degenerate)
  func `beta 0 ignores not-a-number in C`(form: Form, shape: Shape) {
    let product = Product<Double>(form, shape)
    product.c.elements.fill(.nan)
    product.compute(beta: 0)
    #expect(product.c.array == product.plainLoops(adding: 0, to: []))
  }

  @Test(arguments: Form.allCases)
  func `a product writes nothing beyond C`(form: Form) {
    let product = Product<Double>(form, Shape(5, 4, 3), extraRows: 2)
    product.storage.elements.fill(-1)
    product.compute(beta: 0)
    #expect(product.storage.array.suffix(2) == [[-1, -1, -1, -1], [-1, -1, -1, -1]])
    #expect(product.c.array == product.plainLoops(adding: 0, to: []))
  }

  @Test func `the data tell the three forms apart`() {
    let square = Shape(6, 6, 6)
    let results = Form.allCases.map { Product<Double>($0, square).plainLoops(adding: 0, to: []) }
    #expect(results[0] != results[1])
    #expect(results[0] != results[2])
    #expect(results[1] != results[2])
    // One wrong entry of A changes the result.
    let product = Product<Double>(.plain, square)
    product.a.elements[7] += 1
    product.compute(beta: 0)
    #expect(product.c.array != results[1])
  }

  private func isExact<S: Real>(_ form: Form, _ shape: Shape, beta: Int, _: S.Type) -> Bool {
    let product = Product<S>(form, shape)
    let before = product.c.array
    product.compute(beta: S(beta))
    return product.c.array == product.plainLoops(adding: S(beta), to: before)
  }
}

/// Which operand of a product is transposed.
enum Form: CaseIterable, Sendable {
  case transposedSecond, plain, transposedFirst
}

/// Operands of one product, filled with integers.
private struct Product<S: Real> {
  let form: Form
  let a, b, c, storage: Matrix<S>

  init(_ form: Form, _ shape: MatrixProductsTests.Shape, extraRows: Int = 0) {
    self.form = form
    a = form == .transposedFirst ? Self.integers(shape.k, shape.m, 1) : Self.integers(shape.m, shape.k, 1)
    b = form == .transposedSecond ? Self.integers(shape.n, shape.k, 2) : Self.integers(shape.k, shape.n, 2)
    storage = Self.integers(shape.m + extraRows, shape.n, 3)
    c = storage.prefix(shape.m)
  }

  private static func integers(_ rows: Int, _ columns: Int, _ seed: Int) -> Matrix<S> {
    let matrix = Matrix<S>(rows: rows, columns: columns)
    for k in 0..<matrix.elements.count { matrix.elements[k] = S((k * (k + 7 * seed) / 3 + seed) % 17 - 8) }
    return matrix
  }

  func compute(beta: S) {
    switch form {
    case .transposedSecond: multiply(a, transposed: b, into: c, beta: beta)
    case .plain: multiply(a, b, into: c, beta: beta)
    case .transposedFirst: multiply(transposed: a, b, into: c, beta: beta)
    }
  }

  /// op(A) op(B) + β C; with β = 0, C is not looked at.
  func plainLoops(adding beta: S, to before: [[S]]) -> [[S]] {
    let (a, b) = (a.array, b.array)
    let terms = form == .transposedFirst ? a.count : self.a.columns
    return (0..<c.rows).map { i in
      (0..<c.columns).map { j in
        var sum = beta == 0 ? 0 : beta * before[i][j]
        for k in 0..<terms {
          sum += (form == .transposedFirst ? a[k][i] : a[i][k]) * (form == .transposedSecond ? b[j][k] : b[k][j])
        }
        return sum
      }
    }
  }
}
