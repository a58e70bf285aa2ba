/// The processor time that a control group gives all processes in it together.
public struct CoreQuota: Codable, Equatable, Sendable {
  /// In cores.
  public var cores: Double
  /// The same for all processes in the group.
  public var place: String

  public init(cores: Double, place: String) { (self.cores, self.place) = (cores, place) }

  /// Those of this process.
  package static func own(machine: String) -> [CoreQuota] {
    ControlGroups().coreQuotas.map { limit in
      CoreQuota(cores: limit.value, place: "\(machine) \(limit.group.identity ?? limit.group.name)")
    }
  }
}
