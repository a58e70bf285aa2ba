import Foundation
import TestSupport
import Testing

/// One wrong way to call the program.
struct BadInput: Sendable {
  /// What is wrong.
  let name: String
  /// The command line; `DIR` stands for the case's own folder.
  let arguments: String
  let exitCode: Int32
  /// What the one sentence must say.
  let says: [String]
  /// Makes the case's files in its folder.
  var files: @Sendable (ScratchFolder) throws -> Void = { _ in }
}

extension BadInput {
  static let all: [BadInput] =
    commandLine + configurations + optimizers + reductions + dataFiles + statisticsFiles + checks
    + reweighting + hypergradients + benchmarks + scaling + unlearnable

  private static let commandLine: [BadInput] = [
    BadInput(name: "a misspelt command", arguments: "trian", exitCode: 64, says: ["'trian'", "did you mean 'train'"]),
    BadInput(name: "an unknown flag", arguments: "--presett digits", exitCode: 64, says: ["--presett", "--preset"]),
    BadInput(
      name: "an unknown preset", arguments: "--preset mnist-clasifier", exitCode: 64,
      says: ["'mnist-clasifier'", "did you mean 'mnist-classifier'"]),
    BadInput(name: "a setting without =", arguments: "--set training.epochs", exitCode: 64, says: ["key=value"]),
    BadInput(
      name: "an unknown key", arguments: "--set training.bach=3", exitCode: 64,
      says: ["training", "'bach'", "did you mean 'batch'"]),
    BadInput(
      name: "an unknown section", arguments: "--set optimiser.learningRate=3", exitCode: 64,
      says: ["'optimiser'", "did you mean 'optimizer'"]),
    BadInput(name: "a missing configuration file", arguments: "train no/such.yml", exitCode: 66, says: ["no/such.yml"]),
    BadInput(name: "a missing run", arguments: "evaluate runs/none", exitCode: 66, says: ["runs/none"]),
    BadInput(
      name: "an unwritable run folder", arguments: "--set run.folder=/proc/none", exitCode: 73, says: ["/proc/none"]),
    BadInput(
      name: "a run folder inside a file", arguments: "--set run.folder=DIR/file", exitCode: 73, says: ["file"],
      files: { _ = try $0.write("x".utf8, to: "file") }),
    BadInput(
      name: "a run that is no run", arguments: "evaluate DIR/file", exitCode: 66, says: ["not a run folder"],
      files: { _ = try $0.write("x".utf8, to: "file") }),
    BadInput(
      name: "a run with a broken configuration", arguments: "evaluate DIR/run", exitCode: 65,
      says: ["config.yml", "'bach'"],
      files: { _ = try $0.write("training: {bach: 3}".utf8, to: "run/config.yml") }),
    BadInput(
      name: "a run without a model", arguments: "evaluate DIR/run", exitCode: 66, says: ["model.safetensors"],
      files: { _ = try $0.write("network: [{dense: 10}]".utf8, to: "run/config.yml") }),
    BadInput(name: "a name with a path", arguments: "--name a/b", exitCode: 64, says: ["run.name", "'a/b'"]),
  ]

  private static let configurations: [BadInput] = [
    BadInput(name: "batch 0", arguments: "--set training.batch=0", exitCode: 64, says: ["training.batch is 0"]),
    BadInput(
      name: "a batch that is text", arguments: "--set training.batch=many", exitCode: 64,
      says: ["training.batch", "'many'"]),
    BadInput(
      name: "epochs below 1", arguments: "--set training.epochs=-1", exitCode: 64, says: ["training.epochs is -1"]),
    BadInput(
      name: "an unknown loss", arguments: "--set loss=softmax", exitCode: 64,
      says: ["loss", "'softmax'", "softmaxCrossEntropy"]),
    BadInput(
      name: "an unknown layer", arguments: "--set network=[{dense:␣10},␣tahn]", exitCode: 64,
      says: ["network[1]", "'tahn'", "did you mean 'tanh'"]),
    BadInput(
      name: "a network that does not fit the data", arguments: "--set network=[{dense:␣7}]", exitCode: 64,
      says: ["7 outputs", "10 classes"]),
    BadInput(
      name: "a dense layer without units", arguments: "--set network=[{dense:␣0}]", exitCode: 64, says: ["0 outputs"]),
    BadInput(
      name: "dropout that keeps more than everything", arguments: "--set network=[{dropout:␣1.5},␣{dense:␣10}]",
      exitCode: 64, says: ["layer 0 is dropout with keep 1.5", "at most 1"]),
    BadInput(name: "a network without parameters", arguments: "--set network=[tanh]", exitCode: 64, says: ["dense"]),
    BadInput(
      name: "hinge without damping",
      arguments: "--set loss=hinge --set regularization.l2=0 --set optimizer.partition=weight", exitCode: 64,
      says: ["hinge", "squaredHinge"]),
    BadInput(
      name: "a learning rate of nothing", arguments: "--set optimizer.learningRate=0", exitCode: 64,
      says: ["optimizer.learningRate is 0"]),
    BadInput(
      name: "a configuration that is no YAML", arguments: "train DIR/bad.yml", exitCode: 64, says: ["bad.yml", "YAML"],
      files: { _ = try $0.write("training: [batch: {".utf8, to: "bad.yml") }),
    BadInput(
      name: "a configuration that is a list", arguments: "train DIR/list.yml", exitCode: 64, says: ["list.yml"],
      files: { _ = try $0.write("- a\n- b\n".utf8, to: "list.yml") }),
    BadInput(
      name: "a configuration that is an image", arguments: "train DIR/image.yml", exitCode: 64, says: ["image.yml"],
      files: { _ = try $0.write([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe, 0, 1], to: "image.yml") }),
    BadInput(
      name: "a data set without its files", arguments: "--preset mnist-classifier", exitCode: 64, says: ["--data"]),
    BadInput(
      name: "data for the built-in digits", arguments: "--data DIR", exitCode: 64, says: ["digits", "--preset"]),
  ]
}
