internal import Configurations
import Datasets
internal import Diagnostics
import Foundation
import Kernels
import Networks
import RunRecords
import TestSupport

private func counting(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: 37 * $0) } }

private let images = idx([5, 2, 3], counting(30))
private let labels = idx([5], [1, 0, 9, 3, 7])
private let mnistParts = [
  ("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels), ("t10k-images-idx3-ubyte", images),
  ("t10k-labels-idx1-ubyte", labels),
]

/// QMNIST's labels, eight 32-bit numbers for each sample, here with images of floats.
private let qmnistImages = idx([2, 2, 1], (UInt8(0)..<4).flatMap { [0x3f, 0x80 + $0, 0, 0] }, type: 13)
private let qmnistLabels = idx([2, 8], (UInt8(0)..<16).flatMap { [0, 0, 0, $0 % 8] }, type: 12)
private let qmnistParts = ["train", "test"].flatMap { part in
  [("qmnist-\(part)-images-idx3-ubyte", qmnistImages), ("qmnist-\(part)-labels-idx2-int", qmnistLabels)]
}
private let letters = idx([5], [1, 2, 26, 3, 7])
private let emnistParts = ["train", "test"].flatMap { part in
  [
    ("emnist-letters-\(part)-images-idx3-ubyte", images),
    ("emnist-letters-\(part)-labels-idx1-ubyte", letters),
  ]
}

private let cifarBatch = cifarRecords(labels: [3, 9])
private let cifarArchive = tar([
  ("cifar-10-batches-bin/data_batch_1.bin", cifarBatch), ("cifar-10-batches-bin/test_batch.bin", cifarBatch),
])

private let table = """
  height,"weight, kg",label
  1.5,2,yes
  0.25,-3e2,no
  "7",8.125,"a ""quoted"" one"
  1e-3,+4,no
  2,2,yes
  3,1,no

  """

private let settings = """
  data: {set: digits, scale: symmetric, validation: 100, labelNoise: {kind: pairFlip, rate: 0.4, seed: 1}}
  network: [{dense: 40}, batchNorm, softplus, {dropout: {keep: 0.9}}, {dense: {outputs: 10, bias: false}}]
  loss: softmaxCrossEntropy
  optimizer:
    {name: residualPartitioning, learningRate: 1, partition: unit, trustRatio: {every: 2}, bound: full, curvatureEvery: 4}
  regularization: &r {l2: 0.01, l1: 0}
  schedule: {name: cosine}
  training:
    batch: 100
    epochs: 10
    seed: 1
    precision: float64
    stopEarly: {patience: 5}
    initialization: xavier
  run: {folder: runs, name: "a", stallTimeout: 60}
  reduction: {method: mpi, curvaturePrecision: float32}
  reweight: {levels: 2, blocks: "encoder=0-2:0.01,head=4", grid: 1x1, optimizer: adam, schedule: linear}

  """

private let modelHeader = """
  {"__metadata__":{"network":"[{\\"dense\\":2},\\"tanh\\",{\\"dense\\":3}]","scaling":"none"},\
  "layers.0.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},\
  "layers.0.weight":{"dtype":"F32","shape":[2,4],"data_offsets":[8,40]},\
  "layers.2.bias":{"dtype":"F32","shape":[3],"data_offsets":[40,52]},\
  "layers.2.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[52,76]}}
  """
private let batchHeader = """
  {"inputs":{"dtype":"F64","shape":[2,4],"data_offsets":[0,64]},\
  "targets":{"dtype":"U8","shape":[2,3],"data_offsets":[64,70]}}
  """
private let modelData = [UInt8](repeating: 0x3f, count: 76)
private let batchData = [UInt8](repeating: 0x3f, count: 64) + [0, 1, 0, 1, 0, 0]

private let headerWords = [
  "\"dtype\"", "\"shape\":[", "\"data_offsets\":[0,0]", "F64", "BF16", "I64", "BOOL", "layers.1.weight", "running_mean",
  "{\\\"dense\\\":", "batchNorm", "dropout", "\\u0000", "\\ud800", "[[[[", "{}", ",", ":", "null", "1e99",
]
private let settingWords = [
  "batch", "epochs", "network", "null", "~", "auto", "off", "on", "{", "}", "[", "]", ": ", "- ", "*r", "&r ", "<<: *r",
  "|",
  ">", "!!int", "!!binary", "\"", "'", "\n  ", "\t", "#", "---\n", "dense", "tanh", "{every: 1}", "\u{feff}",
  "%YAML 1.1",
  "optimizer: adam", "csv", "yes", "0x10", ".inf", ".nan", "1_000",
]

extension FuzzedReader {
  static var all: [FuzzedReader] {
    get throws {
      [try checkpoint] + ofFormats
    }
  }

  private static var ofFormats: [FuzzedReader] {
    [
      FuzzedReader(
        name: "idx", files: mnistParts.map { File(name: $0.0, bytes: $0.1) },
        read: { _ = try DataSplit.mnist(directory: $0) }),
      FuzzedReader(
        name: "idx-gzip",
        files: mnistParts.map { File(name: $0.0 + ".gz", bytes: gzipped($0.1)) }
          + [File(name: mnistParts[0].0 + ".gz", bytes: images, wrap: gzipped)],
        expansion: 1032, read: { _ = try DataSplit.mnist(directory: $0) }),
      FuzzedReader(
        name: "qmnist", files: qmnistParts.map { File(name: $0.0, bytes: $0.1) },
        read: { _ = try DataSplit.qmnist(directory: $0) }),
      FuzzedReader(
        name: "emnist", files: emnistParts.map { File(name: $0.0, bytes: $0.1) },
        read: { _ = try DataSplit.emnist(directory: $0, split: nil) }),
      FuzzedReader(
        name: "cifar",
        files: ["data_batch_1.bin", "test_batch.bin"].map { File(name: $0, bytes: cifarBatch) },
        read: { _ = try DataSplit.cifar10(path: $0) }),
      FuzzedReader(
        name: "cifar-archive",
        files: [
          File(name: "cifar.tar.gz", bytes: cifarArchive, wrap: { gzipped(withHeaderSums($0)) }),
          File(name: "cifar.tar.gz", bytes: cifarArchive, wrap: gzipped),
        ],
        words: ["../", "/etc/", "data_batch_2.bin", "ustar", "0000000", "7777777", "L", "x"], expansion: 1032,
        read: { _ = try DataSplit.cifar10(path: $0 + "/cifar.tar.gz") }),
      FuzzedReader(
        name: "csv", files: [File(name: "table.csv", bytes: Array(table.utf8))],
        words: [",", "\"", "\"\"", "\n", "\r\n", "\r", ";", "\t", "1e999", "0x1p3", "nan", "-", "\u{feff}", "label"],
        read: { folder in
          _ = try? DataSplit.csv(path: folder + "/table.csv", kind: .values)
          _ = try? DataSplit.csv(path: folder + "/table.csv", label: .name("label"), header: .present)
          _ = try DataSplit.csv(path: folder + "/table.csv")
        }),
      FuzzedReader(
        name: "yaml", files: [File(name: "settings.yml", bytes: Array(settings.utf8))], words: settingWords,
        read: { _ = try ConfigurationSource(preset: .standard, file: $0 + "/settings.yml").configuration() }),
      FuzzedReader(
        name: "safetensors",
        files: [
          File(name: "m", bytes: safetensors(Array(modelHeader.utf8), data: modelData)),
          File(name: "m", bytes: Array(modelHeader.utf8), wrap: { safetensors($0, data: modelData) }),
        ],
        words: headerWords, read: { _ = try SafetensorsFile(contentsOf: $0 + "/m") }),
      FuzzedReader(
        name: "model",
        files: [File(name: "m", bytes: Array(modelHeader.utf8), wrap: { safetensors($0, data: modelData) })],
        words: headerWords, read: { _ = try ModelFile<Float>(contentsOf: $0 + "/m") }),
      FuzzedReader(
        name: "samples",
        files: [
          File(name: "batch", bytes: Array(batchHeader.utf8), wrap: { safetensors($0, data: batchData) }),
          File(name: "model", bytes: safetensors(Array(modelHeader.utf8), data: modelData)),
        ],
        words: headerWords + ["inputs", "targets"],
        read: { folder in
          _ = try StatisticsReport(
            loss: .squaredError, bound: .full, partition: .unit, lossPartition: .general, wantsBlocks: true
          )
          .compute(model: folder + "/model", batch: folder + "/batch", as: Double.self)
        }),
    ]
  }
}
