import TestSupport

/// Data files that are missing, foreign, cut short or contradictory.
extension BadInput {
  /// An IDX file with digits 0 to 9, over and over.
  private static func idx(_ type: UInt8, _ sizes: [UInt32], _ count: Int) -> [UInt8] {
    TestSupport.idx(sizes, (0..<count).map { UInt8($0 % 10) }, type: type)
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

  static let dataFiles: [BadInput] = [
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
      name: "a label out of range", arguments: onMNIST, exitCode: 65,
      says: ["train-labels", "sample 19: the label is 77", "without gaps"],
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
    BadInput(
      name: "a word in a CSV file of values", arguments: onCSV + " --set data.target=value --set loss=squaredError",
      exitCode: 65, says: ["a.csv", "line 2", "two", "data.target"], files: csv("1,2,0\n3,4,two\n")),
    BadInput(
      name: "values for a loss of classes", arguments: onCSV + " --set data.target=value", exitCode: 64,
      says: ["softmaxCrossEntropy", "data.target is value", "squaredError"], files: csv("1,2,0\n3,4,5\n")),
    BadInput(
      name: "values that are no probabilities",
      arguments: onCSV + " --set data.target=value --set loss=sigmoidCrossEntropy --set network=[{dense:␣1}]",
      exitCode: 64, says: ["sigmoidCrossEntropy", "from 0 to 1", "a.csv", "from -3.0 to 7.0"],
      files: csv((0..<9).map { "\($0),\($0 < 5 ? -3 : 7)\n" }.joined())),
    BadInput(
      name: "a network with two outputs for one value",
      arguments: onCSV + " --set data.target=value --set loss=squaredError --set network=[{dense:␣2}]", exitCode: 64,
      says: ["2 outputs", "1 target for each sample", "{dense: 1}"],
      files: csv((0..<9).map { "\($0),\($0)\n" }.joined())),
    BadInput(
      name: "a shape of other numbers than a row has", arguments: onCSV + " --set data.shape=[1,3]", exitCode: 64,
      says: ["data.shape is [1, 3]", "a.csv has 2 numbers", "must be 2"],
      files: csv((0..<9).map { "\($0),\($0),\($0 % 2)\n" }.joined())),
    BadInput(
      name: "a shape with a size of 0", arguments: onCSV + " --set data.shape=[0,2]", exitCode: 64,
      says: ["data.shape is [0, 2]", "above 0"], files: csv("1,2,0\n3,4,1\n")),
    BadInput(
      name: "a shape of built-in data", arguments: "--set data.shape=[8,8]", exitCode: 64,
      says: ["data.shape belong to data set csv", "digits"]),
    BadInput(
      name: "a residual connection over images",
      arguments: "--set network=[{residual:␣[{dense:␣64}]},{dense:␣10}]", exitCode: 64,
      says: ["layer 0 is residual", "its branch gives [64]", "[1, 8, 8]", "put flatten before it"]),
    BadInput(
      name: "a branch of another size",
      arguments: "--set network=[{dense:␣8},{residual:␣[{dense:␣9},relu]},{dense:␣10}]",
      exitCode: 64, says: ["layer 1 is residual", "[9]", "[8]", "{dense: 8}"]),
    BadInput(
      name: "an unknown layer in a branch", arguments: "--set network=[{dense:␣8},{residual:␣[reul]},{dense:␣10}]",
      exitCode: 64, says: ["network[1].residual[0]", "unknown layer 'reul'", "'relu'"]),
    BadInput(
      name: "classes of a data set of values", arguments: "--set data.set=gates", exitCode: 64,
      says: ["gates", "no classes", "data.target to value"]),
    BadInput(
      name: "values of a data set of classes", arguments: "--set data.target=value --set loss=squaredError",
      exitCode: 64, says: ["digits", "no values", "data.target to label"]),
    BadInput(
      name: "a path for the built-in gates",
      arguments: "--set data.set=gates --set data.target=value --set loss=squaredError --data DIR", exitCode: 64,
      says: ["gates is built in"]),
    BadInput(
      name: "a validation set that leaves nothing to train on", arguments: "--set data.validation=1438", exitCode: 64,
      says: ["data.validation is 1438", "1438 samples", "at most 1437"]),
    BadInput(
      name: "a negative validation set", arguments: "--set data.validation=-1", exitCode: 64,
      says: ["data.validation is -1", "negative"]),
    BadInput(
      name: "more noise than labels", arguments: "--set data.labelNoise.rate=1.5", exitCode: 64,
      says: ["data.labelNoise.rate is 1.5", "from 0 to 1"]),
    BadInput(
      name: "noise of a negative seed", arguments: "--set data.labelNoise.seed=-1", exitCode: 64,
      says: ["data.labelNoise.seed is -1", "negative"]),
    BadInput(
      name: "noise in the labels of a reconstruction",
      arguments: "--set data.labelNoise=on --set data.target=input --set loss=squaredError", exitCode: 64,
      says: ["data.labelNoise flips classes", "data.target is input", "off"]),
    BadInput(
      name: "noise in the labels of one class", arguments: onCSV + " --set data.labelNoise=on", exitCode: 64,
      says: ["a.csv has one class", "off"], files: csv("1,2,0\n3,4,0\n5,6,0\n")),
    BadInput(
      name: "a feature beyond the precision", arguments: onCSV, exitCode: 65,
      says: ["a.csv, line 3: column 1 (counted from 0) holds -1e+39, too large for float32", "float64"],
      files: csv("1,2,0\n3,4,1\n5,-1e39,1\n6,7,0\n8,9,0\n1,0,1\n")),
    BadInput(
      name: "a target whose square is beyond the precision",
      arguments: onCSV + " --set data.target=value --set loss=squaredError --set network=[{dense:␣1}]", exitCode: 65,
      says: ["a.csv, line 2: column 2 (counted from 0) holds 1e+30, whose square is too large for float32"],
      files: csv("1,2,0\n3,4,1e30\n5,6,1\n6,7,0\n")),
    BadInput(
      name: "several splits of EMNIST", arguments: "--set data.set=emnist --data DIR/set", exitCode: 66,
      says: ["several splits of EMNIST: letters, digits", "set data.split to one of them"],
      files: { folder in
        for split in ["letters", "digits"] {
          _ = try folder.write([0], to: "set/emnist-\(split)-train-images-idx3-ubyte")
        }
      }),
    BadInput(
      name: "a split that is not there", arguments: "--set data={set:␣emnist,split:␣byclass} --data DIR/set",
      exitCode: 66, says: ["holds no emnist-byclass-train-images-idx3-ubyte", "all four EMNIST files"],
      files: mnist("t10k-labels-idx1-ubyte", nil)),
    BadInput(
      name: "an unknown split", arguments: "--set data={set:␣emnist,split:␣leters,path:␣DIR}", exitCode: 64,
      says: ["data.split", "'leters'", "did you mean 'letters'"]),
    BadInput(
      name: "a split of MNIST", arguments: "--preset mnist-classifier --data DIR --set data.split=letters",
      exitCode: 64, says: ["data.split belongs to data set emnist, not mnist"]),
    BadInput(name: "an empty CSV file", arguments: onCSV, exitCode: 65, says: ["a.csv"], files: csv("")),
  ]
}
