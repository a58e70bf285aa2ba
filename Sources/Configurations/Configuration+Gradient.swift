internal import Kernels
public import Networks
internal import Optimizers

extension Configuration {
  /// Checks that the settings fit the method that computes the gradient.
  ///
  /// - Throws: ``ConfigurationError`` naming the key and the remedy.
  func checkGradient() throws(ConfigurationError) {
    // A smaller step would be lost when it is added to a weight of 1.
    let least = training.precision == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
    try require(
      training.gradientStep >= least && training.gradientStep.isFinite,
      "training.gradientStep is \(training.gradientStep); with training.precision \(training.precision.rawValue) it "
        + "must be at least \(least), and is best near 0.001")
    let method = "training.gradient \(training.gradient.rawValue)"
    switch training.gradient {
    case .backpropagation: return
    case .finiteDifference:
      try require(
        network.flatMap(\.all).allSatisfy(\.description.isTrainedAsUsed),
        "\(method) takes a network as it is used, so batchNorm and dropout cannot be trained; leave them out, or use "
          + "backpropagation")
    case .layerTargets:
      try require(
        GradientMethod.layerTargetsFit(network) && loss == .squaredError,
        "\(method) needs a network that alternates dense and sigmoid, and loss squaredError; change them, or use "
          + "backpropagation")
    }
    try require(
      !optimizer.settings.needsCurvature,
      "\(method) gives no Ẅ, which optimizer \(optimizer.name.rawValue) needs; set optimizer.name to sgd")
  }
}

extension GradientMethod {
  /// Whether the recursion of `layerTargets` is defined for these layers.
  public static func layerTargetsFit(_ layers: [LayerConfiguration]) -> Bool {
    layers.count.isMultiple(of: 2)
      && layers.enumerated().allSatisfy { index, layer in
        index.isMultiple(of: 2) ? layer.of(DenseLayer.self) != nil : layer == .activation(.sigmoid)
      }
  }
}
