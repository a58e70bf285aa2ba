private import Glibc
public import Kernels
public import Networks

/// The step of Deep Residual Partitioning (M11): every weight moves to the minimum of its own one-dimensional
/// quadratic. Optionally the step is smoothed over steps (M14), scaled for each block (M16), and its length is found
/// (``DistanceEstimate``). With ``CurvatureUse/partition`` `unit`, all parameters of a unit move together (M31).
///
/// m ← β₁ m + (1 − β₁)(Ẇ + ∇R), v ← β₂ v + (1 − β₂) Ẅ, each with a bias correction by its own number of updates; Δw =
/// −λ m̂/(v̂ + λ ∇²R + δ), and 0 where the denominator is 0. With β₁ = β₂ = 0 this is (M11).
///
/// With the curvature power ½, an adaptive scale or measured lengths, λ is a step length and does not multiply ∇²R: Δw = −λ m̂/(v̂
/// + ∇²R + δ)ᵖ, scaled.
public struct ResidualPartitioning: Optimizer {
  /// β₁ of (M14).
  public var momentum: Double
  /// β₂ of (M14).
  public var curvatureDecay: Double
  /// δ ≥ 0, added to every denominator.
  public var damping: Double
  public var curvaturePower: CurvaturePower
  public var layerScale: LayerScale
  public var partition = PartitionRule.weight
  /// How lengths are found without a learning rate.
  public var lengths = LengthRule.auto
  /// Whether the rate is a factor of the lengths that a ``DistanceEstimate`` finds, or of ``MeasuredLengths``. These
  /// are no settings: they follow from the learning rate, see ``moving(at:)``.
  public var findsLength: Bool
  public var measuresLength = false
  /// Curvature is computed once in this number of steps.
  public var curvatureEvery = 1
  public var bound = Bound.paper
  public var lossPartition = LossPartition.automatic
  /// (M15); nil if λ follows the schedule alone.
  public var trustRatio: TrustRatioSettings?

  public init(
    momentum: Double = 0, curvatureDecay: Double = 0, damping: Double = 0, curvaturePower: CurvaturePower = .one,
    layerScale: LayerScale = .none, findsLength: Bool = false
  ) {
    (self.momentum, self.curvatureDecay, self.damping) = (momentum, curvatureDecay, damping)
    (self.curvaturePower, self.layerScale, self.findsLength) = (curvaturePower, layerScale, findsLength)
  }

  public var curvatureUse: CurvatureUse? {
    CurvatureUse(
      partition: isByUnit ? .unit : .weight, every: curvatureEvery, bound: bound, lossPartition: lossPartition)
  }

  private var isByUnit: Bool { partition == .unit || (partition == .auto && (findsLength || measuresLength)) }

  public var hasFirstAverage: Bool { momentum != 0 }

  public var hasSecondAverage: Bool { curvatureDecay != 0 }

  public var isWeightStep: Bool {
    !hasFirstAverage && !hasSecondAverage && !findsLength && !measuresLength && layerScale == .none
      && curvaturePower == .one && !isByUnit
  }

  public func weightStepBase<Scalar: Real>(rate: Double, l2: Scalar) -> Scalar { base(rate: rate, l2: l2) }
}

extension ResidualPartitioning {
  public static let name = "residualPartitioning"
  public static let formulas = ["M11", "M14", "M15", "M16", "M31", "M34"]
  public static let settings: [OptimizerSetting<ResidualPartitioning>] = [
    .name(
      "partition", \.partition,
      "What gets one share of the residual: every weight (Ẅ), or all parameters of a unit (g and A); with auto, units "
        + "where lengths of steps are found.",
      formulas: ["M9", "M28"], decidesStandards: true),
    .number("momentum", \.momentum, .fraction, "The decay of the average of gradients.", formulas: ["M14"]),
    .number(
      "curvatureDecay", \.curvatureDecay, .fraction, "The decay of the average of curvature.", formulas: ["M14", "M30"]),
    .number(
      oneOf: "curvaturePower", \.curvaturePower, "The power of the curvature that a step is divided by.",
      formulas: ["M11", "M31"]),
    .wholeNumber(
      "curvatureEvery", \.curvatureEvery,
      SettingRange("1 to 1000000000", "must be at least 1 step") { (1...1_000_000_000).contains($0) },
      "The curvature is computed every so many steps.", formulas: ["M30"]),
    .name(
      "layerScale", \.layerScale, "How the step of each weight matrix and bias vector is scaled.", formulas: ["M16"]),
    .name(
      "lengths", \.lengths,
      "How lengths are found where there is no learning rate: from the gradients on the way, or by what steps do to the "
        + "loss of their own minibatch; with auto, found by weight and measured by unit.", formulas: ["M33", "M34"],
      decidesStandards: true),
    .section(
      "trustRatio", \.trustRatio, on: TrustRatioSettings(), TrustRatioSettings.settings,
      "Whether the learning rate follows how far the loss goes down.", formulas: ["M15"], decidesStandards: true),
    .number(
      "damping", \.damping, .nonNegative,
      "Is added to the curvature that a step is divided by; by unit, for parameters of layers without units alone.",
      formulas: ["M11"]),
    .name(
      "bound", \.bound, "What is bounded: the paper's model of the loss, or all of its second order.",
      formulas: ["M12", "M13"]),
    .name(
      "lossPartition", \.lossPartition,
      "How curvature starts at the loss: by (M6) where it can, or always by (M7).", formulas: ["M6", "M7"]),
  ]

  /// The settings without a learning rate: by unit, with lengths that are measured.
  public static let standard: ResidualPartitioning = {
    var rule = ResidualPartitioning()
    rule.partition = .auto
    return rule.standards(beside: nil)
  }()

  /// With a trust ratio λ starts at 1, by unit at a length of 0.001; without one the step lengths are found.
  public var standardLearningRate: Double? { trustRatio == nil ? nil : partition == .unit ? 0.001 : 1 }

  /// With a learning rate λ, the paper's plain step (M11); with a trust ratio, that step smoothed (M14). By unit, a step
  /// of length λ (M31), with a trust ratio too: g and A are some refreshes old, and a step to the minimum of their bound
  /// can be far too long when the loss has fallen.
  public func standards(beside learningRate: Double?) -> ResidualPartitioning {
    var standard = ResidualPartitioning(
      momentum: 0.9, curvatureDecay: 0.99, curvaturePower: .half, layerScale: .adaptive)
    (standard.trustRatio, standard.partition, standard.lengths) = (trustRatio, partition, lengths)
    let moving = moving(at: learningRate)
    if moving.measuresLength { standard.layerScale = .unit }
    if moving.isByUnit {
      (standard.curvatureDecay, standard.curvatureEvery, standard.layerScale) = (0.95, 10, .unit)
      return standard
    }
    guard learningRate != nil else { return standard }
    (standard.curvaturePower, standard.layerScale) = (.one, .none)
    if trustRatio == nil { (standard.momentum, standard.curvatureDecay) = (0, 0) }
    return standard
  }

  public func moving(at learningRate: Double?) -> ResidualPartitioning {
    var moving = self
    let measures = lengths == .measured || (lengths == .auto && partition != .weight)
    (moving.findsLength, moving.measuresLength) = (learningRate == nil && !measures, learningRate == nil && measures)
    return moving
  }

  public func check(learningRate: Double?, loss: Loss, regularization: Regularization) throws(OptimizerError) {
    let moving = moving(at: learningRate)
    let (isByUnit, isMeasured) = (moving.isByUnit, moving.measuresLength)
    if lengths == .measured {
      guard trustRatio == nil else {
        throw OptimizerError(
          "optimizer.trustRatio changes a learning rate, but with optimizer.lengths measured there is none; leave one of them "
            + "out")
      }
      guard learningRate == nil else {
        throw OptimizerError(
          "optimizer.lengths measured needs no learning rate, but there is one; leave it out, or set optimizer.lengths to "
            + "found")
      }
    }
    guard learningRate != nil || trustRatio == nil else {
      throw OptimizerError(
        "optimizer.trustRatio changes a learning rate, but optimizer.learningRate is auto; leave one of them out")
    }
    guard !isByUnit || layerScale != .adaptive else {
      throw OptimizerError(
        "optimizer.partition unit\(partition == .auto ? ", which is the standard here," : "") scales each step by itself, so "
          + "optimizer.layerScale must be unit\(learningRate == nil ? "" : " or none"), not adaptive; optimizer.partition weight "
          + "allows it")
    }
    guard !isMeasured || layerScale == .unit else {
      throw OptimizerError(
        "optimizer.lengths measured\(lengths == .auto ? ", which is the standard here," : "") scales each step by itself, so "
          + "optimizer.layerScale must be unit, not \(layerScale.rawValue)")
    }
    guard learningRate != nil || layerScale != .none else {
      throw OptimizerError(
        "optimizer.learningRate auto finds lengths of steps, so optimizer.layerScale must be \(isByUnit ? "" : "adaptive or ")"
          + "unit, not none")
    }
    // By unit, a layer without curvature moves along its gradient.
    guard isByUnit || !loss.isPiecewiseLinear || damping > 0 || regularization.l2 > 0 else {
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
  /// m̂/√v̂: Ẅ is a pessimistic bound, for some weights more than for others; the root makes it less unequal.
  case half = 0.5

  /// (M32) The exponent of the power of a number with an even exponent.
  func exponent(_ exponent: Int) -> Int { self == .half ? exponent / 2 : exponent }

  /// x^-p.
  func root<Scalar: Real>(_ x: Scalar) -> Scalar { 1 / (self == .half ? x.squareRoot() : x) }
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

/// What gets one share of the residual.
public enum PartitionRule: String, Codable, CaseIterable, Sendable {
  /// Units where the lengths of steps are found; weights beside a learning rate, which is then λ of (M11).
  case auto
  case weight
  case unit
}

/// How an optimizer uses curvature.
public struct CurvatureUse: Equatable, Sendable {
  public var partition: Partition
  /// Ẅ, or g and A, are computed once in this number of steps.
  public var every: Int
  public var bound: Bound
  public var lossPartition: LossPartition

  public init(
    partition: Partition = .weight, every: Int = 1, bound: Bound = .paper, lossPartition: LossPartition = .automatic
  ) {
    (self.partition, self.every, self.bound, self.lossPartition) = (partition, every, bound, lossPartition)
  }

  /// (M30) By unit, each of so many first steps computes them.
  private static var first: Int { 10 }

  /// Whether a step, counted from 0, computes them.
  public func isDue(step: Int) -> Bool { (partition == .unit && step < Self.first) || step % every == 0 }

  /// The number of steps after which the work repeats: by unit, a refresh with roots follows one without.
  public var cycle: Int { partition == .unit ? 2 * every : every }

  /// By unit, the place in a cycle of the refresh with roots: they are computed at every second refresh, of which those of
  /// the first steps are an even number.
  public var rootPhase: Int { (Self.first + every - 1) / every * every % cycle }
}

/// How long the step of a block is: as long as its formula says, or scaled to a given length.
public enum LayerScale: String, Codable, CaseIterable, Sendable {
  /// The step of the formula, without scaling.
  case none
  /// (M16) Every weight matrix and bias vector moves by λ in root mean square: Δw ← λ Δw/(rms(Δw) + 1e-12).
  case unit
  /// Every weight matrix and bias vector moves by about λ: Δw ← λ Δw/√n̂. n is an average with decay 0.999 and bias
  /// correction. It averages the mean square of the step that the present gradient alone would make, without smoothing.
  /// Steps that agree in direction with each other are therefore longer than steps that do not.
  case adaptive

  /// The decay of n.
  static var decay: Double { 0.999 }

  /// The factor by which the formula's step is multiplied.
  ///
  /// - Parameters:
  ///   - meanSquare: the mean square of the block in the ``OptimizerState``, including the present step.
  ///   - updates: the number of steps in n.
  ///   - exponent: (M32) that of the curvature's power: the steps in n are 2^exponent times those of (M14). Where curvature is
  ///     large, 10⁻¹² counts beside these steps, so that there still is one.
  func factor(rate: Double, meanSquare: Double, updates: Int, exponent: Int) -> Double {
    switch self {
    case .none: return 1
    case .unit: return rate / (meanSquare.squareRoot() + 1e-12 * .power(ofTwo: min(0, exponent)))
    case .adaptive:
      let corrected = meanSquare / (1 - pow(Self.decay, Double(updates)))
      return corrected > 0 ? rate / corrected.squareRoot() : 0
    }
  }
}
