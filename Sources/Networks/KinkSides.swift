public import Kernels

/// On which side of each kink a loss was computed. Two passes with equal sides lie on the same smooth piece.
///
/// Kept as a hash (FNV-1a) of one bit for each sample and kink; different sides are mistaken for equal with probability
/// 2⁻⁶⁴.
public struct KinkSides: Equatable, Sendable {
  private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  public init() {}

  /// Adds, for each number, whether it is greater than a threshold.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func add<Scalar: Real>(_ values: Vector<Scalar>, above threshold: Scalar) {
    for k in 0..<values.count { hash = (hash ^ (values[k] > threshold ? 1 : 0)) &* 0x100_0000_01b3 }
  }
}

extension Network {
  /// The sides of all kinks of the last forward pass and of the loss at its outputs.
  ///
  /// - Parameters:
  ///   - samples: the size of that pass's minibatch.
  ///   - outputGradient: ∂f/∂y of its outputs, [samples × outputs].
  public func kinkSides(samples: Int, loss: Loss, outputGradient: Matrix<Scalar>) -> KinkSides {
    var sides = KinkSides()
    for layer in layers { layer?.addKinkSides(rows: samples, to: &sides) }
    // A margin m_i > 0 shows as a positive derivative; the derivative of the class itself is never positive.
    if loss.hasMargins { sides.add(outputGradient.elements, above: 0) }
    return sides
  }
}
