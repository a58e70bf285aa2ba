public import BLAS
private import CKernels
private import Glibc

/// The precisions the program computes in: Float (`float32`) and Double (`float64`).
///
/// Generic loops over a `Real` are specialised for both by name (`@specialized`): an unspecialised loop that crosses a
/// module boundary is hundreds of times slower.
public protocol Real: BLASScalar, BinaryFloatingPoint, BitwiseCopyable, Sendable {
  /// The precision's name in configurations, `float32` or `float64`.
  static var precision: Precision { get }

  /// Calls the sum of `ranks` for vectors of this precision.
  static func sum(_ values: Vector<Self>, over ranks: borrowing some GlobalSum & ~Copyable) throws

  /// Calls the sum over subtrees of `ranks` for vectors of this precision.
  static func sumSubtrees(
    _ values: Vector<Self>, _ others: [Vector<Self>], _ range: Range<Int>,
    over ranks: borrowing some GlobalSum & ~Copyable) throws

  /// C₁ ← op(A₁) op(B) + β C₁ and C₂ ← op(A₂) op(|B|) + β C₂, or only one of the two, by the program's own kernel; see
  /// `multiplyPair`. Unless nil, a row is added to C₁ and a column to C₂. With a step, C₁ holds the weights that the
  /// step updates; see `moveByProducts`.
  @unsafe static func multiplyPair(
    kernel: InstructionSet, m: Int, n: Int, k: Int, _ a1: UnsafePointer<Self>?, _ a2: UnsafePointer<Self>?, lda: Int,
    transposeA: Bool, _ b: UnsafePointer<Self>, ldb: Int, transposeB: Bool, _ c1: UnsafeMutablePointer<Self>?,
    _ c2: UnsafeMutablePointer<Self>?, ldc: Int, beta: Self, row1: UnsafePointer<Self>?, column2: UnsafePointer<Self>?,
    workspace: UnsafeMutablePointer<Self>, numbers: Int, lanes: UnsafeRawPointer?, laneCount: Int,
    step: WeightStep<Self>?)

  /// Σ x_k y_k and Σ |x_k|, in an order that depends on `count` alone.
  @unsafe static func sumOfProducts(count: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>) -> Self
  @unsafe static func sumOfMagnitudes(count: Int, _ x: UnsafePointer<Self>) -> Self

  /// e^x, log(1 + x) and log x of one number.
  static func exp(_ x: Self) -> Self
  static func log1p(_ x: Self) -> Self
  static func log(_ x: Self) -> Self

  /// e^x and log(1 + x) of `count` numbers, at most 4 ulp from the exact value; `x` and `y` may be the same memory.
  @unsafe static func vectorExp(count: Int, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)
  @unsafe static func vectorLog1p(count: Int, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)
}

/// The name of a number type in configurations and files.
public enum Precision: String, Codable, CaseIterable, Sendable {
  case float32
  case float64

  /// The largest finite number.
  public var largest: Double { self == .float32 ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude }

  /// A number rounded to this precision: 0 where it is too small, infinite where it is too large.
  public func rounded(_ value: Double) -> Double { self == .float32 ? Double(Float(value)) : value }
}

extension Float: Real {
  public static var precision: Precision { .float32 }

  public static func sum(_ values: Vector<Float>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    try ranks.sum(values)
  }

  public static func sumSubtrees(
    _ values: Vector<Float>, _ others: [Vector<Float>], _ range: Range<Int>,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    try ranks.sumSubtrees(values, others, range)
  }

  @unsafe public static func multiplyPair(
    kernel: InstructionSet, m: Int, n: Int, k: Int, _ a1: UnsafePointer<Float>?, _ a2: UnsafePointer<Float>?, lda: Int,
    transposeA: Bool, _ b: UnsafePointer<Float>, ldb: Int, transposeB: Bool, _ c1: UnsafeMutablePointer<Float>?,
    _ c2: UnsafeMutablePointer<Float>?, ldc: Int, beta: Float, row1: UnsafePointer<Float>?,
    column2: UnsafePointer<Float>?, workspace: UnsafeMutablePointer<Float>, numbers: Int, lanes: UnsafeRawPointer?,
    laneCount: Int, step: WeightStep<Float>?
  ) {
    var product = unsafe matrix_product_f32(
      m: m, n: n, k: k, a1: a1, a2: a2, lda: lda, transpose_a: transposeA ? 1 : 0, b: b, ldb: ldb,
      transpose_b: transposeB ? 1 : 0, c1: c1, c2: c2, ldc: ldc, beta: beta, row1: row1, column2: column2,
      lanes: lanes?.assumingMemoryBound(to: matrix_lane.self), lane_count: laneCount, step: nil)
    guard let step else { return unsafe matrix_multiply_f32(&product, workspace, numbers, kernel.instructions) }
    var fields = matrix_step_f32(
      rate: step.rate, per_sample: step.perSample, l2: step.l2, l1: step.l1, base: step.base)
    unsafe withUnsafePointer(to: &fields) {
      unsafe product.step = $0
      unsafe matrix_multiply_f32(&product, workspace, numbers, kernel.instructions)
    }
  }

  @unsafe public static func sumOfProducts(
    count: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>
  ) -> Float { unsafe sum_products_f32(count, x, y) }
  @unsafe public static func sumOfMagnitudes(count: Int, _ x: UnsafePointer<Float>) -> Float {
    unsafe sum_magnitudes_f32(count, x)
  }

  public static func exp(_ x: Float) -> Float { Glibc.expf(x) }
  public static func log1p(_ x: Float) -> Float { Glibc.log1pf(x) }
  public static func log(_ x: Float) -> Float { Glibc.logf(x) }

  @unsafe public static func vectorExp(count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    unsafe vector_exp_f32(count, x, y)
  }
  @unsafe public static func vectorLog1p(count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    unsafe vector_log1p_f32(count, x, y)
  }
}

extension Double: Real {
  public static var precision: Precision { .float64 }

  public static func sum(_ values: Vector<Double>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    try ranks.sum(values)
  }

  public static func sumSubtrees(
    _ values: Vector<Double>, _ others: [Vector<Double>], _ range: Range<Int>,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    try ranks.sumSubtrees(values, others, range)
  }

  @unsafe public static func multiplyPair(
    kernel: InstructionSet, m: Int, n: Int, k: Int, _ a1: UnsafePointer<Double>?, _ a2: UnsafePointer<Double>?,
    lda: Int, transposeA: Bool, _ b: UnsafePointer<Double>, ldb: Int, transposeB: Bool,
    _ c1: UnsafeMutablePointer<Double>?, _ c2: UnsafeMutablePointer<Double>?, ldc: Int, beta: Double,
    row1: UnsafePointer<Double>?, column2: UnsafePointer<Double>?, workspace: UnsafeMutablePointer<Double>,
    numbers: Int, lanes: UnsafeRawPointer?, laneCount: Int, step: WeightStep<Double>?
  ) {
    var product = unsafe matrix_product_f64(
      m: m, n: n, k: k, a1: a1, a2: a2, lda: lda, transpose_a: transposeA ? 1 : 0, b: b, ldb: ldb,
      transpose_b: transposeB ? 1 : 0, c1: c1, c2: c2, ldc: ldc, beta: beta, row1: row1, column2: column2,
      lanes: lanes?.assumingMemoryBound(to: matrix_lane.self), lane_count: laneCount, step: nil)
    guard let step else { return unsafe matrix_multiply_f64(&product, workspace, numbers, kernel.instructions) }
    var fields = matrix_step_f64(
      rate: step.rate, per_sample: step.perSample, l2: step.l2, l1: step.l1, base: step.base)
    unsafe withUnsafePointer(to: &fields) {
      unsafe product.step = $0
      unsafe matrix_multiply_f64(&product, workspace, numbers, kernel.instructions)
    }
  }

  @unsafe public static func sumOfProducts(
    count: Int, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>
  ) -> Double { unsafe sum_products_f64(count, x, y) }
  @unsafe public static func sumOfMagnitudes(count: Int, _ x: UnsafePointer<Double>) -> Double {
    unsafe sum_magnitudes_f64(count, x)
  }

  public static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  public static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
  public static func log(_ x: Double) -> Double { Glibc.log(x) }

  @unsafe public static func vectorExp(count: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>) {
    unsafe vector_exp_f64(count, x, y)
  }
  @unsafe public static func vectorLog1p(count: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>) {
    unsafe vector_log1p_f64(count, x, y)
  }
}
