private import Foundation

/// A complete checkpoint, read and checked.
public struct Checkpoint: Sendable {
  /// A folder that is not a complete checkpoint, with the reason.
  public struct Damage: Error, CustomStringConvertible, Equatable {
    public let path: String
    public let problem: String

    public var description: String { "\(path): \(problem)" }
  }

  static let stateName = "state.json"
  static let doneName = "DONE"
  /// Limits that these files never reach.
  private static let (longestDone, longestState) = (4096, 1 << 24)

  public let path: String
  public let state: CheckpointState
  public let tensors: [CollectedState.File: [SafetensorsTensor]]

  /// Reads a folder, and checks that every file has the hash that `DONE` gives for it.
  ///
  /// - Parameter step: the step in the folder's name.
  /// - Throws: ``Damage`` if anything is wrong.
  /// - Complexity: two passes over the files; no allocation beyond their size.
  public init(contentsOf path: String, step: Int) throws(Damage) {
    self.path = path
    func damage(_ problem: String) -> Damage { Damage(path: path, problem: problem) }
    let sums = try Self.sums(path)
    for (name, sum) in sums.sorted(by: { $0.key < $1.key }) {
      guard try Self.reading({ () throws(SafetensorsError) in try sha256(ofFile: path + "/" + name) }, path) == sum
      else {
        throw damage("\(name) has not the bytes that \(Self.doneName) promises")
      }
    }
    let text = try Self.bytes(path, Self.stateName, atMost: Self.longestState)
    do {
      state = try JSONDecoder().decode(CheckpointState.self, from: Data(text))
    } catch {
      throw damage("\(Self.stateName) is not that of a checkpoint of this version")
    }
    let known = 1...CheckpointState.presentFormat
    guard known.contains(state.format) else {
      throw damage("\(Self.stateName) has format \(state.format); this rp-dist knows those up to \(known.upperBound)")
    }
    guard state.step == step, state.metricsBytes >= 0, state.seconds.isFinite, state.seconds >= 0 else {
      throw damage("\(Self.stateName) is not that of step \(step)")
    }
    var tensors: [CollectedState.File: [SafetensorsTensor]] = [:]
    for file in CollectedState.File.allCases where sums[file.name] != nil {
      tensors[file] = try Self.reading(
        { () throws(SafetensorsError) in try SafetensorsFile(contentsOf: path + "/" + file.name).tensors }, path)
    }
    self.tensors = tensors
  }

  /// The hashes in `DONE` by file name; its lines are those of `sha256sum`, and only files of a checkpoint are allowed.
  private static func sums(_ path: String) throws(Damage) -> [String: String] {
    let required = [CollectedState.File.model.name, CollectedState.File.optimizer.name, stateName]
    let known = CollectedState.File.allCases.map(\.name) + [stateName]
    let text = String(decoding: try bytes(path, doneName, atMost: longestDone), as: UTF8.self)
    var sums: [String: String] = [:]
    for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
      let (sum, name) = (String(line.prefix(64)), String(line.dropFirst(66)))
      guard known.contains(name), sums.updateValue(sum, forKey: name) == nil else {
        throw Damage(path: path, problem: "\(doneName) names other files than those of a checkpoint")
      }
    }
    guard text.hasSuffix("\n"), required.allSatisfy({ sums[$0] != nil }) else {
      throw Damage(path: path, problem: "\(doneName) is not whole")
    }
    return sums
  }

  private static func bytes(_ path: String, _ name: String, atMost limit: Int) throws(Damage) -> [UInt8] {
    try reading(
      { () throws(SafetensorsError) in
        let file = try DiskFile(reading: path + "/" + name)
        guard case .bytes(let count) = try file.content(), count <= limit else {
          throw SafetensorsError(
            path: path, kind: .content, problem: "\(name) is not a file of a checkpoint", remedy: "copy it again")
        }
        return try file.read(count: count)
      }, path)
  }

  private static func reading<Result>(
    _ body: () throws(SafetensorsError) -> Result, _ path: String
  ) throws(Damage) -> Result {
    do {
      return try body()
    } catch {
      let place = error.path == path ? "" : (error.path.split(separator: "/").last.map { "\($0) " } ?? "")
      throw Damage(path: path, problem: place + error.problem)
    }
  }
}

/// The SHA-256 of a regular file.
public func sha256(ofFile path: String) throws(SafetensorsError) -> String {
  let file = try DiskFile(reading: path)
  guard case .bytes(var left) = try file.content() else {
    throw SafetensorsError(path: path, kind: .unreadable, problem: "is not a file", remedy: "check the path")
  }
  let hash = Fingerprint()
  while left > 0 {
    let part = try file.read(count: min(left, 1 << 20))
    guard !part.isEmpty else { break }
    hash.add(part)
    left -= part.count
  }
  return hash.hexadecimal
}

extension Fingerprint {
  func add(_ bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe add($0) } }
}

extension Checkpoint {
  /// The SHA-256 of the bytes of all tensors.
  public var tensorsSHA256: String {
    let hash = Fingerprint()
    for file in CollectedState.File.allCases {
      for tensor in tensors[file] ?? [] { hash.add(tensor.bytes) }
    }
    return hash.hexadecimal
  }

  /// The first tensor in which two checkpoints differ by a bit, in a few words; nil if all tensors are the same.
  public func firstDifference(from other: Checkpoint) -> String? {
    for file in CollectedState.File.allCases {
      let (own, others) = (tensors[file] ?? [], other.tensors[file] ?? [])
      guard own.map(\.name) == others.map(\.name) else { return "\(file.name) has other tensors" }
      for (a, b) in zip(own, others) where a != b {
        guard a.shape == b.shape, a.dtype == b.dtype else { return "\(a.name) in \(file.name) has another shape" }
        let byte = zip(a.bytes, b.bytes).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
        return "\(a.name) in \(file.name), element \(byte / a.dtype.byteCount)"
      }
    }
    return nil
  }
}

extension SafetensorsTensor {
  public var byteCount: Int { bytes.count }
}
