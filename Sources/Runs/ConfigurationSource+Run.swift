public import Configurations
private import Foundation
public import RunRecords

extension ConfigurationSource {
  /// A configuration that was written to a run folder: what it leaves out has the standards of its time.
  public static func written(_ text: String, path: String) throws -> Configuration {
    let (tree, format) = try compose(text, name: path)
    let configuration = try decode(layer(tree, on: try applied(OldStandards.settings(of: tree, format: format))))
    try configuration.check()
    return configuration
  }

  /// What the settings whose standards have changed mean to a run, for ``standards``.
  ///
  /// - Throws: ``ConfigurationError`` where its `config.yml` is not one.
  static func standards(of run: RunFolder) throws -> [String] {
    guard let bytes = FileManager.default.contents(atPath: run.settings) else { return [] }
    let (tree, format) = try compose(String(decoding: bytes, as: UTF8.self), name: run.settings)
    return OldStandards.settings(of: tree, format: format)
  }

  /// The same for the run that goes on by a resumption; none where a new run begins.
  public func standards(for resumption: Resumption?) throws -> [String] {
    try resumption?.folder(of: try merged()).map(Self.standards) ?? []
  }
}

extension Resumption {
  /// The folder that a run is to go on in; nil where one is to be made.
  ///
  /// - Throws: `UnreadableFile`, ``ConfigurationError`` without a name to look for.
  func folder(of configuration: Configuration) throws -> RunFolder? {
    switch self {
    case .run(let path): return try RunFolder.existing(path, in: configuration.run.folder)
    case .automatic:
      guard let name = configuration.run.name else {
        throw ConfigurationError("--resume auto looks for the run of a name; add --name, for example --name first")
      }
      let folder = RunFolder(path: configuration.run.folder + "/" + name)
      return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }
  }
}

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
