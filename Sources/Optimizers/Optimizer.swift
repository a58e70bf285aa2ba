public import Kernels
public import Networks

/// An optimizer with its settings: what a configuration says of it, and how statistics become a step.
///
/// An optimizer is one file: a value with its settings as properties, what people are told of them, its loops over a block
/// of parameters; and a line in ``OptimizerKind/allCases``. ``SGD`` is the shortest one, ``Adam`` one with averages,
/// ``ResidualPartitioning`` one that uses Ẅ, and measures before it moves.
public protocol Optimizer: Equatable, Sendable {
  /// Its name in configurations.
  static var name: String { get }

  /// The labels of its formulas in docs/mathematics.md, that of its step first.
  static var formulas: [String] { get }

  /// Its settings beside the learning rate, in the order in which they are written.
  static var settings: [OptimizerSetting<Self>] { get }

  /// What a configuration means that names the optimizer alone.
  static var standard: Self { get }

  /// The learning rates that `compare` tries where a configuration names none; nil where there is none to choose.
  static var comparedRates: [Double]? { get }

  /// The learning rate of a configuration that names none; nil where the optimizer finds it.
  var standardLearningRate: Double? { get }

  /// What is standard beside a learning rate and beside the settings of this one that decide it
  /// (``SettingFacts/decidesStandards``).
  func standards(beside learningRate: Double?) -> Self

  /// The optimizer that moves parameters where a configuration has this learning rate; nil where it is to be found.
  func moving(at learningRate: Double?) -> Self

  /// Makes sure that settings go with each other and with the rest of a configuration; the ranges of the ``settings`` have
  /// been checked.
  ///
  /// - Throws: ``OptimizerError`` naming the key, the value and the remedy.
  func check(learningRate: Double?, loss: Loss, regularization: Regularization) throws(OptimizerError)

  /// (M15), nil where the rate follows the schedule alone.
  var trustRatio: TrustRatioSettings? { get }

  /// How it uses Ẅ; nil where it does not.
  var curvatureUse: CurvatureUse? { get }

  /// Whether the rate is a factor of lengths that it finds by itself, with a ``DistanceEstimate``.
  var findsLength: Bool { get }

  /// Whether it averages gradients.
  var hasFirstAverage: Bool { get }

  /// Whether it averages squared gradients or Ẅ.
  var hasSecondAverage: Bool { get }

  /// What the step depends on of all parameters, before any of them moves. Collective among the ranks that share them.
  func measure<Scalar: Real>(
    _ update: ParameterUpdate<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws

  /// w ← w + Δw for a block of parameters or a part of it; averages take up the statistics unless ``measure(_:over:)`` did.
  func move<Scalar: Real>(_ block: BlockUpdate<Scalar>)

  /// Writes P = −∂(Δw)/∂Ẇ of the last step in place of the block's w, see
  /// ``stepDerivative(into:sums:samples:state:rate:regularization:layout:)``.
  func derivative<Scalar: Real>(_ block: BlockUpdate<Scalar>)

  /// Whether the step of a weight follows from its own Ẇ and Ẅ of the present minibatch alone and is a ``WeightStep``, so
  /// that it can be taken where they are formed: plain gradient descent, and (M11) without averages, scales and lengths
  /// that are found.
  var isWeightStep: Bool { get }

  /// What is then added to Ẅ/S in the denominator, where it uses Ẅ.
  func weightStepBase<Scalar: Real>(rate: Double, l2: Scalar) -> Scalar
}

extension Optimizer {
  public static var comparedRates: [Double]? { nil }
  public func standards(beside learningRate: Double?) -> Self { Self.standard }
  public func moving(at learningRate: Double?) -> Self { self }
  public func check(learningRate: Double?, loss: Loss, regularization: Regularization) throws(OptimizerError) {}
  public var trustRatio: TrustRatioSettings? { nil }
  public var curvatureUse: CurvatureUse? { nil }
  public var findsLength: Bool { false }
  public var hasFirstAverage: Bool { false }
  public var hasSecondAverage: Bool { false }
  public func measure<Scalar: Real>(
    _ update: ParameterUpdate<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {}
  public var isWeightStep: Bool { false }
  public func weightStepBase<Scalar: Real>(rate: Double, l2: Scalar) -> Scalar { 0 }

  /// Whether it uses Ẅ.
  public var needsCurvature: Bool { curvatureUse != nil }

  public func isEqual(to other: any Optimizer) -> Bool { other as? Self == self }
}
