import CKernels
import Glibc
import Kernels
import Testing

/// The loops of activation layers, by every set of instructions that this processor has.
@Suite struct ActivationLoopTests {
  struct Case: CustomTestStringConvertible {
    let instructions: instruction_set
    let function: ReferenceFunction
    var testDescription: String { "\(function), instructions \(instructions.rawValue)" }
  }

  static let cases: [Case] = (0...widest_instruction_set().rawValue).flatMap { instructions in
    ReferenceFunction.allCases.map { Case(instructions: instruction_set(rawValue: instructions), function: $0) }
  }

  @Test(arguments: cases)
  func `values, slopes, curvatures and total gradients are those of the definition`(case: Case) {
    func check<S: Real>(_: S.Type) {
      let loops = ActivationLoops<S>(`case`)
      let found = loops.forward(loops.numbers)
      for (k, z) in loops.numbers.z.enumerated() {
        let expected = `case`.function.derivatives(Double(z))
        // Functions within 4 ulp, and some ten roundings of numbers up to 2 and z.
        let tolerance = 32 * Double(S.ulpOfOne) * max(1, Double(z).magnitude)
        #expect((Double(found.y[k]) - expected.value).magnitude <= tolerance)
        #expect((Double(found.slopes[k]) - expected.slope).magnitude <= tolerance)
        #expect((Double(found.curvatures[k]) - expected.curvature).magnitude <= tolerance)
        #expect(found.uAbove[k] == found.slopes[k].magnitude * loops.numbers.u[k])
        // A value of the neighbouring number would be seen, where the function is not flat.
        let next = `case`.function.derivatives(Double(z) + 0.01)
        if expected.slope.magnitude > 0.05 { #expect((Double(found.y[k]) - next.value).magnitude > tolerance) }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: cases)
  func `signals pass back as (M8) says, by kept derivatives and by those of the value`(case: Case) {
    func check<S: Real>(_: S.Type) {
      let loops = ActivationLoops<S>(`case`)
      let numbers = loops.numbers
      let forward = loops.forward(numbers)
      for ofValue in [false, true] where !ofValue || activation_has_derivatives_of_value(loops.function) != 0 {
        let found = loops.backward(numbers, forward, ofValue: ofValue)
        let gradient = loops.backward(numbers, forward, ofValue: ofValue, withZ: false)
        #expect(gradient.yDot == found.yDot)
        for k in numbers.z.indices {
          let (slope, curvature) = (Double(forward.slopes[k]), Double(forward.curvatures[k]))
          let (yDot, z, u) = (Double(numbers.yDot[k]), Double(numbers.zAbove[k]), Double(numbers.u[k]))
          #expect((Double(found.yDot[k]) - yDot * slope).magnitude <= 8 * Double(S.ulpOfOne) * yDot.magnitude * 2)
          let (first, second) = (z * slope.magnitude, yDot * curvature * u)
          let tolerance = 8 * Double(S.ulpOfOne) * 2 * (z + yDot.magnitude * u)
          #expect((Double(found.z[k]) - (first + second).magnitude).magnitude <= tolerance)
          // Without the magnitude, or without σ'', it would be another number.
          if first + second < -tolerance { #expect(found.z[k] > 0) }
          if second.magnitude > 2 * tolerance { #expect((Double(found.z[k]) - first).magnitude > tolerance) }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: cases)
  func `a number's bits do not depend on its place nor on how many there are`(case: Case) {
    func check<S: Real>(_: S.Type) {
      let loops = ActivationLoops<S>(`case`)
      let numbers = loops.numbers
      let forward = loops.forward(numbers)
      let backward = loops.backward(numbers, forward, ofValue: false)
      for first in 0..<18 {
        for count in 0...36 {
          let range = first..<first + count
          let part = numbers[range]
          let partForward = loops.forward(part)
          #expect(partForward.all == forward.all.map { Array($0[range]) })
          let partBackward = loops.backward(part, partForward, ofValue: false)
          #expect(partBackward.yDot == Array(backward.yDot[range]))
          #expect(partBackward.z == Array(backward.z[range]))
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: cases.filter { activation_has_derivatives_of_value($0.function.loop) != 0 })
  func `the loss at an output's activation is the loss, then the way back`(case: Case) {
    func check<S: Real>(_: S.Type) {
      let loops = ActivationLoops<S>(`case`)
      for (rows, columns) in [(0, 3), (1, 1), (3, 5), (2, 16), (1, 33), (4, 71), (3, 64)] {
        let numbers = loops.repeated(rows * columns)
        let forward = loops.forward(numbers)
        let targets = numbers.yDot
        var above = numbers
        var sum = 0.0
        for k in targets.indices {
          above.yDot[k] = 2 * (forward.y[k] - targets[k])
          above.zAbove[k] = 2 * forward.uAbove[k]
          sum += Double(forward.y[k] - targets[k]) * Double(forward.y[k] - targets[k])
        }
        let expected = loops.backward(above, forward, ofValue: true)
        let found = loops.squaredError(forward.y, targets, numbers.u, rows: rows, columns: columns)
        #expect(found.yDot == expected.yDot && found.z == expected.z)
        #expect((found.loss - sum).magnitude <= Double(S.ulpOfOne) * Double(2 * rows * columns + 4) * sum)
        let alone = loops.squaredError(forward.y, targets, nil, rows: rows, columns: columns)
        #expect(alone.yDot == expected.yDot && alone.loss == found.loss)
        // The rows of a part give their own sums.
        if rows > 1 {
          let head = loops.squaredError(
            Array(forward.y[..<columns]), Array(targets[..<columns]), nil, rows: 1, columns: columns)
          let tail = loops.squaredError(
            Array(forward.y[columns...]), Array(targets[columns...]), nil, rows: rows - 1, columns: columns)
          #expect((head.loss + tail.loss - found.loss).magnitude <= 4 * Double.ulpOfOne * found.loss)
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: cases)
  func `not-a-number stays where it is`(case: Case) {
    let loops = ActivationLoops<Float>(`case`)
    let whole = loops.forward(loops.numbers)
    for place in loops.numbers.z.indices {
      var broken = loops.numbers
      broken.z[place] = .nan
      let found = loops.forward(broken)
      #expect(found.y.indices.allSatisfy { $0 == place ? found.y[$0].isNaN : found.y[$0] == whole.y[$0] })
    }
  }
}

/// The activation functions by libm in Double.
enum ReferenceFunction: CaseIterable, Sendable {
  case identity, sigmoid, tanh, softplus, relu, leakyRelu, elu, swish

  var loop: activation_function {
    switch self {
    case .identity: activation_identity
    case .sigmoid: activation_sigmoid
    case .tanh: activation_tanh
    case .softplus: activation_softplus
    case .relu: activation_relu
    case .leakyRelu: activation_leaky_relu
    case .elu: activation_elu
    case .swish: activation_swish
    }
  }

  /// σ(z), σ'(z), σ''(z).
  func derivatives(_ z: Double) -> (value: Double, slope: Double, curvature: Double) {
    let s = 1 / (1 + Glibc.exp(-z))
    let slope = s * (1 - s)
    switch self {
    case .identity: return (z, 1, 0)
    case .sigmoid: return (s, slope, slope * (1 - 2 * s))
    case .tanh:
      let y = Glibc.tanh(z)
      return (y, 1 - y * y, -2 * y * (1 - y * y))
    case .softplus: return (max(z, 0) + Glibc.log1p(Glibc.exp(-z.magnitude)), s, slope)
    case .relu: return z > 0 ? (z, 1, 0) : (0, 0, 0)
    case .leakyRelu: return z > 0 ? (z, 1, 0) : (0.01 * z, 0.01, 0)
    case .elu: return z > 0 ? (z, 1, 0) : (Glibc.expm1(z), Glibc.exp(z), Glibc.exp(z))
    case .swish: return (z * s, s + z * slope, slope * (2 + z * (1 - 2 * s)))
    }
  }
}
