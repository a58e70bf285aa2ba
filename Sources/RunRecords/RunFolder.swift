public import Foundation
private import Glibc

/// The folder of one run, and the paths of its files.
public struct RunFolder: Sendable {
  public let path: String

  /// An existing run folder, or one that will be created.
  public init(path: String) { self.path = path }

  public var configuration: String { path + "/config.yml" }
  /// The file with the settings: ``configuration`` or, for a checkpoint, which is also a folder with a model, the file
  /// of its run.
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
  /// The student of three levels, if there is one; its teacher is in ``model``.
  public var student: String { path + "/student.safetensors" }
  /// The training samples whose labels were made wrong, if there are any.
  public var labelNoise: String { path + "/label-noise.csv" }
  /// The learned weights of the training examples: a table for people, and tensors for programs.
  public var weightTable: String { path + "/weights.csv" }
  public var weights: String { path + "/weights.safetensors" }

  /// The checkpoints from which an interrupted run resumes.
  public var checkpoints: String { path + "/checkpoints" }

  /// Creates the folder `name` in `parent`; it must not exist yet.
  ///
  /// - Throws: ``RunRecordError`` if it exists or cannot be created.
  public static func create(_ name: String, in parent: String) throws(RunRecordError) -> RunFolder {
    let folder = RunFolder(path: parent + "/" + name)
    try makeDirectories(parent)
    guard unsafe mkdir(folder.path, 0o777) == 0 else { throw folder.cannotMake(errno) }
    return folder
  }

  /// The folder that ``create(_:in:)`` would make.
  ///
  /// - Throws: ``RunRecordError`` if a file or folder of this name exists.
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

  /// The name of a run without a name: the preset and the start time, with a number if that name is taken.
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

  /// Creates a folder and its parent folders, if they do not exist yet.
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

/// Writes a text to a temporary file and renames it, so that the file is either complete or absent.
public func writeWhole(_ text: String, to file: String) throws(RunRecordError) {
  do throws(SafetensorsError) {
    try DiskFile.replace(file, with: [Array(text.utf8)])
  } catch {
    throw RunRecordError(.cannotWrite, file, "\(error.problem); \(error.remedy)")
  }
}

/// Checks that ``writeWhole(_:to:)`` can write the file; an existing file stays as it is.
public func checkWritable(_ file: String) throws(RunRecordError) {
  do throws(SafetensorsError) {
    try DiskFile.checkReplaceable(file)
  } catch {
    throw RunRecordError(.cannotWrite, file, "\(error.problem); \(error.remedy)")
  }
}

/// The system's message for an error code.
func systemReason(_ code: Int32) -> String {
  unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}

/// A file or folder of a run that cannot be created or written.
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
