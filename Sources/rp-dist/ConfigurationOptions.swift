internal import ArgumentParser
internal import Configurations
internal import Foundation
internal import MPI
internal import Networks

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

/// One of a fixed list of names on the command line; an unknown one is answered with the nearest.
func choice<Name: RawRepresentable & CaseIterable>(_ text: String) throws -> Name where Name.RawValue == String {
  guard let name = Name(rawValue: text) else {
    throw UnknownName(text, among: Name.allCases.map(\.rawValue), kind: "name")
  }
  return name
}

/// Layers of a list such as `dense,tanh,dense`; the sizes of dense layers come from the model's tensors, and dropout is
/// off whatever it keeps.
///
/// - Parameters:
///   - option: where the list was given, for messages.
/// - Throws: `UnknownName`.
func layerList(_ list: String, option: String) throws(UnknownName) -> [LayerConfiguration] {
  var layers: [LayerConfiguration] = []
  for item in list.split(separator: ",") {
    layers.append(try .named(item.trimmingCharacters(in: .whitespaces), in: option))
  }
  return layers
}
