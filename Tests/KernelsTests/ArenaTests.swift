import Kernels
import Testing

/// Arenas and the vectors and matrices that are views of them.
@Suite struct ArenaTests {
  @Test(arguments: [0, 1, 3, 16, 17, 1000, 32_767, 32_768, 100_001, 1_100_000])
  func `an arena is filled with zeros and starts at a cache line`(count: Int) {
    func check<S: Real>(_: S.Type) {
      // Memory that was used before must not shine through.
      for value in [S.nan, 0] {
        let arena = Arena<S>(count: count)
        #expect(arena.count == count)
        #expect(arena.all.count == count)
        #expect(arena.all.array.allSatisfy { $0 == 0 && $0.sign == .plus })
        let address = unsafe arena.all.withBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(address % 64 == 0)
        arena.all.fill(value)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: [100_000, 1_000_000])
  func `large arenas begin at different places of their pages`(count: Int) {
    let arenas = (0..<8).map { _ in Arena<Float>(count: count) }
    let places = arenas.map { unsafe $0.all.withBytes { UInt(bitPattern: $0.baseAddress) % 4096 } }
    // Of 64 places: all eight the same only if none were chosen.
    #expect(Set(places).count > 3, "\(places)")
  }

  @Test func `a view shares its arena's numbers`() {
    let arena = Arena<Float>(count: 6)
    let (all, middle) = (arena.all, arena.all[2..<5])
    middle.copy(from: [1, 2, 3])
    all[3] = 20
    #expect(all.array == [0, 0, 1, 20, 3, 0])
    #expect(middle.array == [1, 20, 3])
    #expect(middle[1..<2].array == [20])
    #expect(middle[1] == 20)
    middle.fill(7)
    #expect(all.array == [0, 0, 7, 7, 7, 0])
    #expect(all[6..<6].array.isEmpty)
  }

  @Test func `a view keeps its arena alive`() {
    func view() -> Vector<Double> {
      let arena = Arena<Double>(count: 100)
      arena.all.fill(3)
      return arena.all[10..<20]
    }
    let kept = view()
    for _ in 0..<10 { Arena<Double>(count: 100).all.fill(-1) }
    #expect(kept.array == Array(repeating: 3, count: 10))
  }

  @Test func `a copy of elements is independent of their source`() {
    let (a, b) = (Arena<Double>(count: 3).all, Arena<Double>(count: 3).all)
    a.copy(from: [1, 2, 3])
    b.copy(from: a)
    let copied = a.array
    a.fill(0)
    #expect(b.array == [1, 2, 3])
    #expect(copied == [1, 2, 3])
    Arena<Double>(count: 0).all.copy(from: [])
  }

  @Test func `a span and the bytes are the elements themselves`() {
    let vector = Arena<Float>(count: 5).all[1..<4]
    let count = vector.withMutableSpan { span in
      for k in span.indices { span[k] = Float(k) + 0.5 }
      return span.count
    }
    #expect(count == 3)
    #expect(vector.array == [0.5, 1.5, 2.5])
    let bytes = unsafe vector.withBytes { unsafe Array($0) }
    #expect(bytes.count == 12)
    #expect(Array(bytes.prefix(4)) == [0, 0, 0, 0x3f])
  }

  @Test func `a matrix is its vector's elements row by row`() {
    let vector = Arena<Double>(count: 6).all
    vector.copy(from: [1, 2, 3, 4, 5, 6])
    let matrix = vector.matrix(rows: 2, columns: 3)
    #expect(matrix.array == [[1, 2, 3], [4, 5, 6]])
    #expect(vector.matrix(rows: 3, columns: 2).array == [[1, 2], [3, 4], [5, 6]])
    #expect(matrix[1].array == [4, 5, 6])
    matrix[1][0] = 40
    #expect(vector.array == [1, 2, 3, 40, 5, 6])
    #expect(matrix.prefix(1).array == [[1, 2, 3]])
    #expect(matrix.prefix(1).elements.count == 3)
    #expect(matrix.prefix(0).array.isEmpty)
  }

  @Test(arguments: [(0, 0), (0, 3), (3, 0), (2, 2)])
  func `a new matrix has its shape and is zero`(rows: Int, columns: Int) {
    let matrix = Matrix<Float>(rows: rows, columns: columns)
    #expect((matrix.rows, matrix.columns) == (rows, columns))
    #expect(matrix.array == Array(repeating: Array(repeating: 0, count: columns), count: rows))
  }
}
