/// `training.gradient`: how the gradient Ẇ of a minibatch is found. Only backpropagation also gives Ẅ.
public enum GradientMethod: String, Codable, CaseIterable, Sendable {
  /// (M8–M10), exact.
  case backpropagation
  /// ``Networks/Network/finiteDifferenceGradient(inputs:targets:parameters:loss:step:into:)``.
  case finiteDifference
  /// ``LayerTargets``, which is not the gradient in layers below the top.
  case layerTargets
}
