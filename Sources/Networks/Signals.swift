public import Kernels

/// The two backward signals at one boundary between layers.
public struct Sensitivity<Scalar: Real> {
  /// Ẏ, [samples × units]: the derivative of each sample's loss.
  public let yDot: Matrix<Scalar>
  /// Z = Ÿ ∘ u, [samples × units], nonnegative; nil where nothing below asks for curvature.
  public let z: Matrix<Scalar>?

  public init(yDot: Matrix<Scalar>, z: Matrix<Scalar>?) {
    self.yDot = yDot
    self.z = z
  }

  /// The signals of a range of samples.
  public subscript(rows: Range<Int>) -> Sensitivity { Sensitivity(yDot: yDot[rows], z: z?[rows]) }
}

/// The sums Ẇ and Ẅ over samples of one layer's parameters, each [parameters] long.
public struct StatisticsSlice<Scalar: Real> {
  public let wDot: Vector<Scalar>
  /// nil where only the gradient is wanted.
  public let wDDot: Vector<Scalar>?
  /// (M32) b of each block of a layout: Ẅ of the block is 2^b times its sums. Empty: all are 0.
  public let exponents: [Int]

  public init(wDot: Vector<Scalar>, wDDot: Vector<Scalar>?, exponents: [Int] = []) {
    (self.wDot, self.wDDot, self.exponents) = (wDot, wDDot, exponents)
  }

  /// The sums of some of the parameters.
  subscript(range: Range<Int>) -> StatisticsSlice {
    StatisticsSlice(wDot: wDot[range], wDDot: wDDot.map { $0[range] })
  }
}

/// Which of the two bounds Ẅ stands for.
public enum Bound: String, Codable, CaseIterable, Sendable {
  /// (M12), the paper's: covers the loss without products of parameter changes of different layers.
  case paper
  /// (M13): covers the exact second-order Taylor model of the loss.
  case full
}
