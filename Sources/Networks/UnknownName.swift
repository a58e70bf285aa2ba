/// A coding key with any name, used to find unknown keys.
public struct AnyKey: CodingKey {
  public let stringValue: String
  public var intValue: Int? { nil }

  public init(_ name: String) { stringValue = name }
  public init?(stringValue: String) { self.stringValue = stringValue }
  public init?(intValue: Int) { nil }
}

/// An unknown name. The message also suggests the nearest known name.
public struct UnknownName: Error, CustomStringConvertible, Equatable {
  public let name: String
  public let known: [String]
  public let kind: String

  public init(_ name: String, among known: [String], kind: String) {
    (self.name, self.known, self.kind) = (name, known, kind)
  }

  /// The known name with the fewest edits from this one.
  public var nearest: String? { known.min { Self.distance(name, $0) < Self.distance(name, $1) } }

  public var description: String {
    let list = known.joined(separator: ", ")
    guard let nearest, Self.distance(name, nearest) <= max(2, name.count / 2) else {
      return "unknown \(kind) '\(name)'; known are: \(list)"
    }
    return "unknown \(kind) '\(name)'; did you mean '\(nearest)'? Known are: \(list)"
  }

  /// The number of insertions, deletions, substitutions and swaps of neighbours between two names, ignoring case.
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.lowercased()), Array(b.lowercased()))
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
