private import Foundation
public import RunRecords

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
