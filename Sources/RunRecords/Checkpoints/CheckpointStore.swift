private import Foundation
private import Glibc

/// The checkpoints of a run, `RUN/checkpoints/step-N`: each is either complete or absent.
///
/// A checkpoint is first written into a temporary folder, `.step-N-….tmp`, beside the other checkpoints. Each file is
/// synced to the disk; the last one is `DONE`, with the SHA-256 of the others. Then the folder is renamed in one step.
/// Older checkpoints are removed only after that. An interruption at any byte leaves the earlier checkpoints as they
/// are.
public struct CheckpointStore: Sendable {
  public let path: String

  public init(_ run: RunFolder) { path = run.checkpoints }

  /// Writes a checkpoint.
  ///
  /// - Parameter metadata: the metadata of the tensor files.
  /// - Returns: the folder of the checkpoint.
  /// - Throws: ``RunRecordError`` of kind `cannotWrite`, which names the last good checkpoint; the attempt leaves no
  ///   files.
  @discardableResult
  public func write(
    _ state: CheckpointState, _ tensors: [CollectedState.File: [SafetensorsTensor]],
    metadata: [CollectedState.File: [String: String]]
  ) throws(RunRecordError) -> String {
    let (place, temporary) = (folder(ofStep: state.step), unused(state.step))
    do {
      try makeFolder(path)
      try makeFolder(temporary)
      var sums = ""
      func write(_ name: String, _ parts: [[UInt8]]) throws(SafetensorsError) {
        let file = try DiskFile(creating: temporary + "/" + name, for: place + "/" + name)
        let hash = Fingerprint()
        for part in parts {
          hash.add(part)
          try file.write(part)
        }
        try file.finish()
        sums += "\(hash.hexadecimal)  \(name)\n"
      }
      for file in CollectedState.File.allCases {
        guard let tensors = tensors[file] else { continue }
        let content = SafetensorsFile(tensors: tensors, metadata: metadata[file] ?? [:])
        try write(file.name, content.encoded(for: place + "/" + file.name))
      }
      guard let text = try? jsonText(state, indented: true) else {
        preconditionFailure("the numbers of a checkpoint's state are finite")
      }
      try write(Checkpoint.stateName, [Array((text + "\n").utf8)])
      let done = Array(sums.utf8)
      try write(Checkpoint.doneName, [done])
      try syncFolder(temporary)
      // Only a damaged checkpoint that was skipped can already have this name.
      if exists(place) { try rename(place, to: unused(state.step)) }
      try rename(temporary, to: place)
      try syncFolder(path)
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      let (problem, remedy) = Self.facts(error)
      throw RunRecordError(
        .cannotWrite, place,
        "the checkpoint \(problem); \(remedy)" + (steps.last.map { "; that of step \($0) is as it was" } ?? ""))
    }
    return place
  }

  /// Removes old checkpoints up to a step, and unfinished files of killed runs; keeps the newest `count` of these
  /// checkpoints.
  ///
  /// Checkpoints that cannot be removed stay: they use disk space, but do not harm the run.
  public func prune(upTo step: Int, keeping count: Int) {
    for old in steps.filter({ $0 <= step }).dropLast(max(count, 1)) {
      // Renamed in one step, so that a partly removed checkpoint never looks like a damaged one.
      let doomed = unused(old)
      guard unsafe systemRename(folder(ofStep: old), doomed) == 0 else { continue }
    }
    sweep()
  }

  /// Removes the unfinished checkpoints of killed runs. No other process may be writing.
  public func sweep() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasPrefix(".step-") && name.hasSuffix(".tmp") {
      try? FileManager.default.removeItem(atPath: path + "/" + name)
    }
  }

  /// The newest complete checkpoint.
  ///
  /// - Parameter passOver: called for each newer checkpoint that is damaged.
  public func newest(passOver: (Checkpoint.Damage) -> Void) -> Checkpoint? {
    for step in steps.reversed() {
      do throws(Checkpoint.Damage) {
        return try Checkpoint(contentsOf: folder(ofStep: step), step: step)
      } catch {
        passOver(error)
      }
    }
    return nil
  }

  /// The steps that have a folder, in ascending order.
  public var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), step >= 0, name == "step-\(step)" else {
        return nil
      }
      return step
    }.sorted()
  }

  public func folder(ofStep step: Int) -> String { "\(path)/step-\(step)" }

  private func unused(_ step: Int) -> String {
    "\(path)/.step-\(step)-\(String(UInt64.random(in: .min ... .max), radix: 16)).tmp"
  }

  private func exists(_ path: String) -> Bool {
    var information = stat()
    return unsafe lstat(path, &information) == 0
  }

  private func makeFolder(_ path: String) throws(RunRecordError) {
    guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else {
      throw RunRecordError(.cannotWrite, path, "cannot be written: \(systemReason(errno))")
    }
  }

  private func rename(_ old: String, to new: String) throws(RunRecordError) {
    guard unsafe systemRename(old, new) == 0 else {
      throw RunRecordError(.cannotWrite, new, "cannot get its name: \(systemReason(errno))")
    }
  }

  /// Waits until the names in a folder are on the disk, if the file system supports it.
  private func syncFolder(_ path: String) throws(RunRecordError) {
    let handle = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard handle >= 0 else { return }
    defer { _ = close(handle) }
    guard fsync(handle) == 0 || errno == EINVAL else {
      throw RunRecordError(.cannotWrite, path, "cannot be written: \(systemReason(errno))")
    }
  }

  private static func facts(_ error: any Error) -> (problem: String, remedy: String) {
    switch error {
    case let error as SafetensorsError: (error.problem, error.remedy)
    case let error as RunRecordError: (error.problem, "check the folder and the disk")
    default: ("\(error)", "check the folder and the disk")
    }
  }
}

// The type's own method hides the system's function of the same name.
private let systemRename = unsafe rename
