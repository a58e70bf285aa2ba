import CKernels
import Kernels
import Testing

/// The loops over rows of matrices, by every set of instructions that this processor has.
@Suite struct MatrixLoopTests {
  static let instructionSets = 0...widest_instruction_set().rawValue

  @Test(arguments: instructionSets, [0, 1, 3, 16, 21, 63, 64, 100, 133])
  func `rows are added column by column, and nothing else is touched`(instructions: UInt32, columns: Int) {
    func check<S: Real>(_: S.Type) {
      let (rows, stride, isDouble) = (5, columns + 2, CInt(S.precision == .float64 ? 1 : 0))
      let (x, sums) = (Arena<S>(count: rows * stride).all, Arena<S>(count: columns + 1).all)
      // Integers, whose sums are exact.
      for k in 0..<x.count { x[k] = S(k * 7 % 23 - 11) }
      let expected = (0..<columns).map { column in (0..<rows).reduce(S(0)) { $0 + x[$1 * stride + column] } }
      for accumulates in [false, true] {
        sums.fill(accumulates ? 100 : .nan)
        sums[columns] = -5
        unsafe matrix_sum_rows(
          instruction_set(rawValue: instructions), isDouble, rows, columns, x.pointer, stride, sums.pointer,
          accumulates ? 1 : 0)
        #expect(Array(sums.array[..<columns]) == expected.map { accumulates ? $0 + 100 : $0 })
        #expect(sums[columns] == -5)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: instructionSets)
  func `bytes are scaled in Double and rounded once`(instructions: UInt32) {
    func check<S: Real>(_: S.Type) {
      for count in [0, 1, 7, 8, 16, 33, 256] {
        let bytes = (0..<count).map { UInt8($0 * 37 % 256) }
        for isPerNumber in [false, true] {
          let pairs = isPerNumber ? count : 1
          let scale = (0..<pairs).map { 2 / 255.0 + 0.01 * Double($0) / 3 }
          let offset = (0..<pairs).map { -1 - Double($0) / 7 }
          let y = Arena<S>(count: count + 1).all
          y[count] = -5
          unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe scale.withUnsafeBufferPointer { scale in
              unsafe offset.withUnsafeBufferPointer { offset in
                // An array without elements has no address.
                guard let from = bytes.baseAddress, let scale = scale.baseAddress, let offset = offset.baseAddress
                else { return }
                unsafe matrix_scale_bytes(
                  instruction_set(rawValue: instructions), S.precision == .float64 ? 1 : 0, count, from, scale, offset,
                  isPerNumber ? 1 : 0, y.pointer)
              }
            }
          }
          for k in 0..<count {
            let pair = isPerNumber ? k : 0
            #expect(y[k] == S(Double(bytes[k]) * scale[pair] + offset[pair]))
          }
          #expect(y[count] == -5)
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: instructionSets)
  func `squared errors with their derivatives`(instructions: UInt32) {
    func check<S: Real>(_: S.Type) {
      for (rows, columns) in [(0, 4), (1, 1), (3, 7), (2, 64), (3, 133)] {
        let count = rows * columns
        let (y, t, u) = (Arena<S>(count: count).all, Arena<S>(count: count).all, Arena<S>(count: count).all)
        for k in 0..<count { (y[k], t[k], u[k]) = (S(k * 5 % 17), S(k * 3 % 11), S(k % 9)) }
        let (yDot, z) = (Arena<S>(count: count).all, Arena<S>(count: count).all)
        func evaluate(_ z: Vector<S>?, _ u: Vector<S>?) -> Double {
          unsafe matrix_squared_error(
            instruction_set(rawValue: instructions), S.precision == .float64 ? 1 : 0, rows, columns, y.pointer,
            t.pointer,
            yDot.pointer, z?.pointer, u?.pointer)
        }
        // Integers, whose sums are exact.
        let expected = (0..<count).reduce(0.0) { $0 + Double((y[$1] - t[$1]) * (y[$1] - t[$1])) }
        #expect(evaluate(z, u) == expected)
        #expect(yDot.array == (0..<count).map { 2 * (y[$0] - t[$0]) })
        #expect(z.array == u.array.map { 2 * $0 })
        #expect(evaluate(z, nil) == expected && z.array.allSatisfy { $0 == 2 })
        #expect(evaluate(nil, nil) == expected)
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
