public import Kernels
public import Networks

/// An optimizer with its settings: how a configuration describes it, and how it turns statistics into a step.
///
/// An optimizer is one file and one line in ``OptimizerKind/allCases``. The file defines a value with its settings as
/// properties, the description of the settings for users, and the loops over a block of parameters. ``SGD`` is the
/// shortest example, ``Adam`` has averages, and ``ResidualPartitioning`` uses Ẅ and measures before it updates
/// parameters.
public protocol Optimizer: Equatable, Sendable {
  /// Its name in configurations.
  static var name: String { get }

  /// The labels of its formulas in docs/mathematics.md; the formula of the step comes first.
  static var formulas: [String] { get }

  /// Its settings besides the learning rate, in the order in which they are written.
  static var settings: [OptimizerSetting<Self>] { get }

  /// The settings of a configuration that gives only the optimizer's name.
  static var standard: Self { get }

  /// The learning rates that `compare` tries if a configuration names none; nil if the optimizer has no rate to choose.
  static var comparedRates: [Double]? { get }

  /// The learning rate of a configuration that names none; nil if the optimizer finds the rate by itself.
  var standardLearningRate: Double? { get }

  /// The standard settings for a learning rate and for those settings of this optimizer that decide others
  /// (``SettingFacts/decidesStandards``).
  func standards(beside learningRate: Double?) -> Self

  /// The optimizer that updates the parameters when a configuration has this learning rate; a nil rate is to be found.
  func moving(at learningRate: Double?) -> Self

  /// Checks that the settings fit each other and the rest of a configuration. The ranges of the ``settings`` have
  /// already been checked.
  ///
  /// - Throws: ``OptimizerError`` naming the key, the value and the remedy.
  func check(learningRate: Double?, loss: Loss, regularization: Regularization) throws(OptimizerError)

  /// (M15); nil if the rate follows the schedule alone.
  var trustRatio: TrustRatioSettings? { get }

  /// How the optimizer uses Ẅ; nil if it does not.
  var curvatureUse: CurvatureUse? { get }

  /// Whether the optimizer finds its step lengths with a ``DistanceEstimate``; the rate is then a factor of these
  /// lengths.
  var findsLength: Bool { get }

  /// Whether its step lengths are ``MeasuredLengths``; the rate is then a factor of these lengths.
  var measuresLength: Bool { get }

  /// Whether it keeps an average of gradients.
  var hasFirstAverage: Bool { get }

  /// Whether it keeps an average of squared gradients or of Ẅ.
  var hasSecondAverage: Bool { get }

  /// Computes the quantities of the step that depend on all parameters, before any parameter is updated. Collective
  /// among the ranks that share the parameters.
  func measure<Scalar: Real>(
    _ update: ParameterUpdate<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws

  /// w ← w + Δw for a block of parameters or a part of a block; updates the averages unless ``measure(_:over:)`` did.
  func move<Scalar: Real>(_ block: BlockUpdate<Scalar>)

  /// Writes P = −∂(Δw)/∂Ẇ of the last step in place of the block's w, see
  /// ``stepDerivative(into:sums:samples:state:rate:regularization:layout:)``.
  func derivative<Scalar: Real>(_ block: BlockUpdate<Scalar>)

  /// Whether the step of a weight depends only on its own Ẇ and Ẅ of the present minibatch and has the form of a
  /// ``WeightStep``. The kernel that sums Ẇ and Ẅ can then also update the weight. This holds for plain gradient
  /// descent, and for (M11) without averages, layer scales and lengths that are found.
  var isWeightStep: Bool { get }

  /// For such a step that uses Ẅ, the number that is added to Ẅ/S in the denominator.
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
  public var measuresLength: Bool { false }
  public var hasFirstAverage: Bool { false }
  public var hasSecondAverage: Bool { false }
  public func measure<Scalar: Real>(
    _ update: ParameterUpdate<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {}
  public var isWeightStep: Bool { false }
  public func weightStepBase<Scalar: Real>(rate: Double, l2: Scalar) -> Scalar { 0 }

  /// Whether the optimizer uses Ẅ.
  public var needsCurvature: Bool { curvatureUse != nil }

  public func isEqual(to other: any Optimizer) -> Bool { other as? Self == self }
}
