private import Optimizers

/// `docs/settings.md`.
extension Setting {
  /// All settings as a Markdown document with one table for each section.
  public static var markdown: String {
    let top = all.filter { $0.section == nil }
    let alone = top.filter { !$0.isSection }
    return """
      # Settings

      All keys of the configuration, as `rp-dist settings --markdown` writes them. On the terminal `rp-dist settings KEY`
      explains one of them, and `rp-dist train --print-config` prints the values in effect.

      A default is what holds where neither a preset nor a file nor `--set` names the key; presets name some. A key
      without a value changes nothing. The formulas, such as (M14), are those that the source code names.

      ## \(alone.map(\.key).joined(separator: ", "))

      \(table(alone))

      """
        + top.filter(\.isSection).map { section in
          let rows = all.filter { $0.key.hasPrefix(section.key + ".") }
          let formula = section.words.formula.map { " \($0)" } ?? ""
          let alone = section.words.range.isEmpty ? "" : " It is \(section.words.range)."
          return "\n## \(section.key)\n\n\(section.words.meaning)\(formula)\(alone)\n\n\(table(rows))\n"
        }.joined()
  }

  private static func table(_ rows: [Setting]) -> String {
    let hasOptimizers = rows.contains { $0.optimizers != nil }
    let headings =
      ["key", "type", "default", "values", "meaning", "formula"] + (hasOptimizers ? ["optimizers"] : [])
    let cells = rows.map { row in
      [
        "`\(row.key)`", row.words.kind.rawValue, row.standard { "`\($0)`" }, row.range,
        row.words.meaning + (row.oldName.map { " Old name: `\($0)`." } ?? ""), row.words.formula ?? "",
      ] + (hasOptimizers ? [row.optimizers?.map(\.rawValue).joined(separator: ", ") ?? "all"] : [])
    }
    return ([headings, headings.map { _ in "---" }] + cells).map { line in
      "| " + line.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }.joined(separator: "\n")
  }
}
