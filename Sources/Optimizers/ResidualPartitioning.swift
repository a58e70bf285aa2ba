private import Glibc
public import Kernels
public import Networks

/// The step of Deep Residual Partitioning (M11): every weight goes to the minimum of its own one-dimensional quadratic,
/// optionally smoothed over steps (M14), scaled for each block (M16) and with a length that is found (``DistanceEstimate``).
///
/// m ← β₁ m + (1 − β₁)(Ẇ + ∇R), v ← β₂ v + (1 − β₂) Ẅ, each corrected by its own number of updates;
/// Δw = −λ m̂/(v̂ + λ ∇²R + δ), and 0 where the denominator is 0. With β₁ = β₂ = 0 that is (M11).
///
/// With the power ½ of the curvature, or an adaptive scale, λ is a length and no factor of the bound:
/// Δw = −λ m̂/(v̂ + ∇²R + δ)ᵖ, scaled.
public struct ResidualPartitioning: Optimizer {
  /// β₁ of (M14).
  public var momentum: Double
  /// β₂ of (M14).
  public var curvatureDecay: Double
  /// δ ≥ 0, added to every denominator.
  public var damping: Double
  public var curvaturePower: CurvaturePower
  public var layerScale: LayerScale
  /// Whether the rate is a factor of the lengths that a ``DistanceEstimate`` finds. No setting: it follows from the
  /// learning rate, see ``moving(at:)``.
  public var findsLength: Bool
  /// How often Ẅ is computed, and of which bound.
  public var curvature = CurvatureUse()
  /// (M15), nil where λ follows the schedule alone.
  public var trustRatio: TrustRatioSettings?

  public init(
    momentum: Double = 0, curvatureDecay: Double = 0, damping: Double = 0, curvaturePower: CurvaturePower = .one,
    layerScale: LayerScale = .none, findsLength: Bool = false
  ) {
    (self.momentum, self.curvatureDecay, self.damping) = (momentum, curvatureDecay, damping)
    (self.curvaturePower, self.layerScale, self.findsLength) = (curvaturePower, layerScale, findsLength)
  }

  public var curvatureUse: CurvatureUse? { curvature }

  public var hasFirstAverage: Bool { momentum != 0 }

  public var hasSecondAverage: Bool { curvatureDecay != 0 }

  public var isWeightStep: Bool {
    !hasFirstAverage && !hasSecondAverage && !findsLength && layerScale == .none && curvaturePower == .one
  }

  public func weightStepBase<Scalar: Real>(rate: Double, l2: Scalar) -> Scalar { base(rate: rate, l2: l2) }
}

extension ResidualPartitioning {
  public static let name = "residualPartitioning"
  public static let formulas = ["M11", "M14", "M15", "M16"]
  public static let settings: [OptimizerSetting<ResidualPartitioning>] = [
    .number("momentum", \.momentum, .fraction, "The decay of the average of gradients.", formulas: ["M14"]),
    .number("curvatureDecay", \.curvatureDecay, .fraction, "The decay of the average of curvature.", formulas: ["M14"]),
    .number(
      oneOf: "curvaturePower", \.curvaturePower, "The power of the curvature that a step is divided by.",
      formulas: ["M11"]),
    .wholeNumber(
      "curvatureEvery", \.curvature.every,
      SettingRange("1 to 1000000000", "must be at least 1 step") { (1...1_000_000_000).contains($0) },
      "The curvature is computed every so many steps."),
    .name(
      "layerScale", \.layerScale, "How the step of each weight matrix and bias vector is scaled.", formulas: ["M16"]),
    .section(
      "trustRatio", \.trustRatio, on: TrustRatioSettings(), TrustRatioSettings.settings,
      "Whether the learning rate follows how far the loss goes down.", formulas: ["M15"], decidesStandards: true),
    .number(
      "damping", \.damping, .nonNegative, "Is added to the curvature that a step is divided by.", formulas: ["M11"]),
    .name(
      "bound", \.curvature.bound, "What is bounded: the paper's model of the loss, or all of its second order.",
      formulas: ["M12", "M13"]),
    .name(
      "lossPartition", \.curvature.partition,
      "How curvature starts at the loss: by (M6) where it can, or always by (M7).", formulas: ["M6", "M7"]),
  ]

  /// Without a learning rate to choose.
  public static let standard = ResidualPartitioning(
    momentum: 0.9, curvatureDecay: 0.99, curvaturePower: .half, layerScale: .adaptive)

  /// With a trust ratio λ starts at 1; with neither the lengths of steps are found.
  public var standardLearningRate: Double? { trustRatio == nil ? nil : 1 }

  /// With a λ the paper's plain step (M11); with a trust ratio it is smoothed (M14).
  public func standards(beside learningRate: Double?) -> ResidualPartitioning {
    var standard = Self.standard
    standard.trustRatio = trustRatio
    guard learningRate != nil else { return standard }
    (standard.curvaturePower, standard.layerScale) = (.one, .none)
    if trustRatio == nil { (standard.momentum, standard.curvatureDecay) = (0, 0) }
    return standard
  }

  public func moving(at learningRate: Double?) -> ResidualPartitioning {
    var moving = self
    moving.findsLength = learningRate == nil
    return moving
  }

  public func check(learningRate: Double?, loss: Loss, regularization: Regularization) throws(OptimizerError) {
    if learningRate == nil {
      guard trustRatio == nil else {
        throw OptimizerError(
          "optimizer.trustRatio changes a learning rate, but optimizer.learningRate is auto; leave one of them out")
      }
      guard layerScale != .none else {
        throw OptimizerError(
          "optimizer.learningRate auto finds lengths of steps, so optimizer.layerScale must be adaptive or unit, not "
            + "none")
      }
    }
    guard !loss.isPiecewiseLinear || damping > 0 || regularization.l2 > 0 else {
      throw OptimizerError(
        "loss \(loss.rawValue) has no curvature, so residual partitioning has no step size; use loss squaredHinge, "
          + "or set optimizer.damping or regularization.l2 above 0")
    }
  }
}

extension OptimizerKind {
  public static let residualPartitioning = OptimizerKind(ResidualPartitioning.self)
}

/// How strongly Ẅ shortens a step.
public enum CurvaturePower: Double, Codable, CaseIterable, Sendable {
  /// m̂/v̂: the minimum of the one-dimensional quadratics (M11).
  case one = 1
  /// m̂/√v̂: Ẅ is a pessimistic bound, and more so for some weights than for others; its root is less unequal.
  case half = 0.5
}

/// The denominator of a step, from v̂ + ∇²R + δ.
protocol Denominator<Scalar> {
  associatedtype Scalar: Real
  static func of(_ curvature: Scalar) -> Scalar
}

enum PlainDenominator<Scalar: Real>: Denominator {
  @inline(__always) static func of(_ curvature: Scalar) -> Scalar { curvature }
}

enum RootDenominator<Scalar: Real>: Denominator {
  @inline(__always) static func of(_ curvature: Scalar) -> Scalar { curvature.squareRoot() }
}

/// How an optimizer uses Ẅ.
public struct CurvatureUse: Equatable, Sendable {
  /// Ẅ is computed every so many steps.
  public var every = 1
  public var bound = Bound.paper
  public var partition = LossPartition.automatic

  public init() {}
}

/// How long a block's step is: as long as its formula says, or a given length.
public enum LayerScale: String, Codable, CaseIterable, Sendable {
  /// The step as it is.
  case none
  /// (M16) Every weight matrix and bias vector moves by λ in root mean square: Δw ← λ Δw/(rms(Δw) + 1e-12).
  case unit
  /// Every weight matrix and bias vector moves by about λ: Δw ← λ Δw/√n̂ where n averages, with decay 0.999 and corrected
  /// for its start, the mean square of what the step would be of the present gradient alone, without smoothing. Steps
  /// that agree with each other come out longer than steps that do not.
  case adaptive

  /// The decay of n.
  static var decay: Double { 0.999 }

  /// What the formula's step is multiplied by.
  ///
  /// - Parameters:
  ///   - meanSquare: that of the block in the ``OptimizerState``, with the present step.
  ///   - updates: the number of steps that n has taken up.
  func factor(rate: Double, meanSquare: Double, updates: Int) -> Double {
    switch self {
    case .none: return 1
    case .unit: return rate / (meanSquare.squareRoot() + 1e-12)
    case .adaptive:
      let corrected = meanSquare / (1 - pow(Self.decay, Double(updates)))
      return corrected > 0 ? rate / corrected.squareRoot() : 0
    }
  }
}
