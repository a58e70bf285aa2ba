/// A limit with the ranks that share it.
struct SharedLimit {
  var limit: MemoryLimit
  var members: [MemoryCard]

  var needed: Int { MemoryCard.needed(limit.kind, by: members) }
  var isEnough: Bool { needed <= limit.bytes }

  /// All limits of some ranks, in their order.
  static func all(of cards: [MemoryCard]) -> [SharedLimit] {
    var found: [SharedLimit] = []
    var places: [String: Int] = [:]
    for card in cards {
      for limit in card.memory.limits {
        // One of single processes gives the same sentence for all ranks of a host that have it.
        let key = "\(limit.kind) " + (limit.place.isEmpty ? "\(limit.bytes) \(card.host)" : limit.place)
        if let place = places[key] {
          found[place].members.append(card)
        } else {
          places[key] = found.count
          found.append(SharedLimit(limit: limit, members: [card]))
        }
      }
    }
    return found
  }

  /// What is too little, in one sentence; nil where it is enough.
  var refusal: String? {
    guard !isEnough, let first = members.first else { return nil }
    let isOfProcess = limit.kind == .addressSpace || limit.kind == .data
    let who =
      members.count == 1 || isOfProcess
      ? "a rank needs \(Self.size(needed, up: true))"
      : "\(members.count) ranks together need \(Self.size(needed, up: true))"
    return
      "network: with its \(first.memory.need.parameters) weights and \(first.memory.need.samples) samples of a batch on a rank, "
      + "\(who) of memory, but \(limit.text(host: first.host)) \(Self.size(limit.bytes, up: false)); make the network or "
      + "training.batch smaller" + (members.count > 1 && !isOfProcess ? ", start fewer ranks on each host" : "")
      + limit.remedy
  }

  /// `12 GiB`, rounded so that what is too little looks too little.
  private static func size(_ bytes: Int, up: Bool) -> String {
    let (unit, name) = bytes >= 10 << 30 ? (0x1p30, "GiB") : (0x1p20, "MiB")
    return "\(Int((Double(bytes) / unit).rounded(up ? .up : .down))) \(name)"
  }
}

extension MemoryCard {
  /// What is too little for some ranks, in one sentence; nil where all have enough.
  public static func refusal(of cards: [MemoryCard]) -> String? {
    SharedLimit.all(of: cards).lazy.compactMap(\.refusal).first
  }

  /// Of the limits the one that is nearest to what is needed: how much that is, and how much there is.
  public static func tightest(of cards: [MemoryCard]) -> (needed: Int, limit: Int)? {
    func use(_ shared: SharedLimit) -> Double { Double(shared.needed) / Double(shared.limit.bytes) }
    return SharedLimit.all(of: cards).max { use($0) < use($1) }.map { ($0.needed, $0.limit.bytes) }
  }
}
