import CKernels
import Kernels

/// One activation function's loops, by one set of instructions, over arrays.
struct ActivationLoops<S: Real> {
  /// What goes in: z and u below, Ẏ and Z above.
  struct Numbers {
    var z, u, yDot, zAbove: [S]

    subscript(range: Range<Int>) -> Numbers {
      Numbers(
        z: Array(z[range]), u: Array(u[range]), yDot: Array(yDot[range]), zAbove: Array(zAbove[range]))
    }
  }

  struct Forward {
    var y, slopes, curvatures, uAbove: [S]
    var all: [[S]] { [y, slopes, curvatures, uAbove] }
  }

  let function: activation_function
  private let instructions: instruction_set

  init(_ case: ActivationLoopTests.Case) { (function, instructions) = (`case`.function.loop, `case`.instructions) }

  private var isDouble: CInt { S.precision == .float64 ? 1 : 0 }

  /// Numbers on both sides of 0, small, near the kink's and in the tails; u and Z are not negative.
  var numbers: Numbers { repeated(61) }

  func repeated(_ count: Int) -> Numbers {
    func sample(_ k: Int, _ step: Int) -> S { S((k * step + 3) % 61 - 30) / 8 }
    return Numbers(
      z: (0..<count).map { $0 % 12 == 11 ? 9 * sample($0, 7) : sample($0, 7) },
      u: (0..<count).map { sample($0, 11).magnitude }, yDot: (0..<count).map { sample($0, 17) },
      zAbove: (0..<count).map { sample($0, 23).magnitude })
  }

  func forward(_ numbers: Numbers) -> Forward {
    let (z, u) = (vector(numbers.z), vector(numbers.u))
    let results = (0..<4).map { _ in vector(Array(repeating: S.nan, count: numbers.z.count)) }
    var pass = unsafe activation_forward_pass(
      function: function, instructions: instructions, is_double: isDouble, count: z.count, z: z.pointer,
      y: results[0].pointer,
      slopes: results[1].pointer, curvatures: results[2].pointer, u: u.pointer, u_above: results[3].pointer)
    unsafe activation_forward(&pass)
    return Forward(
      y: results[0].array, slopes: results[1].array, curvatures: results[2].array, uAbove: results[3].array)
  }

  func backward(_ numbers: Numbers, _ forward: Forward, ofValue: Bool, withZ: Bool = true) -> (yDot: [S], z: [S]) {
    let (y, slopes, curvatures) = (vector(forward.y), vector(forward.slopes), vector(forward.curvatures))
    let (u, yDot, z) = (vector(numbers.u), vector(numbers.yDot), vector(numbers.zAbove))
    var pass = unsafe activation_backward_pass(
      function: function, instructions: instructions, is_double: isDouble, count: u.count,
      y: ofValue ? UnsafeRawPointer(y.pointer) : nil, slopes: ofValue ? nil : UnsafeRawPointer(slopes.pointer),
      curvatures: ofValue || !withZ ? nil : UnsafeRawPointer(curvatures.pointer),
      u: withZ ? UnsafeRawPointer(u.pointer) : nil, scale: 1, u_scale: 1, y_dot: yDot.pointer,
      z: withZ ? z.pointer : nil)
    unsafe activation_backward(&pass)
    return (yDot.array, z.array)
  }

  /// - Parameter u: the total gradient below; nil for the gradient alone.
  func squaredError(
    _ y: [S], _ t: [S], _ u: [S]?, rows: Int, columns: Int
  ) -> (loss: Double, yDot: [S], z: [S]) {
    let (y, t, u) = (vector(y), vector(t), u.map(vector))
    let (yDot, z) = (vector(Array(repeating: S.nan, count: y.count)), vector(Array(repeating: S.nan, count: y.count)))
    var pass = unsafe activation_error_pass(
      function: function, instructions: instructions, is_double: isDouble, rows: rows, columns: columns, y: y.pointer,
      t: t.pointer, u: u?.pointer, y_dot: yDot.pointer, z: u == nil ? nil : z.pointer)
    let loss = unsafe activation_squared_error(&pass)
    return (loss, yDot.array, z.array)
  }

  private func vector(_ values: [S]) -> Vector<S> {
    let vector = Arena<S>(count: values.count).all
    vector.copy(from: values)
    return vector
  }
}
