public import Foundation

/// The folder of one run, with its files.
public struct RunFolder: Sendable {
  public let path: String

  /// An existing run folder, or one to be made.
  public init(path: String) { self.path = path }

  public var configuration: String { path + "/config.yml" }
  public var manifest: String { path + "/manifest.json" }
  public var metrics: String { path + "/metrics.jsonl" }
  public var model: String { path + "/model.safetensors" }

  /// Makes the folder `name` in `parent`, which must not exist yet.
  ///
  /// - Throws: ``RunRecordError`` when it exists or cannot be made.
  public static func create(_ name: String, in parent: String) throws(RunRecordError) -> RunFolder {
    let folder = RunFolder(path: parent + "/" + name)
    do {
      try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    } catch {
      throw RunRecordError(.cannotCreate, parent, "cannot make the folder: \(reason(error)); choose another run.folder")
    }
    guard !FileManager.default.fileExists(atPath: folder.path) else {
      throw RunRecordError(
        .cannotCreate, folder.path, "this run folder exists already; choose another --name, or move it away")
    }
    do {
      try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: false)
    } catch {
      throw RunRecordError(
        .cannotCreate, folder.path, "cannot make the run folder: \(reason(error)); choose another run.folder")
    }
    return folder
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

  /// Writes a whole file of the run.
  public func write(_ text: String, to file: String) throws(RunRecordError) {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
    } catch {
      throw RunRecordError(.cannotWrite, file, "cannot be written: \(reason(error))")
    }
  }
}

/// What the system says of a failure, in a few words.
private func reason(_ error: any Error) -> String {
  let error = error as NSError
  let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
  guard underlying.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
  return unsafe String(cString: strerror(Int32(underlying.code)))
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
