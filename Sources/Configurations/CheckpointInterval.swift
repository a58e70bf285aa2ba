internal import Yams

/// `run.checkpointEvery`: how much is done from one checkpoint to the next; `off`, or a section with one key.
public enum CheckpointInterval: Codable, Equatable, Sendable {
  /// At the end and after a signal alone.
  case off
  /// By the clock of the first rank.
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
  /// A tree without the interval that another one, which goes over it, names anew: its one key replaces the old one.
  static func replaced(in tree: Node, by changes: Node) -> Node {
    let key = RunConfiguration.CodingKeys.checkpointEvery.rawValue
    guard case .mapping? = changes["run"]?[key], case .mapping(var run)? = tree["run"] else { return tree }
    run[Node(key)] = nil
    var tree = tree
    tree["run"] = .mapping(run)
    return tree
  }
}
