import TestSupport

/// Makes wrong files of right ones, the same ones for the same seed.
struct Mutator {
  private var random: SmallRandom
  /// Words that mean something to the reader, put in here and there.
  let words: [[UInt8]]

  init(seed: UInt64, words: [String]) {
    random = SmallRandom(seed: seed)
    self.words = words.map { Array($0.utf8) }
  }

  private mutating func next() -> UInt64 { random.next() }

  /// Less than `limit`; 0 where that is 0.
  mutating func below(_ limit: Int) -> Int { limit > 0 ? Int(next() % UInt64(limit)) : 0 }

  mutating func chance(_ one: Int) -> Bool { below(one) == 0 }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  /// One to a few dozen changes, mostly few.
  mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var changed = bytes
    var changes = 1
    while changes < 32, chance(2) { changes += 1 }
    for _ in 0..<changes { change(&changed) }
    return changed
  }

  private mutating func range(in bytes: [UInt8], atMost limit: Int) -> Range<Int> {
    let start = below(bytes.count + 1)
    return start..<start + below(min(limit, bytes.count - start) + 1)
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let place = below(bytes.count)
    switch below(11) {
    case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8(below(8))
    case 1 where !bytes.isEmpty:
      bytes[place] = pick([0, 1, 0x0a, 0x20, 0x22, 0x2d, 0x39, 0x5b, 0x7b, 0x7f, 0x80, 0xff])
    case 2 where !bytes.isEmpty: bytes[place] = UInt8(truncatingIfNeeded: next())
    case 3: writeInteger(to: &bytes, at: place)
    case 4: bytes.removeSubrange(range(in: bytes, atMost: 16))
    case 5: bytes.insert(contentsOf: (0...below(8)).map { _ in UInt8(truncatingIfNeeded: next()) }, at: place)
    case 6: bytes.insert(contentsOf: bytes[range(in: bytes, atMost: 64)], at: place)
    case 7: bytes.removeLast(bytes.count - below(bytes.count + 1))
    case 8 where !words.isEmpty: bytes.insert(contentsOf: pick(words), at: place)
    case 9: replaceNumber(in: &bytes, from: place)
    default:
      // A part over another.
      let (source, target) = (range(in: bytes, atMost: 32), below(bytes.count))
      for (offset, byte) in bytes[source].enumerated() where target + offset < bytes.count {
        bytes[target + offset] = byte
      }
    }
  }

  /// Sizes and counts that tempt a reader, in either order of bytes.
  private mutating func writeInteger(to bytes: inout [UInt8], at place: Int) {
    let width = pick([1, 2, 4, 8])
    let value = pick([
      0, 1, 2, 7, 8, bytes.count, bytes.count - 1, bytes.count + 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000,
      0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, Int.max, Int.max - 7, -1, Int.min,
    ])
    let isBigEndian = chance(2)
    for byte in 0..<width where place + byte < bytes.count {
      let shift = 8 * (isBigEndian ? width - 1 - byte : byte)
      bytes[place + byte] = UInt8(truncatingIfNeeded: value >> shift)
    }
  }

  /// Another number in place of the next one that is written in digits.
  private mutating func replaceNumber(in bytes: inout [UInt8], from place: Int) {
    let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
    guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
    let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
    let text = pick([
      "0", "1", "-1", "2", "9", "10", "1000000000", "2147483648", "4294967296", "9223372036854775807",
      "9223372036854775808", "1e9", "1e400", "-0", "0.5", "nan", "inf", "1e-400", "00", "",
    ])
    bytes.replaceSubrange(start..<end, with: text.utf8)
  }
}
