internal import Datasets
internal import Foundation
internal import TestSupport
internal import Testing

@Suite struct MNISTTests {
  @Test(.enabled(if: SharedData.has(SharedData.mnist)))
  func `MNIST has its 60,000 and 10,000 images and begins with a five`() throws {
    let split = try DataSplit.mnist(directory: SharedData.mnist)
    let (training, test) = (split.training, split.test)
    #expect(training.count == 60_000)
    #expect(test.count == 10_000)
    #expect(training.dataset.shape == [1, 28, 28])
    #expect(training.features == 784)
    #expect(training.classes == 10)
    #expect(training.dataset.holdsBytes)
    #expect((0..<10).map(training.label) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    #expect((0..<10).map(test.label) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    var counts = [Int](repeating: 0, count: 10)
    for position in 0..<training.count { counts[training.label(at: position)] += 1 }
    #expect(counts == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    #expect(training.dataset.values(of: 0).reduce(0, +) == 27525)
    #expect(training.dataset.values(of: 59_999).reduce(0, +) == 20920)
  }

  @Test(.enabled(if: SharedData.has(SharedData.mnist)))
  func `MNIST's files have the published MD5, and the uncompressed files read the same`() throws {
    let scratch = try ScratchDirectory()
    let split = try DataSplit.mnist(directory: SharedData.mnist)
    for (name, subset) in [("train", split.training), ("t10k", split.test)] {
      let count = subset.count
      let pixels = content(subset.dataset).prefix(count * 784)
      let labels = (0..<count).map { UInt8(subset.label(at: $0)) }
      try scratch.write("\(name)-images.idx3-ubyte", idx([UInt32(count), 28, 28], []) + pixels)
      try scratch.write("\(name)-labels.idx1-ubyte", idx([UInt32(count)], labels))
    }
    let sums = [
      "train-images.idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
      "train-labels.idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
      "t10k-images.idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
      "t10k-labels.idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    ]
    for (name, sum) in sums { #expect(try md5(scratch.path + "/" + name) == sum, "\(name)") }

    let mapped = try DataSplit.mnist(directory: scratch.path)
    #expect(content(mapped.training.dataset) == content(split.training.dataset))
    #expect(content(mapped.test.dataset) == content(split.test.dataset))
  }

  @Test(arguments: ["-", "."], [(false, ""), (false, ".gz"), (true, ""), (true, ".gz")])
  func `images read the same from every form of the files`(point: String, packing: (Bool, String)) throws {
    // gzip is known by its bytes: with the suffix and without, compressed and not.
    let scratch = try ScratchDirectory()
    let (isCompressed, suffix) = packing
    for (part, ending, bytes) in [
      ("train-images", "idx3-ubyte", SmallMNIST.trainImages), ("train-labels", "idx1-ubyte", SmallMNIST.trainLabels),
      ("t10k-images", "idx3-ubyte", SmallMNIST.testImages), ("t10k-labels", "idx1-ubyte", SmallMNIST.testLabels),
    ] {
      try scratch.write(part + point + ending + suffix, isCompressed ? gzipped(bytes) : bytes)
    }
    let split = try DataSplit.mnist(directory: scratch.path)
    #expect(split.training.dataset.shape == [1, 2, 2])
    #expect(split.training.count == 3)
    #expect((0..<3).map(split.training.label) == [5, 0, 9])
    #expect(split.training.dataset.values(of: 2) == [20, 21, 22, 255])
    #expect(split.test.dataset.values(of: 1) == [9, 8, 7, 6])
    #expect(Array(content(split.test.dataset)) == [7, 7, 7, 7, 9, 8, 7, 6, 1, 0, 0, 0, 2, 0, 0, 0])
  }

  @Test func `gzip members one after another, and zeros behind them, are one file`() throws {
    let scratch = try ScratchDirectory()
    let bytes = SmallMNIST.trainImages
    let members = gzipped(Array(bytes[..<5])) + gzipped([]) + gzipped(Array(bytes[5...])) + [0, 0, 0]
    try SmallMNIST.write(to: scratch, replacing: ["train-images-idx3-ubyte": members])
    let split = try DataSplit.mnist(directory: scratch.path)
    #expect(split.training.dataset.values(of: 2) == [20, 21, 22, 255])
  }

  private func md5(_ path: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/md5sum")
    process.arguments = [path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return String(output.prefix(32))
  }
}
