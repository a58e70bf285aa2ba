internal import ArgumentParser
internal import Configurations

/// `rp-dist settings`: explains the keys of a configuration.
struct ExplainSettings: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settings",
    abstract: "Explain the settings: meaning, values and defaults.",
    usage: "rp-dist settings [<KEY>] [--markdown]",
    discussion: """
      KEY is a section, a key in it, or a key's last word. A default holds where
      neither preset, CONFIG nor --set names the key. The values in effect are
      printed by rp-dist train --print-config.

      EXAMPLES
        rp-dist settings
        rp-dist settings optimizer
        rp-dist settings training.batch
        rp-dist settings learningRate
        rp-dist settings --markdown > settings.md
      """)

  @Argument(help: ArgumentHelp("The setting or section to explain; all if left out.", valueName: "KEY"))
  var key: String?

  @Flag(help: "Print all settings as a Markdown document.")
  var markdown = false

  func validate() throws {
    guard markdown, key != nil else { return }
    throw ValidationError("--markdown prints all settings; leave KEY out")
  }

  /// The text is printed in the same way as help: once for all ranks.
  func run() throws {
    if markdown { throw CleanExit.message(String(Setting.markdown.dropLast())) }
    do {
      let settings = try key.map { key throws in try Setting.named(key) } ?? Setting.all
      throw CleanExit.message(settings.map(\.text).joined(separator: "\n\n"))
    } catch let error as ConfigurationError {
      throw ValidationError(error.description)
    }
  }
}
