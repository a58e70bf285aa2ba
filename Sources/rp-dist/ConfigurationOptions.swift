internal import ArgumentParser
internal import Configurations
internal import Foundation
internal import MPI
internal import Networks

/// The sources of a command's configuration: the same options for all commands.
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

  /// `--preset list` prints the presets instead of running the command, like `--help`.
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
  ///   - name: the name of the run's folder.
  /// - Throws: ``ConfigurationError`` for an unknown preset.
  func source(name: String? = nil) throws -> ConfigurationSource {
    ConfigurationSource(
      preset: try base, file: file, data: data, name: name, settings: settings, threads: Launcher.threads)
  }

  private var base: Preset {
    get throws { try preset.map { name throws in try Preset.named(name) } ?? .standard }
  }

  /// A title for a configuration, which has no name itself: its preset, its file, or its data.
  func title(_ configuration: Configuration) -> String {
    if let preset { return preset }
    if let file { return URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent }
    return configuration.data.set == .digits ? Preset.standard.name : configuration.data.set.rawValue
  }
}

/// One of a fixed list of names on the command line; the error for an unknown name suggests the nearest one.
func choice<Name: RawRepresentable & CaseIterable>(_ text: String) throws -> Name where Name.RawValue == String {
  guard let name = Name(rawValue: text) else {
    throw UnknownName(text, among: Name.allCases.map(\.rawValue), kind: "name")
  }
  return name
}

/// The layers of a list such as `dense,tanh,dense`; the sizes of dense layers come from the model's tensors, and
/// dropout is off whatever its `keep`.
///
/// - Parameters:
///   - option: the option that has the list, for messages.
/// - Throws: `UnknownName`.
func layerList(_ list: String, option: String) throws(UnknownName) -> [LayerConfiguration] {
  var layers: [LayerConfiguration] = []
  for item in list.split(separator: ",") {
    layers.append(try .named(item.trimmingCharacters(in: .whitespaces), in: option))
  }
  return layers
}
