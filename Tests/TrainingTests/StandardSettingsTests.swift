import Configurations
import Foundation
import Optimizers
import TestSupport
import Testing

/// A later source that makes the optimizer one of another kind also changes its standard settings.
struct StandardSettingsTests {
  /// The configuration that a run folder holds, with settings over it.
  private func rewritten(_ first: [String], over: [String]) throws -> Configuration {
    let folder = try ScratchFolder()
    let written = try ConfigurationSource(preset: .standard, settings: first).configuration().yaml()
    let file = try folder.write(written.utf8, to: "config.yml")
    return try ConfigurationSource(preset: .standard, file: file, settings: over).configuration()
  }

  private func fresh(_ settings: [String]) throws -> Configuration {
    try ConfigurationSource(preset: .standard, settings: settings).configuration()
  }

  static let kinds: [[String]] = [
    [], ["optimizer.learningRate=30"], ["optimizer.trustRatio=on"], ["optimizer.name=adam"],
    ["optimizer={name: sgd, learningRate: 0.3}"],
  ]

  @Test(arguments: kinds) func `a setting over a written configuration means what it means over a preset`(
    settings: [String]
  ) throws {
    #expect(try rewritten([], over: settings) == fresh(settings))
    #expect(try rewritten(["optimizer.damping=0"], over: settings) == fresh(settings))
    #expect(
      try rewritten(["optimizer.name=adam"], over: ["optimizer.name=residualPartitioning"] + settings)
        == fresh(settings))
    #expect(try rewritten(settings, over: []) == fresh(settings))
  }

  @Test func `settings that differ from the standard stay, and so do all where the kind stays`() throws {
    let plain = try rewritten(["optimizer.momentum=0.5", "optimizer.damping=0.1"], over: ["optimizer.learningRate=30"])
    let settings = try #require(plain.optimizer.of(ResidualPartitioning.self))
    #expect(settings.momentum == 0.5)
    #expect(settings.damping == 0.1)
    #expect(settings.curvatureDecay == 0)
    #expect(plain.schedule.name == .constant)
    let cosine = try rewritten(["schedule.name=cosine"], over: ["optimizer.learningRate=30"])
    #expect(cosine.schedule.name == .cosine)
    let slower = try rewritten(["optimizer={learningRate: 30, momentum: 0.9}"], over: ["optimizer.learningRate=10"])
    #expect(slower.optimizer.of(ResidualPartitioning.self)?.momentum == 0.9)
    #expect(slower.optimizer.learningRate == 10)
  }

  @Test func `what the same source names stays, in any order`() throws {
    for settings in [
      ["optimizer.momentum=0.9", "optimizer.learningRate=30"], ["optimizer.learningRate=30", "optimizer.momentum=0.9"],
    ] {
      let optimizer = try #require(try fresh(settings).optimizer.of(ResidualPartitioning.self))
      #expect(optimizer.momentum == 0.9)
      #expect(optimizer.curvaturePower == .one)
    }
  }
}
