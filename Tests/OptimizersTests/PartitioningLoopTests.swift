import CKernels
import Kernels
import TestSupport
import Testing

/// The two loops of a standard step, for every instruction set of this processor, against the same in Double.
@Suite struct PartitioningLoopTests {
  struct Case: CustomTestStringConvertible {
    let instructions: instruction_set
    let isRoot: Bool
    let hasCurvature: Bool
    var testDescription: String { "instructions \(instructions.rawValue), root \(isRoot), Ẅ \(hasCurvature)" }
  }

  static let cases: [Case] = (0...widest_instruction_set().rawValue).flatMap { instructions in
    [(true, true), (true, false), (false, true), (false, false)].map {
      Case(instructions: instruction_set(rawValue: instructions), isRoot: $0, hasCurvature: $1)
    }
  }

  /// Every number that the loops read or write, one array for each.
  private struct Numbers {
    var w, wDot, wDDot, origin, s, m, v: [Double]

    init(count: Int, seed: UInt64) {
      var random = SmallRandom(seed: seed)
      func numbers(_ range: ClosedRange<Double>) -> [Double] {
        // Numbers that Float holds exactly; parameters are zero now and then.
        (0..<count).map { _ in random.chance(0.1) ? 0 : (random.uniform(range) * 1024).rounded() / 1024 }
      }
      (w, wDot, wDDot) = (numbers(-2...2), numbers(-6...6), numbers(1...9))
      (origin, s, m, v) = (numbers(-2...2), numbers(-3...3), numbers(-3...3), numbers(0...4))
    }

    var all: [[Double]] { [w, wDot, wDDot, origin, s, m, v] }
  }

  private static let (perSample, l2, l1, keep, gain) = (0.25, 0.125, 0.0625, 0.75, 0.5)
  private static let (mDecay, vDecay, mCorrection, vCorrection, base, scale) = (0.875, 0.75, 1.5, 1.25, 0.3125, 0.5)

  /// What the loops make of the numbers, and Σ g (w₀ − w), Σ |s|, Σ (g/d)² with the sums of their terms' magnitudes.
  private func expected(_ case: Case, _ old: Numbers, l1: Double = l1) -> (
    Numbers, sums: [Double], magnitudes: [Double]
  ) {
    var (new, sums, magnitudes) = (old, [0.0, 0, 0], [0.0, 0, 0])
    for k in old.w.indices {
      let sign: Double = old.w[k] > 0 ? 1 : (old.w[k] < 0 ? -1 : 0)
      let g = old.wDot[k] * Self.perSample + Self.l2 * old.w[k] + l1 * sign
      new.s[k] = Self.keep * old.s[k] + Self.gain * g
      new.m[k] = Self.mDecay * old.m[k] + (1 - Self.mDecay) * g
      if `case`.hasCurvature {
        new.v[k] = Self.vDecay * old.v[k] + (1 - Self.vDecay) * old.wDDot[k] * Self.perSample
      }
      let sum = new.v[k] * Self.vCorrection + Self.base
      let d = `case`.isRoot ? sum.squareRoot() : sum
      new.w[k] = d == 0 ? old.w[k] : old.w[k] - Self.scale * Self.mCorrection * new.m[k] / d
      let terms = [g * (old.origin[k] - old.w[k]), new.s[k].magnitude, d == 0 ? 0 : (g / d) * (g / d)]
      for (index, term) in terms.enumerated() {
        sums[index] += term
        magnitudes[index] += term.magnitude
      }
    }
    return (new, sums, magnitudes)
  }

  private func found<S: Real>(_ case: Case, _ old: Numbers, as _: S.Type) -> (Numbers, sums: [Double]) {
    let vectors = old.all.map { vector($0, as: S.self) }
    let pointers = unsafe vectors.map { unsafe UnsafeMutableRawPointer($0.pointer) }
    var block = unsafe parameter_block(
      count: old.w.count, instructions: `case`.instructions, is_double: S.precision == .float64 ? 1 : 0, w: pointers[0],
      w_dot: pointers[1], w_ddot: `case`.hasCurvature ? UnsafeRawPointer(pointers[2]) : nil, m: pointers[5],
      v: pointers[6], per_sample: Self.perSample, w_ddot_per_sample: Self.perSample, l2: Self.l2, l1: Self.l1,
      m_decay: Self.mDecay,
      v_decay: Self.vDecay, m_correction: Self.mCorrection, v_correction: Self.vCorrection, base: Self.base,
      is_root: `case`.isRoot ? 1 : 0)
    let sums = unsafe partitioning_take_up(&block, pointers[3], pointers[4], Self.keep, Self.gain)
    unsafe partitioning_move(&block, Self.scale)
    var new = old
    let arrays = vectors.map { $0.array.map { Double($0) } }
    (new.w, new.s, new.m, new.v) = (arrays[0], arrays[4], arrays[5], arrays[6])
    #expect(arrays[1] == old.wDot && arrays[2] == old.wDDot && arrays[3] == old.origin)
    return (new, [sums.product, sums.magnitude, sums.squares])
  }

  @Test(arguments: cases, [0, 1, 7, 16, 33, 1023, 1024, 1025, 3000])
  func `every loop is its formula`(case: Case, count: Int) {
    let old = Numbers(count: count, seed: UInt64(count))
    func check<S: Real>(_: S.Type) {
      let (expected, sums, magnitudes) = expected(`case`, old)
      let (found, foundSums) = found(`case`, old, as: S.self)
      // Some five roundings of numbers up to 16; a term of a sum some six, and it is one of `count`
      // in Double.
      let tolerance = 64 * Double(S.ulpOfOne)
      for (a, b) in zip(found.all, expected.all) {
        #expect(zip(a, b).allSatisfy { ($0 - $1).magnitude <= tolerance })
      }
      let ofSums = 8 * Double(S.ulpOfOne) + Double(count) * Double.ulpOfOne
      for index in 0..<3 { #expect((foundSums[index] - sums[index]).magnitude <= ofSums * magnitudes[index]) }
      // A term that is left out shows.
      let other = self.expected(`case`, old, l1: 0).0
      #expect(old.w.allSatisfy { $0 == 0 } || zip(found.s, other.s).contains { ($0 - $1).magnitude > 100 * tolerance })
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: cases)
  func `a parameter without curvature stays`(case: Case) {
    for count in [1, 16, 40] {
      var old = Numbers(count: count, seed: 3)
      // v̂ + base is 0 where v stays.
      old.v = Array(repeating: -Self.base / Self.vCorrection, count: count)
      let found = found(
        Case(instructions: `case`.instructions, isRoot: `case`.isRoot, hasCurvature: false), old, as: Float.self)
      #expect(found.0.w == old.w)
      #expect(found.sums[2] == 0)
    }
  }
}
