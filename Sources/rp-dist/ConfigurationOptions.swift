internal import ArgumentParser
internal import Configurations
internal import Foundation
internal import MPI

/// Where a command's configuration comes from: the same words for all commands.
struct ConfigurationOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("A YAML file with settings.", valueName: "CONFIG.yml"))
  var file: String?

  @Option(help: ArgumentHelp("The built-in configuration to start from; 'list' shows all.", valueName: "NAME"))
  var preset: String?

  @Option(help: ArgumentHelp("The directory or file of the data (data.path).", valueName: "DIR"))
  var data: String?

  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("One setting, for example training.epochs=5; may be repeated.", valueName: "key=value"))
  var settings: [String] = []

  /// `--preset list` is answered in place of the command, like `--help`.
  func validate() throws {
    guard preset == "list" else { return }
    throw CleanExit.message(Preset.all.map(Self.line).joined(separator: "\n"))
  }

  private static func line(_ preset: Preset) -> String {
    preset.name.padding(toLength: 26, withPad: " ", startingAt: 0) + preset.summary
  }

  /// The configuration's sources, in the order in which they are merged.
  ///
  /// - Parameters:
  ///   - name: the run's own folder.
  /// - Throws: ``ConfigurationError`` for an unknown preset.
  func source(name: String? = nil) throws -> ConfigurationSource {
    ConfigurationSource(
      preset: try base, file: file, data: data, name: name, settings: settings, threads: Launcher.threads)
  }

  private var base: Preset {
    get throws { try preset.map { name throws in try Preset.named(name) } ?? .standard }
  }

  /// What a configuration is called where it has no name: its preset, its file, or its data.
  func title(_ configuration: Configuration) -> String {
    if let preset { return preset }
    if let file { return URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent }
    return configuration.data.set == .digits ? Preset.standard.name : configuration.data.set.rawValue
  }
}
