public import Optimizers

/// `schedule`: how the learning rate changes during a run (M18).
public struct ScheduleConfiguration: Encodable, Equatable, Sendable {
  public var name: Schedule.Name
  /// d of `inverse`.
  public var decay = 1.0
  /// The factor of `exponential` for each epoch.
  public var factor = 0.95
  /// k of `inverseRoot`.
  public var scale = 1.0
  /// The number of steps in which the rate grows from 0 to that of the schedule.
  public var warmup = 0

  enum CodingKeys: String, StrictKey { case name, decay, factor, scale, warmup }

  /// The schedule of a configuration that names none: linear where the optimizer finds its learning rate.
  public init(standardFor optimizer: OptimizerConfiguration) {
    name = optimizer.learningRate == nil ? .linear : .constant
  }

  /// The section as it is written, with the optimizer's standard for keys that are left out.
  init(from decoder: any Decoder, optimizer: OptimizerConfiguration) throws {
    self.init(standardFor: optimizer)
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    name = try values.name(.name, or: name)
    decay = try values.value(.decay, or: decay)
    factor = try values.value(.factor, or: factor)
    scale = try values.value(.scale, or: scale)
    warmup = try values.value(.warmup, or: warmup)
  }
}
