internal import Yams

/// `run`: the folder of the results, the interval of checkpoints, and the time after which a stalled run ends.
public struct RunConfiguration: Codable, Equatable, Sendable {
  /// The folder that holds the run folders.
  public var folder = "runs"
  /// The name of the run's own folder; if left out, preset and start time.
  public var name: String?
  /// The interval between checkpoints; one is always written at the end and after a signal.
  public var checkpointEvery = CheckpointInterval.seconds(300)
  /// The number of newest checkpoints that are kept.
  public var keep = 3
  /// The seconds after which a rank that still waits for another one ends the job; 0 for never.
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

/// `run.checkpointEvery`: the interval between checkpoints; `off`, or a section with one key.
public enum CheckpointInterval: Codable, Equatable, Sendable {
  /// Only at the end and after a signal.
  case off
  /// By the clock of rank 0.
  case seconds(Double)
  case steps(Int)
  case epochs(Int)

  enum CodingKeys: String, StrictKey { case seconds, steps, epochs }

  public init(from decoder: any Decoder) throws {
    if let switched = try? decoder.singleValueContainer().decode(Bool.self) {
      self = switched ? RunConfiguration().checkpointEvery : .off
      return
    }
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    guard let key = values.allKeys.first, values.allKeys.count == 1 else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "write off or one of {seconds: 300}, {steps: 1000} and {epochs: 1}"))
    }
    self =
      switch key {
      case .seconds: .seconds(try values.decode(Double.self, forKey: key))
      case .steps: .steps(try values.decode(Int.self, forKey: key))
      case .epochs: .epochs(try values.decode(Int.self, forKey: key))
      }
  }

  public func encode(to encoder: any Encoder) throws {
    if self == .off {
      var value = encoder.singleValueContainer()
      return try value.encode(false)
    }
    var values = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .off: break
    case .seconds(let seconds): try values.encode(seconds, forKey: .seconds)
    case .steps(let steps): try values.encode(steps, forKey: .steps)
    case .epochs(let epochs): try values.encode(epochs, forKey: .epochs)
    }
  }

  func check() throws(ConfigurationError) {
    switch self {
    case .off: break
    case .seconds(let seconds):
      try require(
        seconds > 0 && seconds.isFinite, "run.checkpointEvery.seconds is \(seconds); it must be above 0, or off")
    case .steps(let count), .epochs(let count):
      try require(count >= 1, "run.checkpointEvery is \(count); it must be at least 1, or off")
    }
  }
}

extension CheckpointInterval {
  /// A tree without the interval if the changes, which will be merged over it, have another: the one key must not
  /// become two.
  static func replaced(in tree: Node, by changes: Node) -> Node {
    let key = RunConfiguration.CodingKeys.checkpointEvery.rawValue
    guard case .mapping? = changes["run"]?[key], case .mapping(var run)? = tree["run"] else { return tree }
    run[Node(key)] = nil
    var tree = tree
    tree["run"] = .mapping(run)
    return tree
  }
}
