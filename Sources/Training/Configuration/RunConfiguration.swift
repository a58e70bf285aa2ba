/// `run`: where the results go, and when a run that stands still is given up.
public struct RunConfiguration: Codable, Equatable, Sendable {
  /// The folder that holds the run folders.
  public var folder = "runs"
  /// The run's own folder; preset and start time if left out.
  public var name: String?
  /// Seconds after which a rank that waits in vain for another ends the job; 0 for never.
  public var stallTimeout = 300.0

  enum CodingKeys: String, StrictKey { case folder, name, stallTimeout }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    folder = try values.value(.folder, or: folder)
    name = try values.decodeIfPresent(String.self, forKey: .name)
    stallTimeout = try values.value(.stallTimeout, or: stallTimeout)
  }
}
