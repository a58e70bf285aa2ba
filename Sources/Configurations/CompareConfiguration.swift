public import Optimizers

/// `compare`: the settings that `rp-dist compare` tries for each optimizer.
public struct CompareConfiguration: Codable, Equatable, Sendable {
  /// The learning rates that are tried, for each optimizer; an optimizer that is not named has its standard rates.
  public var learningRates: [OptimizerConfiguration.Name: [Double]] = [:]
  /// The schedules with which each learning rate is tried.
  public var schedules: [Schedule.Name] = [.constant, .linear]

  enum CodingKeys: String, StrictKey { case learningRates, schedules }

  /// The optimizers' names as keys of `learningRates`.
  private struct Rates: Codable {
    var rates: [OptimizerConfiguration.Name: [Double]]

    init(_ rates: [OptimizerConfiguration.Name: [Double]]) { self.rates = rates }

    init(from decoder: any Decoder) throws {
      let values = try decoder.strictContainer(keyedBy: OptimizerConfiguration.Name.self)
      rates = [:]
      for name in values.allKeys { rates[name] = try values.decodeIfPresent([Double].self, forKey: name) }
    }

    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: OptimizerConfiguration.Name.self)
      // The order is fixed, because ranks compare their settings as text.
      for name in OptimizerConfiguration.Name.allCases { try values.encodeIfPresent(rates[name], forKey: name) }
    }
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    learningRates = try values.value(.learningRates, or: Rates([:])).rates
    if let names = try values.decodeIfPresent([String].self, forKey: .schedules) {
      schedules = try names.map { try decoder.name($0, at: CodingKeys.schedules) }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(Rates(learningRates), forKey: .learningRates)
    try values.encode(schedules, forKey: .schedules)
  }
}

/// The optimizers' names are the keys of `learningRates`.
extension OptimizerKind: StrictKey {}
