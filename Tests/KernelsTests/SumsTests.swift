import Kernels
import TestSupport
import Testing

/// Sums and elementwise loops, by hand-made numbers that are exact in both precisions.
@Suite struct SumsTests {
  @Test(arguments: Precision.allCases)
  func `dot products, sums of magnitudes and sums of vectors`(precision: Precision) {
    func check<S: Real>(_: S.Type) {
      let (x, y) = (vector([1, -2, 3, -4] as [S]), vector([5, 6, -7, 8] as [S]))
      #expect(x.dot(y) == 5 - 12 - 21 - 32)
      #expect(x.magnitudeSum == 10)
      let magnitudes = vector([9, 9, 9, 9] as [S])
      x.magnitudes(into: magnitudes)
      #expect(magnitudes.array == [1, 2, 3, 4])
      x.add(y)
      #expect(x.array == [6, 4, -4, 4])
      #expect(y.array == [5, 6, -7, 8])
      let empty = vector([] as [S])
      #expect(empty.dot(empty) == 0)
      #expect(empty.magnitudeSum == 0)
    }
    both(precision, { check(Float.self) }, { check(Double.self) })
  }

  @Test(arguments: Precision.allCases)
  func `squares are added in Double, and of what a vector is scaled to`(precision: Precision) {
    func check<S: Real>(_: S.Type) {
      // In Float, 1 added to 2²⁴ is lost.
      let x = vector([4096] + Array(repeating: 1, count: 999) as [S])
      #expect(x.squareSum == 16_777_216 + 999)
      #expect(x.scaleSummingSquares(by: 0.5) == 4_194_553.75)
      #expect(x.array == [2048] + Array(repeating: 0.5, count: 999))
      #expect(vector([] as [S]).squareSum == 0)
    }
    both(precision, { check(Float.self) }, { check(Double.self) })
  }

  @Test(arguments: Precision.allCases)
  func `norms of rows, also where squares leave the range of Float`(precision: Precision) {
    func check<S: Real>(_: S.Type) {
      let rows = vector([3, -4, 0, 0, 3e-30, 4e-30, 3e25, 4e25] as [S]).matrix(rows: 4, columns: 2)
      let norms = vector([.nan, .nan, .nan, .nan] as [S])
      rows.norms(plus: 0, into: norms)
      #expect(norms[0] == 5 && norms[1] == 0)
      #expect((norms[2] / 5e-30 - 1).magnitude < 1e-6 && (norms[3] / 5e25 - 1).magnitude < 1e-6)
      rows.norms(plus: 144, into: norms)
      #expect(norms[0] == 13 && norms[1] == 12 && norms[2] == 12)
    }
    both(precision, { check(Float.self) }, { check(Double.self) })
  }

  @Test(arguments: Precision.allCases)
  func `sums of rows replace or add`(precision: Precision) {
    func check<S: Real>(_: S.Type) {
      let rows = vector([1, 2, 3, 4, 5, 6] as [S]).matrix(rows: 3, columns: 2)
      let sums = vector([100, .nan] as [S])
      rows.sumRows(into: sums, accumulating: false)
      #expect(sums.array == [9, 12])
      rows.prefix(2).sumRows(into: sums, accumulating: true)
      #expect(sums.array == [13, 18])
      rows.prefix(0).sumRows(into: sums, accumulating: true)
      #expect(sums.array == [13, 18])
      rows.prefix(0).sumRows(into: sums, accumulating: false)
      #expect(sums.array == [0, 0])
    }
    both(precision, { check(Float.self) }, { check(Double.self) })
  }

  @Test func `elementwise loops go over every element, apart or in place`() {
    let (a, b, y) = (vector([1.0, 2]), vector([10.0, 20]), vector([0.0, 0]))
    map(a, into: y) { -$0 }
    #expect(y.array == [-1, -2])
    map(a, b, into: y) { $1 - $0 }
    #expect(y.array == [9, 18])
    update(y) { $0 + 1 }
    #expect(y.array == [10, 19])
    update(y, a) { $0 * $1 }
    #expect(y.array == [10, 38])
    update(a, b) { ($1, $0) }
    #expect(a.array == [10, 20])
    #expect(b.array == [1, 2])
    let w = vector([0.0, 0])
    map(a, b, y, into: w) { $0 + $1 * $2 }
    #expect(w.array == [20, 96])
    update(y, a, b, w, a) { y, a, b, w, c in y + a * b - w + c }
    #expect(y.array == [10, 2])
  }

  @Test func `on a single rank every vector is its own sum`() {
    let rank = SingleRank()
    #expect((rank.rank, rank.ranks) == (0, 1))
    let (single, double) = (vector([1.5, -2] as [Float]), vector([1.5, -2] as [Double]))
    rank.sum(single)
    rank.sum(double)
    #expect(single.array == [1.5, -2])
    #expect(double.array == [1.5, -2])
  }

  @Test func `a generic sum reaches the rank in the vector's own precision`() throws {
    func add<S: Real>(_ values: [S]) throws -> [S] {
      let sums = vector(values)
      try DoublingRanks().sum(sums)
      return sums.array
    }
    #expect(try add([1, 2] as [Float]) == [2, 4])
    #expect(try add([1, 2] as [Double]) == [3, 6])
  }

  @Test(arguments: Precision.allCases, [1, 15, 16, 31, 32, 33, 64, 301, 1000])
  func `a sum is the same wherever its numbers lie, and the one of its definition`(precision: Precision, count: Int) {
    func check<S: Real>(_: S.Type) {
      var random = SmallRandom(seed: 3)
      let x = (0..<count).map { _ in S(random.uniform(-1...1)) }
      let y = (0..<count).map { _ in S(random.uniform(-1...1)) }
      let width = 128 / MemoryLayout<S>.stride
      func partial(_ terms: (Int, S) -> S) -> S {
        var sums = [S](repeating: 0, count: width)
        for k in 0..<count { sums[k % width] = terms(k, sums[k % width]) }
        while sums.count > 1 { sums = (0..<sums.count / 2).map { sums[$0] + sums[$0 + sums.count / 2] } }
        return sums[0]
      }
      let products = partial { k, sum in sum.addingProduct(x[k], y[k]) }
      let magnitudes = partial { k, sum in sum + x[k].magnitude }
      for offset in 0..<17 {
        let room = Arena<S>(count: 2 * (count + 17)).all
        let (a, b) = (room[offset..<offset + count], room[count + 17 + offset / 2..<2 * count + 17 + offset / 2])
        a.copy(from: x)
        b.copy(from: y)
        #expect(a.dot(b) == products)
        #expect(a.magnitudeSum == magnitudes)
      }
    }
    both(precision, { check(Float.self) }, { check(Double.self) })
  }

  private func vector<S: Real>(_ values: [S]) -> Vector<S> {
    let arena = Arena<S>(count: values.count)
    arena.all.copy(from: values)
    return arena.all
  }

  private func both(_ precision: Precision, _ single: () -> Void, _ double: () -> Void) {
    switch precision {
    case .float32: single()
    case .float64: double()
    }
  }
}

/// Stands in for ranks that all hold the same vector: two for Float, three for Double.
private struct DoublingRanks: GlobalSum {
  var rank: Int { 0 }
  var ranks: Int { 2 }
  func sum(_ values: Vector<Float>) { update(values) { 2 * $0 } }
  func sum(_ values: Vector<Double>) { update(values) { 3 * $0 } }
}
