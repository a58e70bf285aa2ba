public import Configurations
private import Foundation
public import RunRecords

extension ConfigurationSource {
  /// A configuration from a run folder: settings that it leaves out have the standard values of its time.
  public static func written(_ text: String, path: String) throws -> Configuration {
    let (tree, format) = try compose(text, name: path)
    let configuration = try decode(layer(tree, on: try applied(OldStandards.settings(of: tree, format: format))))
    try configuration.check()
    return configuration
  }

  /// Settings that give a run the standard values of its time where standard values have changed since, for
  /// ``standards``.
  ///
  /// - Throws: ``ConfigurationError`` where its `config.yml` is not a configuration.
  static func standards(of run: RunFolder) throws -> [String] {
    guard let bytes = FileManager.default.contents(atPath: run.settings) else { return [] }
    let (tree, format) = try compose(String(decoding: bytes, as: UTF8.self), name: run.settings)
    return OldStandards.settings(of: tree, format: format)
  }

  /// The same for the run that a resumption continues; empty where a new run begins.
  public func standards(for resumption: Resumption?) throws -> [String] {
    try resumption?.folder(of: try merged()).map(Self.standards) ?? []
  }
}

extension Resumption {
  /// The folder in which a run continues; nil where a new folder is needed.
  ///
  /// - Throws: `UnreadableFile`; ``ConfigurationError`` where there is no name to look for.
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
  /// The folder of an existing run, by its path or by its name.
  ///
  /// - Parameters:
  ///   - path: the path of the folder; where there is no such folder, the name that `--name` gave the run.
  ///   - runs: `run.folder`, in which names are looked for.
  ///   - settings: the file that a run folder must have; ``settings`` also accepts a checkpoint of a run.
  /// - Throws: ``UnreadableFile`` where it is not a run folder.
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

  /// The newest complete checkpoint of a run without a later model: a run that was stopped or killed, or that still
  /// runs; nil where ``model`` is the run's final model, or where there is no checkpoint.
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
