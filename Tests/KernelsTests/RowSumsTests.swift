import Kernels
import Testing

/// Sums over the rows of matrices in Double.
@Suite struct RowSumsTests {
  private func matrix(_ rows: [[Float]]) -> Matrix<Float> {
    let matrix = Matrix<Float>(rows: rows.count, columns: 2)
    matrix.elements.copy(from: Array(rows.joined()))
    return matrix
  }

  private func sums(_ values: [Double] = [10, 20]) -> Vector<Double> {
    let sums = Arena<Double>(count: values.count).all
    sums.copy(from: values)
    return sums
  }

  @Test func `rows are added to what the sums hold`() {
    let (a, b) = (matrix([[1, 2], [3, 4], [5, 6]]), matrix([[1, -1], [2, -2], [3, -3]]))
    let one = sums()
    addRows(a, into: one) { Double($0) }
    #expect(one.array == [19, 32])
    let two = sums()
    addRows(a, b, into: two) { Double($0) * Double($1) }
    #expect(two.array == [32, -8])
    let three = sums()
    addRows(a, with: sums([3, 4]), into: three) { ($0 - $1) * ($0 - $1) }
    #expect(three.array == [18, 28])
  }

  @Test func `no rows add nothing`() {
    let kept = sums()
    addRows(matrix([]), into: kept) { Double($0) }
    addRows(matrix([]), matrix([]), into: kept) { Double($0 + $1) }
    addRows(matrix([]), with: kept, into: sums()) { $0 + $1 }
    #expect(kept.array == [10, 20])
  }

  @Test func `in Float the small terms would be lost`() {
    let rows = [[16_777_216, 0]] + [[Float]](repeating: [1, 0], count: 100)
    let exact = sums([0, 0])
    addRows(matrix(rows), into: exact) { Double($0) }
    #expect(exact.array == [16_777_316, 0])
    #expect(rows.reduce(0) { $0 + $1[0] } as Float == 16_777_216)
  }
}
