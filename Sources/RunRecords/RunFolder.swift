public import Foundation
private import Glibc

/// The folder of one run, with its files.
public struct RunFolder: Sendable {
  public let path: String

  /// An existing run folder, or one to be made.
  public init(path: String) { self.path = path }

  public var configuration: String { path + "/config.yml" }
  /// ``configuration``; of a checkpoint, which is a folder with a model too, that of its run.
  public var settings: String {
    let parts = URL(fileURLWithPath: path).standardizedFileURL
    let run = parts.deletingLastPathComponent()
    guard run.lastPathComponent == "checkpoints", !FileManager.default.fileExists(atPath: configuration) else {
      return configuration
    }
    return run.deletingLastPathComponent().appendingPathComponent("config.yml").path
  }
  public var manifest: String { path + "/manifest.json" }
  public var metrics: String { path + "/metrics.jsonl" }
  public var model: String { path + "/model.safetensors" }
  /// The student of three levels, where there is one; its teacher is in ``model``.
  public var student: String { path + "/student.safetensors" }
  /// The training samples whose labels were made wrong, where there are such.
  public var labelNoise: String { path + "/label-noise.csv" }
  /// The learned weights of the training examples, for people and for programs.
  public var weightTable: String { path + "/weights.csv" }
  public var weights: String { path + "/weights.safetensors" }

  /// What a run that was cut off goes on from.
  public var checkpoints: String { path + "/checkpoints" }

  /// Makes the folder `name` in `parent`, which must not exist yet.
  ///
  /// - Throws: ``RunRecordError`` when it exists or cannot be made.
  public static func create(_ name: String, in parent: String) throws(RunRecordError) -> RunFolder {
    let folder = RunFolder(path: parent + "/" + name)
    try makeDirectories(parent)
    guard unsafe mkdir(folder.path, 0o777) == 0 else { throw folder.cannotMake(errno) }
    return folder
  }

  /// The folder that ``create(_:in:)`` would make.
  ///
  /// - Throws: ``RunRecordError`` when there is something of its name.
  public static func checkUnused(_ name: String, in parent: String) throws(RunRecordError) -> RunFolder {
    let folder = RunFolder(path: parent + "/" + name)
    var information = stat()
    guard unsafe lstat(folder.path, &information) != 0 else { throw folder.cannotMake(EEXIST) }
    return folder
  }

  private func cannotMake(_ code: Int32) -> RunRecordError {
    RunRecordError(
      .cannotCreate, path,
      code == EEXIST
        ? "this run folder exists already; choose another --name, or move it away"
        : "cannot make the run folder: \(systemReason(code)); choose another run.folder")
  }

  /// The name of a run that has none: the preset and the start time, with a number where that is taken.
  public static func unusedName(preset: String, start: Date, in parent: String) -> String {
    let parts = Calendar(identifier: .gregorian).dateComponents(
      [.year, .month, .day, .hour, .minute, .second], from: start)
    let digits = [parts.month, parts.day, parts.hour, parts.minute, parts.second].map { part in
      let text = "\(part ?? 0)"
      return text.count < 2 ? "0" + text : text
    }
    let name = "\(preset)-\(parts.year ?? 0)-\(digits[0])-\(digits[1])-\(digits[2...].joined())"
    let taken = { FileManager.default.fileExists(atPath: parent + "/" + $0) }
    guard taken(name) else { return name }
    return (2...).lazy.map { "\(name)-\($0)" }.first { !taken($0) } ?? name
  }

  /// Makes a folder and those above it, where they do not exist yet.
  private static func makeDirectories(_ path: String) throws(RunRecordError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += part + "/"
      if unsafe mkdir(prefix, 0o777) != 0, errno != EEXIST {
        throw RunRecordError(
          .cannotCreate, path, "cannot make the folder: \(systemReason(errno)); choose another run.folder")
      }
    }
  }
}

/// Writes a text file under a temporary name and renames it, so that the file is whole or absent.
public func writeWhole(_ text: String, to file: String) throws(RunRecordError) {
  do throws(SafetensorsError) {
    try DiskFile.replace(file, with: [Array(text.utf8)])
  } catch {
    throw RunRecordError(.cannotWrite, file, "\(error.problem); \(error.remedy)")
  }
}

/// Makes sure that ``writeWhole(_:to:)`` has a place to write to; a file that exists stays as it is.
public func checkWritable(_ file: String) throws(RunRecordError) {
  do throws(SafetensorsError) {
    try DiskFile.checkReplaceable(file)
  } catch {
    throw RunRecordError(.cannotWrite, file, "\(error.problem); \(error.remedy)")
  }
}

/// What the system says of an error code.
func systemReason(_ code: Int32) -> String {
  unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}

/// A file or folder of a run that cannot be made or written.
public struct RunRecordError: Error, CustomStringConvertible, Equatable {
  public enum Kind: Sendable { case cannotCreate, cannotWrite }

  public let kind: Kind
  public let path: String
  public let problem: String

  public init(_ kind: Kind, _ path: String, _ problem: String) {
    (self.kind, self.path, self.problem) = (kind, path, problem)
  }

  public var description: String { "\(path): \(problem)" }
}
