/// `training.stopEarly`: training ends when the validation loss has not fallen for `patience` epochs, with the
/// parameters of its least value.
public struct EarlyStoppingConfiguration: Codable, Equatable, Sendable {
  public var patience: Int

  enum CodingKeys: String, StrictKey { case patience }

  public init(patience: Int) { self.patience = patience }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    patience = try values.value(.patience, or: 5)
  }
}
