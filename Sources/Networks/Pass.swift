/// What gets one share of the residual (Jensen's inequality): every single weight, or all parameters of an output unit.
///
/// It decides what a layer's parameters add to the total gradient u, and the form of the bound.
public enum Partition: String, Codable, CaseIterable, Sendable {
  /// (M4, M9) Ẅ, a number for each parameter.
  case weight
  /// (M27, M28) H_i, a block for each output unit of a layer with affine statistics; Ẅ for the parameters of other layers.
  case unit
}

/// How a pass treats the layers that work differently in training and in use (batch normalisation and dropout), and
/// what it prepares.
public struct Pass: Equatable, Sendable {
  /// Which mean and variance batch normalisation uses.
  public enum Normalization: Sendable {
    /// The running averages: evaluation.
    case running
    /// The mean and variance of the global minibatch. Ẏ is exact: it includes the derivatives of mean and variance.
    case minibatch
    /// The mean and variance of the global minibatch, as constants in Ẏ: the bounds (M12) and (M13) hold for these
    /// frozen statistics.
    case frozenMinibatch
  }

  /// The address of the dropout masks of an epoch, besides sample, layer and unit.
  public struct DropoutMasks: Equatable, Sendable {
    public var seed: UInt64
    public var epoch: Int

    public init(seed: UInt64, epoch: Int) { (self.seed, self.epoch) = (seed, epoch) }
  }

  /// What is requested after a pass, so that the pass computes and keeps only that.
  public enum Preparation: Sendable {
    /// Anything, in any order; the total gradient is computed when it is needed.
    case everything
    /// Ẇ alone.
    case gradient
    /// Ẇ and Ẅ: the total gradient is computed along with the values.
    case statistics
  }

  public var normalization: Normalization
  /// Whether the pass updates the running averages with the minibatch's mean and variance; ignored with `.running`.
  public var updatesRunningAverages: Bool
  /// nil where dropout is off.
  public var dropout: DropoutMasks?
  public var preparation = Preparation.everything
  /// How the total gradient shares the residual out.
  public var partition = Partition.weight

  public init(normalization: Normalization, updatesRunningAverages: Bool, dropout: DropoutMasks?) {
    (self.normalization, self.updatesRunningAverages) = (normalization, updatesRunningAverages)
    self.dropout = dropout
  }

  /// The network as it is used: running averages, no dropout.
  public static var evaluation: Pass { Pass(normalization: .running, updatesRunningAverages: false, dropout: nil) }

  /// The same pass with another ``partition``.
  public func sharing(_ partition: Partition) -> Pass {
    var pass = self
    pass.partition = partition
    return pass
  }

  /// A training step: uses the mean and variance of the minibatch, updates the running averages with them, and applies
  /// the dropout masks of an epoch.
  public static func training(seed: UInt64, epoch: Int) -> Pass {
    Pass(
      normalization: .minibatch, updatesRunningAverages: true, dropout: DropoutMasks(seed: seed, epoch: epoch))
  }
}
