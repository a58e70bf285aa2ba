public import Configurations
private import Foundation
public import RunRecords

extension RunFolder {
  /// The folder of a run that was begun, by its path or by its name.
  ///
  /// - Parameters:
  ///   - path: of the folder; where there is none, the name that `--name` gave it.
  ///   - runs: `run.folder`, where names are looked for.
  ///   - settings: the file that makes it one; ``settings`` where a checkpoint of a run will do too.
  /// - Throws: ``UnreadableFile`` where it is none.
  public static func existing(
    _ path: String, in runs: String, with settings: KeyPath<RunFolder, String> = \.configuration
  ) throws(UnreadableFile) -> RunFolder {
    let places = [path] + (path.contains("/") ? [] : [runs + "/" + path])
    let folders = places.map { RunFolder(path: $0) }
    if let folder = folders.first(where: { FileManager.default.isReadableFile(atPath: $0[keyPath: settings]) }) {
      return folder
    }
    guard let there = places.first(where: FileManager.default.fileExists(atPath:)) else {
      throw UnreadableFile(
        path: path, problem: places.count > 1 ? "does not exist, and neither does \(places[1])" : nil)
    }
    throw UnreadableFile(path: there, problem: "is not a run folder: there is no config.yml in it that can be read")
  }

  /// The newest complete checkpoint of a run that has no later model: one that was stopped, killed or is going on; nil where
  /// ``model`` is what the run ended with, or there is none.
  var unfinishedCheckpoint: RunFolder? {
    let manifest = FileManager.default.contents(atPath: manifest).flatMap {
      try? JSONDecoder().decode(Manifest.self, from: $0)
    }
    switch manifest?.status {
    case .finished?, .diverged?: return nil
    case .running?, .stopped?, nil:
      return CheckpointStore(self).newest { _ in }.map { RunFolder(path: $0.path) }
    }
  }
}
