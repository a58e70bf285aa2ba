internal import Kernels

/// The Ẅ that one step offers to the second average, by element of a block.
protocol CurvatureSample<Scalar> {
  associatedtype Scalar: Real
  subscript(k: Int) -> Scalar { get }
}

/// Ẅ was computed in this step: the mean over its samples.
///
/// It is used while its ``BlockUpdate`` holds the memory, for as many elements as that has.
@safe
struct NewCurvature<Scalar: Real>: CurvatureSample {
  private let pointer: UnsafeMutablePointer<Scalar>
  private let perSample: Scalar

  init(_ sums: Vector<Scalar>, perSample: Scalar) {
    self.perSample = perSample
    unsafe pointer = sums.pointer
  }

  @inline(__always) subscript(k: Int) -> Scalar { unsafe pointer[k] * perSample }
}

/// Ẅ was not computed in this step: the average keeps what it has.
struct KeptCurvature<Scalar: Real>: CurvatureSample {
  @inline(__always) subscript(k: Int) -> Scalar { 0 }
}
