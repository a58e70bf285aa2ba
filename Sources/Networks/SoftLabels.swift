public import Kernels

/// A loss for learning from the labels of a teacher, t = t(z), which follow from the teacher's outputs z.
///
/// With the student's outputs y, the loss f(y | t(z)) has ∂f/∂z = s(z) + c(z, y), with c linear in y and s independent
/// of y. (M24) needs only the change of ∂f/∂z with y, so c is enough. For a tangent ẏ it is the exact derivative, for a
/// difference quotient of y the derivative of (M25).
public protocol SoftLabelLoss: LossFunction {
  /// t(z), [samples × outputs].
  func softLabels<Scalar: Real>(_ z: Matrix<Scalar>, into labels: Matrix<Scalar>)

  /// c(z, y).
  ///
  /// - Parameters:
  ///   - labels: t(z), [samples × outputs].
  ///   - y: the student's outputs, their tangent or a difference of them, [samples × outputs].
  ///   - change: overwritten; must not share memory with the other arguments.
  func labelChange<Scalar: Real>(labels: Matrix<Scalar>, _ y: Matrix<Scalar>, into change: Matrix<Scalar>)

  /// s(z)/t(z), the part of ∂f/∂z that does not depend on y.
  var labelConstant: Double { get }
}

extension SoftLabelLoss {
  public var labelConstant: Double { 0 }
}

extension Loss {
  /// Whether a student can learn from soft labels with this loss.
  public var takesSoftLabels: Bool { function is any SoftLabelLoss }

  /// The loss; it must take soft labels.
  private var ofSoftLabels: any SoftLabelLoss {
    guard let loss = function as? any SoftLabelLoss else { preconditionFailure("\(rawValue) takes no soft labels") }
    return loss
  }

  /// t(z), [samples × outputs].
  public func softLabels<Scalar: Real>(_ z: Matrix<Scalar>, into labels: Matrix<Scalar>) {
    ofSoftLabels.softLabels(z, into: labels)
  }

  /// c(z, y); see ``SoftLabelLoss``.
  public func labelChange<Scalar: Real>(labels: Matrix<Scalar>, _ y: Matrix<Scalar>, into change: Matrix<Scalar>) {
    ofSoftLabels.labelChange(labels: labels, y, into: change)
  }

  /// Adds s(z).
  public func addLabelConstant<Scalar: Real>(labels: Matrix<Scalar>, to change: Matrix<Scalar>) {
    let constant = ofSoftLabels.labelConstant
    if constant != 0 { change.elements.add(labels.elements, times: Scalar(constant)) }
  }
}
