import Foundation
import RunRecords
import TestSupport
import Testing

/// One wrong way to call the program.
struct BadInput: CustomTestStringConvertible, Sendable {
  /// What is wrong.
  let name: String
  /// The command line; `DIR` stands for the case's own folder.
  let arguments: String
  let exitCode: Int32
  /// What the one sentence must say.
  let says: [String]
  /// Makes the case's files in its folder.
  var files: @Sendable (ScratchFolder) throws -> Void = { _ in }

  var testDescription: String { name }
}

extension ProgramTests {
  /// Every wrong input ends every rank with one sentence and its exit code, and leaves no run behind.
  @Suite(.serialized) struct BadInputTests {
    @Test(arguments: BadInput.all, [1, 3])
    func `bad input gets one sentence and an exit code`(bad: BadInput, ranks: Int) throws {
      let folder = try ScratchFolder()
      try bad.files(folder)
      let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      let arguments = bad.arguments.split(separator: " ").map {
        $0.replacing("DIR", with: folder.path).replacing("␣", with: " ")
      }
      let run = try ProgramRun.run(program, arguments.map { String($0) }, ranks: ranks, in: folder.path, timeout: 30)
      #expect(!run.timedOut)
      #expect(run.exitCode == bad.exitCode, "\(run.errors)")
      let lines = run.errors.split(separator: "\n")
      #expect(lines.count == 1, "\(run.errors)")
      for words in bad.says { #expect(run.errors.contains(words), "\(run.errors)") }
      #expect(!run.output.contains("test accuracy"))
      let after = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(after == before, "nothing may be left behind")
    }

    @Test(arguments: [1, 3]) func `a diverging run says at which step and keeps the last good model`(ranks: Int) throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "--set", "optimizer.learningRate=1e30", "--set", "network=[{dense: 16}, softplus, {dense: 10}]", "--name",
          "d",
        ], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 1)
      #expect(try /.*diverged: the loss is not finite at step \d+ of 600.*/.wholeMatch(in: run.errors) != nil)
      let model = try SafetensorsFile(contentsOf: folder.path + "/runs/d/model.safetensors")
      #expect(model.tensors.allSatisfy { $0.doubles.allSatisfy(\.isFinite) })
      let manifest = try String(contentsOfFile: folder.path + "/runs/d/manifest.json", encoding: .utf8)
      #expect(manifest.contains("\"diverged\""))
      let judged = try ProgramRun.run(program, ["evaluate", "runs/d", "--json"], in: folder.path)
      #expect(judged.exitCode == 0, "\(judged.errors)")
    }

    /// Runs the program on 3 ranks, the last of which gets other arguments.
    private func withStray(_ arguments: String, stray: String, in folder: ScratchFolder) throws -> ProgramRun {
      let script = try folder.write(
        """
        #!/bin/sh
        if [ "$OMPI_COMM_WORLD_RANK" = 2 ]; then exec '\(program)' \(stray); else exec '\(program)' \(arguments); fi
        """.utf8, to: "stray.sh")
      return try ProgramRun.run("/bin/sh", [script], ranks: 3, in: folder.path, timeout: 30)
    }

    @Test func `a rank with other settings or other data ends the job with a sentence, not with a hang`() throws {
      let folder = try ScratchFolder()
      let settings = try withStray("--name a", stray: "--name a --set training.epochs=3", in: folder)
      #expect(settings.exitCode == 65 && !settings.timedOut)
      #expect(settings.errors.contains("the settings of rank 2 differ from those of rank 0"), "\(settings.errors)")

      for (file, shift) in [("one.csv", 0), ("two.csv", 1)] {
        let rows = (0..<60).map { "\($0 + shift),\(60 - $0),\($0 % 2)" }
        _ = try folder.write(rows.joined(separator: "\n").utf8, to: file)
      }
      let common = "--set data.set=csv --set 'network=[{dense: 2}]' --set run.folder=out --data"
      // The same settings, but a path that leads to another file on one rank.
      _ = try folder.write("".utf8, to: "there/empty")
      try FileManager.default.copyItem(atPath: folder.path + "/one.csv", toPath: folder.path + "/data.csv")
      try FileManager.default.copyItem(atPath: folder.path + "/two.csv", toPath: folder.path + "/there/data.csv")
      let data = try withStray("\(common) data.csv", stray: "\(common) data.csv", in: folder)
      #expect(data.exitCode == 0, "\(data.errors)")
      let script = try folder.write(
        "[ $OMPI_COMM_WORLD_RANK = 2 ] && cd there; exec '\(program)' \(common) data.csv".utf8, to: "elsewhere.sh")
      let elsewhere = try ProgramRun.run("/bin/sh", [script], ranks: 3, in: folder.path, timeout: 30)
      #expect(elsewhere.exitCode == 65 && !elsewhere.timedOut)
      #expect(elsewhere.errors.contains("the data of rank 2 differ from those of rank 0"), "\(elsewhere.errors)")
    }

    @Test func `a full disk ends the run with exit code 74 and one sentence`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        "/bin/sh", ["-c", "exec '\(program)' --name full --set training.epochs=1 > /dev/full"], in: folder.path)
      #expect(run.exitCode == 74)
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
      let deaf = try ProgramRun.run("/bin/sh", ["-c", "exec '\(program)' --bogus 2> /dev/full"], in: folder.path)
      #expect(deaf.exitCode == 64)
    }

    @Test func `an existing run folder is refused and stays as it is`() throws {
      let folder = try ScratchFolder()
      _ = try folder.write("mine".utf8, to: "runs/taken/note")
      let run = try ProgramRun.run(program, ["--name", "taken"], ranks: 3, in: folder.path)
      #expect(run.exitCode == 73)
      #expect(run.errors.contains("runs/taken: this run folder exists already"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/runs/taken") == ["note"])
    }
  }
}

extension BadInput {
  static let all: [BadInput] = commandLine + configurations + dataFiles + statistics

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
    BadInput(name: "a network without parameters", arguments: "--set network=[tanh]", exitCode: 64, says: ["dense"]),
    BadInput(
      name: "hinge without damping", arguments: "--set loss=hinge", exitCode: 64, says: ["hinge", "squaredHinge"]),
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

  /// An IDX file: magic, sizes, bytes.
  private static func idx(_ type: UInt8, _ sizes: [UInt32], _ count: Int) -> [UInt8] {
    [0, 0, type, UInt8(sizes.count)]
      + sizes.flatMap { [UInt8($0 >> 24 & 255), UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)] }
      + (0..<count).map { UInt8($0 % 10) }
  }

  /// A directory of four IDX files of 2×2 images; one of them is replaced.
  private static func mnist(_ name: String, _ bytes: [UInt8]?) -> @Sendable (ScratchFolder) throws -> Void {
    { folder in
      var files = [
        "train-images-idx3-ubyte": idx(8, [20, 2, 2], 80), "train-labels-idx1-ubyte": idx(8, [20], 20),
        "t10k-images-idx3-ubyte": idx(8, [10, 2, 2], 40), "t10k-labels-idx1-ubyte": idx(8, [10], 10),
      ]
      files[name] = bytes
      for (name, bytes) in files { _ = try folder.write(bytes, to: "set/" + name) }
    }
  }

  private static let onMNIST = "--preset mnist-classifier --data DIR/set"
  private static let onCSV = "--set data.set=csv --data DIR/a.csv"

  private static func csv(_ text: String) -> @Sendable (ScratchFolder) throws -> Void {
    { _ = try $0.write(text.utf8, to: "a.csv") }
  }

  private static let dataFiles: [BadInput] = [
    BadInput(
      name: "a missing directory", arguments: "--preset mnist-classifier --data DIR/none", exitCode: 66, says: ["none"]),
    BadInput(
      name: "a missing file", arguments: onMNIST, exitCode: 66, says: ["t10k-labels"],
      files: mnist("t10k-labels-idx1-ubyte", nil)),
    BadInput(
      name: "a truncated IDX file", arguments: onMNIST, exitCode: 65, says: ["train-images", "96"],
      files: mnist("train-images-idx3-ubyte", idx(8, [20, 2, 2], 79))),
    BadInput(
      name: "an IDX header that promises more than the file holds", arguments: onMNIST, exitCode: 65,
      says: ["train-images"], files: mnist("train-images-idx3-ubyte", idx(8, [2_000_000, 2, 2], 80))),
    BadInput(
      name: "IDX sizes that overflow", arguments: onMNIST, exitCode: 65, says: ["train-images"],
      files: mnist("train-images-idx3-ubyte", idx(8, [.max, .max, .max], 80))),
    BadInput(
      name: "a foreign file in place of an IDX file", arguments: onMNIST, exitCode: 65, says: ["train-images", "IDX"],
      files: mnist("train-images-idx3-ubyte", Array("<!DOCTYPE html><html></html>".utf8))),
    BadInput(
      name: "a label out of range", arguments: onMNIST, exitCode: 65, says: ["train-labels", "label"],
      files: mnist("train-labels-idx1-ubyte", idx(8, [20], 19) + [77])),
    BadInput(
      name: "more labels than images", arguments: onMNIST, exitCode: 65, says: ["21"],
      files: mnist("train-labels-idx1-ubyte", idx(8, [21], 21))),
    BadInput(
      name: "a truncated CIFAR batch", arguments: "--preset cifar-10-classifier --data DIR/set", exitCode: 65,
      says: ["data_batch_1.bin"],
      files: { folder in
        _ = try folder.write([UInt8](repeating: 1, count: 3000), to: "set/data_batch_1.bin")
        _ = try folder.write([UInt8](repeating: 1, count: 3073), to: "set/test_batch.bin")
      }),
    BadInput(
      name: "a CIFAR label out of range", arguments: "--preset cifar-10-classifier --data DIR/set", exitCode: 65,
      says: ["test_batch.bin", "label"],
      files: { folder in
        _ = try folder.write([UInt8](repeating: 1, count: 3073), to: "set/data_batch_1.bin")
        _ = try folder.write([UInt8](repeating: 11, count: 3073), to: "set/test_batch.bin")
      }),
    BadInput(
      name: "a truncated archive", arguments: "--preset cifar-10-classifier --data DIR/c.tar.gz", exitCode: 65,
      says: ["c.tar.gz"], files: { _ = try $0.write([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2], to: "c.tar.gz") }),
    BadInput(
      name: "not a number in a CSV file", arguments: onCSV, exitCode: 65, says: ["a.csv", "line 2", "nan"],
      files: csv("1,2,0\n3,nan,1\n")),
    BadInput(
      name: "rows of different lengths", arguments: onCSV, exitCode: 65, says: ["line 3"],
      files: csv("1,2,0\n3,4,1\n5,1\n")),
    BadInput(
      name: "an unknown label column", arguments: onCSV + " --set data.label=knd", exitCode: 65,
      says: ["knd", "kind"],
      files: csv("x,y,kind\n1,2,0\n3,4,1\n")),
    BadInput(name: "an empty CSV file", arguments: onCSV, exitCode: 65, says: ["a.csv"], files: csv("")),
  ]

  private static let onFiles = "statistics --model DIR/m.safetensors --batch DIR/b.safetensors --out DIR/o.safetensors"

  /// A model of one dense layer, 3 inputs and 2 outputs, and a batch of one sample; either may be replaced.
  private static func files(model: [UInt8]? = nil, inputs: Int = 3) -> @Sendable (ScratchFolder) throws -> Void {
    { folder in
      let path = folder.path + "/m.safetensors"
      try SafetensorsFile(tensors: [
        SafetensorsTensor(name: "layers.0.weight", shape: [2, 3], values: [Float](repeating: 1, count: 6)),
        SafetensorsTensor(name: "layers.0.bias", shape: [2], values: [0, 0] as [Float]),
      ]).write(to: path)
      if let model { _ = try folder.write(model, to: "m.safetensors") }
      try SafetensorsFile(tensors: [
        SafetensorsTensor(name: "inputs", shape: [1, inputs], values: [Float](repeating: 1, count: inputs)),
        SafetensorsTensor(name: "targets", shape: [1, 2], values: [0, 1] as [Float]),
      ]).write(to: folder.path + "/b.safetensors")
    }
  }

  private static let statistics: [BadInput] = [
    BadInput(
      name: "a model without a network", arguments: onFiles + " --loss squaredError", exitCode: 65,
      says: ["m.safetensors", "--network"], files: files()),
    BadInput(
      name: "a network with too many layers", arguments: onFiles + " --loss squaredError --network dense,dense",
      exitCode: 65, says: ["1 layers", "2 dense"], files: files()),
    BadInput(
      name: "an unknown layer in --network", arguments: onFiles + " --loss squaredError --network dense,tnh",
      exitCode: 64, says: ["'tnh'", "tanh"], files: files()),
    BadInput(
      name: "an unknown loss of statistics", arguments: onFiles + " --loss squareError --network dense", exitCode: 64,
      says: ["squareError", "squaredError"], files: files()),
    BadInput(
      name: "a batch that does not fit the model", arguments: onFiles + " --loss squaredError --network dense",
      exitCode: 65, says: ["inputs", "4 numbers"], files: files(inputs: 4)),
    BadInput(
      name: "a target that is no distribution", arguments: onFiles + " --loss softmaxCrossEntropy --network dense",
      exitCode: 65, says: ["targets", "row 0", "distribution"],
      files: { folder in
        try files()(folder)
        try SafetensorsFile(tensors: [
          SafetensorsTensor(name: "inputs", shape: [1, 3], values: [1, 2, 3] as [Float]),
          SafetensorsTensor(name: "targets", shape: [1, 2], values: [5, -7] as [Float]),
        ]).write(to: folder.path + "/b.safetensors")
      }),
    BadInput(
      name: "a batch without rows, of a shape that overflows",
      arguments: onFiles + " --loss squaredError --network dense", exitCode: 65, says: ["inputs", "no rows"],
      files: { folder in
        try files()(folder)
        try SafetensorsFile(tensors: [
          SafetensorsTensor(name: "inputs", shape: [0, 1 << 40], values: [] as [Float]),
          SafetensorsTensor(name: "targets", shape: [0, 2], values: [] as [Float]),
        ]).write(to: folder.path + "/b.safetensors")
      }),
    BadInput(
      name: "weights that are not finite", arguments: onFiles + " --loss squaredError --network dense", exitCode: 65,
      says: ["layers.0.weight", "not finite"],
      files: { folder in
        try files()(folder)
        try SafetensorsFile(tensors: [
          SafetensorsTensor(name: "layers.0.weight", shape: [2, 3], values: [1, 2, 3, .nan, 5, 6] as [Float]),
          SafetensorsTensor(name: "layers.0.bias", shape: [2], values: [0, 0] as [Float]),
        ]).write(to: folder.path + "/m.safetensors")
      }),
    BadInput(
      name: "an output that is a device",
      arguments: "statistics --model DIR/m.safetensors --batch DIR/b.safetensors --out /dev/null "
        + "--loss squaredError --network dense", exitCode: 74, says: ["/dev/null", "not a regular file"], files: files()
    ),
    BadInput(
      name: "a truncated model", arguments: onFiles + " --loss squaredError --network dense", exitCode: 65,
      says: ["m.safetensors"], files: files(model: [200, 0, 0, 0, 0, 0, 0, 0, 123])),
    BadInput(
      name: "a model that is a zip file", arguments: onFiles + " --loss squaredError --network dense", exitCode: 65,
      says: ["m.safetensors"], files: files(model: Array("PK\u{3}\u{4} not a model at all".utf8))),
    BadInput(
      name: "a missing model", arguments: onFiles + " --loss squaredError --network dense", exitCode: 66,
      says: ["m.safetensors"]),
    BadInput(
      name: "an unwritable output",
      arguments: "statistics --model DIR/m.safetensors --batch DIR/b.safetensors --out /proc/none/o.safetensors "
        + "--loss squaredError --network dense", exitCode: 74, says: ["/proc/none"], files: files()),
  ]
}
