/// `run`: where the results go, how often what they come from is kept, and when a run that stands still is given up.
public struct RunConfiguration: Codable, Equatable, Sendable {
  /// The folder that holds the run folders.
  public var folder = "runs"
  /// The run's own folder; preset and start time if left out.
  public var name: String?
  /// From one checkpoint to the next; one is written at the end and after a signal in any case.
  public var checkpointEvery = CheckpointInterval.seconds(300)
  /// The newest checkpoints, so many of which are kept.
  public var keep = 3
  /// Seconds after which a rank that waits in vain for another ends the job; 0 for never.
  public var stallTimeout = 300.0

  enum CodingKeys: String, StrictKey { case folder, name, checkpointEvery, keep, stallTimeout }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    folder = try values.value(.folder, or: folder)
    name = try values.decodeIfPresent(String.self, forKey: .name)
    checkpointEvery = try values.value(.checkpointEvery, or: checkpointEvery)
    keep = try values.value(.keep, or: keep)
    stallTimeout = try values.value(.stallTimeout, or: stallTimeout)
  }

  /// - Throws: ``ConfigurationError`` naming the key, the value and the remedy.
  func checkCheckpoints() throws(ConfigurationError) {
    try checkpointEvery.check()
    try require(keep >= 1, "run.keep is \(keep); it is the number of checkpoints that are kept, at least 1")
  }
}
