import Foundation
import TestSupport
import Testing

/// The parent of every suite that runs the built program: one at a time, since ranks need the cores.
@Suite(.serialized) enum ProgramTests {
  static let program = ProgramRun.built("rp-dist")
  static let rankChecks = ProgramRun.built("rank-checks")

  /// A short training run of the built-in digits.
  static let short = ["--set", "training.epochs=2"]

  /// The large data of the workplace, where it is.
  static let data = ProgramRun.project.deletingLastPathComponent().path + "/shared/data"
  static var hasData: Bool { FileManager.default.fileExists(atPath: data + "/mnist") }
}
