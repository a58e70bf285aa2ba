private import Foundation
public import RunRecords

/// A file or folder that is missing or may not be read.
public struct UnreadableFile: Error, CustomStringConvertible, Equatable {
  public let path: String
  /// What is wrong, where it is known.
  public let problem: String?

  public init(path: String, problem: String? = nil) { (self.path, self.problem) = (path, problem) }

  public var description: String {
    if let problem { return "\(path) \(problem)" }
    return FileManager.default.fileExists(atPath: path)
      ? "\(path) cannot be read: is it a file, and may you read it?" : "\(path) does not exist"
  }
}

extension RunFolder {
  /// The folder of a run that was begun.
  ///
  /// - Parameter settings: the file that makes it one; ``settings`` where a checkpoint of a run will do too.
  /// - Throws: ``UnreadableFile`` where it is none.
  public static func existing(
    _ path: String, with settings: KeyPath<RunFolder, String> = \.configuration
  ) throws(UnreadableFile) -> RunFolder {
    let folder = RunFolder(path: path)
    guard FileManager.default.fileExists(atPath: path) else { throw UnreadableFile(path: path) }
    guard FileManager.default.isReadableFile(atPath: folder[keyPath: settings]) else {
      throw UnreadableFile(path: path, problem: "is not a run folder: there is no config.yml in it that can be read")
    }
    return folder
  }
}
