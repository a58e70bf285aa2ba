public import Configurations
private import Foundation
internal import RunRecords

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
