/// `run`: where the results go.
public struct RunConfiguration: Codable, Equatable, Sendable {
  /// The folder that holds the run folders.
  public var folder = "runs"
  /// The run's own folder; preset and start time if left out.
  public var name: String?

  enum CodingKeys: String, StrictKey { case folder, name }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    folder = try values.value(.folder, or: folder)
    name = try values.decodeIfPresent(String.self, forKey: .name)
  }
}
