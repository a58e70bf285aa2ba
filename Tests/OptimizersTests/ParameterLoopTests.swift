import CKernels
import Kernels
import TestSupport
import Testing

/// The loops of steps that take one pass, for every set of instructions of this processor, against the same in Double.
@Suite struct ParameterLoopTests {
  enum Step: CaseIterable, Sendable { case descend, adam, divide, divideByRoot }

  static let instructionSets = 0...widest_instruction_set().rawValue
  private static let (perSample, l2, l1, rate) = (0.25, 0.125, 0.0625, 0.5)
  private static let (mDecay, vDecay, mCorrection, vCorrection, base) = (0.875, 0.75, 1.5, 1.25, 0.3125)

  /// w, Ẇ, Ẅ, m and v: numbers that Float holds exactly; parameters are zero now and then.
  private static func numbers(_ count: Int) -> [[Double]] {
    var random = SmallRandom(seed: UInt64(count))
    return [-2...2, -6...6, 1...9, -3...3, 0...4].map { range in
      (0..<count).map { _ in random.chance(0.1) ? 0 : (random.uniform(range) * 1024).rounded() / 1024 }
    }
  }

  private static func expected(_ step: Step, _ old: [[Double]], l1: Double = l1) -> [[Double]] {
    var new = old
    for k in old[0].indices {
      let w = old[0][k]
      let g = old[1][k] * perSample + l2 * w + l1 * (w > 0 ? 1 : w < 0 ? -1 : 0)
      switch step {
      case .descend: new[0][k] = w - rate * g
      case .adam:
        new[3][k] = mDecay * old[3][k] + (1 - mDecay) * g
        new[4][k] = vDecay * old[4][k] + (1 - vDecay) * g * g
        new[0][k] = w - rate * new[3][k] * mCorrection / ((new[4][k] * vCorrection).squareRoot() + base)
      case .divide: new[0][k] = w - rate * g / (old[2][k] * perSample + base)
      case .divideByRoot: new[0][k] = w - rate * g / (old[2][k] * perSample + base).squareRoot()
      }
    }
    return new
  }

  private static func found<S: Real>(
    _ step: Step, _ instructions: UInt32, _ old: [[Double]], base: Double = base, as _: S.Type
  ) -> [[S]] {
    let vectors = old.map { numbers in
      let vector = Arena<S>(count: numbers.count).all
      vector.copy(from: numbers.map { S($0) })
      return vector
    }
    let pointers = unsafe vectors.map { unsafe UnsafeMutableRawPointer($0.pointer) }
    var block = unsafe parameter_block(
      count: old[0].count, instructions: instruction_set(rawValue: instructions),
      is_double: S.precision == .float64 ? 1 : 0,
      w: pointers[0], w_dot: pointers[1], w_ddot: pointers[2], m: pointers[3], v: pointers[4], per_sample: perSample,
      w_ddot_per_sample: perSample, l2: l2, l1: l1, m_decay: mDecay, v_decay: vDecay, m_correction: mCorrection,
      v_correction: vCorrection,
      base: base, is_root: step == .divideByRoot ? 1 : 0)
    switch step {
    case .descend: unsafe parameters_descend(&block, rate)
    case .adam: unsafe parameters_step_by_adam(&block, rate)
    case .divide, .divideByRoot: unsafe parameters_divide(&block, rate)
    }
    return vectors.map(\.array)
  }

  @Test(arguments: Step.allCases, instructionSets)
  func `every loop is its formula`(step: Step, instructions: UInt32) {
    func check<S: Real>(_: S.Type) {
      for count in [0, 1, 7, 16, 33, 1000] {
        let old = Self.numbers(count)
        let (found, expected) = (Self.found(step, instructions, old, as: S.self), Self.expected(step, old))
        // Some ten roundings of numbers up to 16.
        let tolerance = 128 * Double(S.ulpOfOne)
        for (a, b) in zip(found, expected) {
          #expect(a.count == b.count && zip(a, b).allSatisfy { (Double($0) - $1).magnitude <= tolerance })
        }
        // A term that is left out shows.
        let other = Self.expected(step, old, l1: 0)
        #expect(
          old[0].allSatisfy { $0 == 0 }
            || zip(found[0], other[0]).contains { (Double($0) - $1).magnitude > 10 * tolerance })
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: Step.allCases, instructionSets)
  func `a parameter's bits do not depend on its place`(step: Step, instructions: UInt32) {
    func check<S: Real>(_: S.Type) {
      let old = Self.numbers(60)
      let whole = Self.found(step, instructions, old, as: S.self)
      for first in 0..<18 {
        for count in [1, 5, 16, 19, 33, 42] {
          let part = Self.found(step, instructions, old.map { Array($0[first..<first + count]) }, as: S.self)
          #expect(part == whole.map { Array($0[first..<first + count]) })
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: [Step.divide, .divideByRoot], instructionSets)
  func `a parameter without curvature stays`(step: Step, instructions: UInt32) {
    var old = Self.numbers(40)
    old[2] = Array(repeating: 0, count: 40)
    let found = Self.found(step, instructions, old, base: 0, as: Float.self)
    #expect(found[0].map { Double($0) } == old[0])
  }

  @Test(arguments: instructionSets, [0, mDecay])
  func `averages with their squares, and the decrease along a step, are their formulas`(
    instructions: UInt32, decay: Double
  ) {
    func check<S: Real>(_: S.Type) {
      for count in [0, 1, 7, 16, 33, 1000] {
        let old = Self.numbers(count)
        let vectors = old.map { vector($0, as: S.self) }
        let (w, wDot, after, m) = (vectors[0], vectors[1], vectors[2], vectors[3])
        var block = unsafe parameter_block(
          count: count, instructions: instruction_set(rawValue: instructions),
          is_double: S.precision == .float64 ? 1 : 0, w: w.pointer, w_dot: wDot.pointer, w_ddot: nil, m: m.pointer,
          v: nil, per_sample: Self.perSample, w_ddot_per_sample: 0, l2: Self.l2, l1: Self.l1, m_decay: decay,
          v_decay: 0, m_correction: 1, v_correction: 1, base: 0, is_root: 0)
        let g = old[0].indices.map { k in
          let w = old[0][k]
          return old[1][k] * Self.perSample + Self.l2 * w + Self.l1 * (w > 0 ? 1 : w < 0 ? -1 : 0)
        }
        let average = g.indices.map { decay == 0 ? g[$0] : decay * old[3][$0] + (1 - decay) * g[$0] }
        func near(_ found: Double, _ expected: Double) -> Bool {
          (found - expected).magnitude <= 128 * Double(S.ulpOfOne) * Double(count) * 36
        }
        let decrease = unsafe parameters_decrease(&block, after.pointer)
        #expect(near(decrease, g.indices.reduce(0) { $0 + g[$1] * (old[0][$1] - old[2][$1]) }))
        let squares = unsafe parameters_average(&block)
        #expect(near(squares.gradient, g.reduce(0) { $0 + $1 * $1 }))
        #expect(near(squares.average, average.reduce(0) { $0 + $1 * $1 }))
        #expect(zip(m.array, average).allSatisfy { (Double($0) - $1).magnitude <= 128 * Double(S.ulpOfOne) })
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
