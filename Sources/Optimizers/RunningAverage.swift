private import Glibc
internal import Kernels

/// One of the two averages of a step: stored in memory or, if its decay is 0, the sample itself.
protocol RunningAverage<Scalar> {
  associatedtype Scalar: Real

  /// Adds the sample at element `k` to the average, and returns the average with bias correction.
  func takeUp(_ sample: Scalar, at k: Int) -> Scalar

  /// The average at element `k` with bias correction, after an earlier pass of the step added this sample.
  func value(after sample: Scalar, at k: Int) -> Scalar

  /// The derivative of the corrected average with respect to the sample of this step.
  var share: Scalar { get }
}

/// The latest sample: an average with decay 0, which needs no memory.
struct LatestSample<Scalar: Real>: RunningAverage {
  @inline(__always) func takeUp(_ sample: Scalar, at k: Int) -> Scalar { sample }
  @inline(__always) func value(after sample: Scalar, at k: Int) -> Scalar { sample }
  @inline(__always) var share: Scalar { 1 }
}

/// A stored average and its constants in one step: a ← β a + (1 − β) x, corrected â = a/(1 − βᵗ).
///
/// Valid while its ``BlockUpdate`` keeps the memory alive, for the elements of that update.
@safe
struct StoredAverage<Scalar: Real>: RunningAverage {
  private let pointer: UnsafeMutablePointer<Scalar>
  private let keep: Scalar
  private let gain: Scalar
  private let correction: Scalar

  /// - Parameters:
  ///   - values: the averages of a block.
  ///   - decay: β.
  ///   - updates: t, the number of samples including the sample of this step; at least 1.
  ///   - takesUp: false for a step without a new sample: the average and its correction stay.
  ///   - isCorrected: false for the average a without bias correction.
  init(_ values: Vector<Scalar>, decay: Double, updates: Int, takesUp: Bool = true, isCorrected: Bool = true) {
    precondition(updates > 0, "an average needs a first sample")
    unsafe pointer = values.pointer
    (keep, gain) = takesUp ? (Scalar(decay), Scalar(1 - decay)) : (1, 0)
    correction = isCorrected ? Scalar(Self.correction(decay: decay, updates: updates)) : 1
  }

  /// 1/(1 − βᵗ).
  static func correction(decay: Double, updates: Int) -> Double { 1 / (1 - pow(decay, Double(updates))) }

  @inline(__always)
  func takeUp(_ sample: Scalar, at k: Int) -> Scalar {
    let average = unsafe keep * pointer[k] + gain * sample
    unsafe pointer[k] = average
    return average * correction
  }

  @inline(__always)
  func value(after sample: Scalar, at k: Int) -> Scalar { unsafe pointer[k] * correction }

  /// (1 − β)/(1 − βᵗ).
  @inline(__always) var share: Scalar { gain * correction }
}

/// (M32) The exponent of an average of curvature, which follows those of its samples.
struct AverageExponent {
  /// By how much it may fall at the present sample; nil where nothing is left of the samples before.
  private let fall: Int?

  /// - Parameters:
  ///   - decay: β.
  ///   - updates: t, the number of samples including the present one.
  init(_ decay: Double, updates: Int) {
    if decay > 0, updates > 1 {
      let halfBits = -log2(decay) / 2
      fall = 2 * (Int(Double(updates) * halfBits) - Int(Double(updates - 1) * halfBits))
    } else {
      fall = nil
    }
  }

  /// The exponent of a sample or, where that is far lower than the present one, the lowest with which the average stays
  /// within range: an average falls by β at most.
  func following(_ sample: Int, from present: Int) -> Int { fall.map { max(sample, present - $0) } ?? sample }

  /// Gives an average another exponent. This is exact for numbers that stay within the type's range.
  func move<Scalar: Real>(_ average: Vector<Scalar>, from present: Int, to next: Int) {
    guard next != present else { return }
    if fall == nil { average.fill(0) } else { average.scale(byPowerOfTwo: present - next) }
  }
}
