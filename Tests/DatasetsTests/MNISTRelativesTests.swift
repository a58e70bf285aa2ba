internal import Datasets
internal import Foundation
internal import TestSupport
internal import Testing

/// Data sets in MNIST's format that are not MNIST.
@Suite struct MNISTRelativesTests {
  private static let letters = "emnist-letters-"

  /// Two training images and one test image of 2×3 pixels, column by column as EMNIST has them, with labels from 1.
  private func writeLetters(_ scratch: ScratchDirectory, split: String = "letters", suffix: String = "") throws {
    let training = (1...26).flatMap { label in (0..<6).map { UInt8(label * 6 + $0) } }
    for (name, bytes) in [
      ("train-images-idx3-ubyte", idx([26, 2, 3], training)),
      ("train-labels-idx1-ubyte", idx([26], (1...26).map { UInt8($0) })),
      ("test-images-idx3-ubyte", idx([1, 2, 3], [1, 2, 3, 4, 5, 6])), ("test-labels-idx1-ubyte", idx([1], [26])),
    ] {
      try scratch.write("emnist-\(split)-\(name)\(suffix)", suffix.isEmpty ? bytes : gzipped(bytes))
    }
  }

  @Test(arguments: ["", ".gz"]) func `EMNIST's letters are 26 classes, and their images stand upright`(suffix: String)
    throws
  {
    let scratch = try ScratchDirectory()
    try writeLetters(scratch, suffix: suffix)
    for split in [
      try DataSplit.emnist(directory: scratch.path, split: nil),
      try DataSplit.emnist(directory: scratch.path, split: .letters), try DataSplit.mnist(directory: scratch.path),
    ] {
      let (training, test) = (split.training, split.test)
      #expect(training.classes == 26 && training.dataset.classNames == (1...26).map(String.init))
      #expect((0..<26).map(training.label) == Array(0..<26) && test.label(at: 0) == 25)
      #expect(training.dataset.shape == [1, 3, 2] && training.dataset.holdsBytes)
      #expect(training.dataset.values(of: 0) == [6, 9, 7, 10, 8, 11])
      #expect(test.dataset.values(of: 0) == [1, 4, 2, 5, 3, 6])
    }
  }

  @Test func `of several splits one must be named, and one that is not there is refused with its files`() throws {
    let scratch = try ScratchDirectory()
    try writeLetters(scratch)
    try writeLetters(scratch, split: "balanced")
    let several = try failure { try DataSplit.emnist(directory: scratch.path, split: nil) }
    #expect(several.kind == .missing)
    #expect(several.description.contains("several splits of EMNIST: balanced, letters; set data.split to one"))
    let asMNIST = try failure { try DataSplit.mnist(directory: scratch.path) }
    #expect(asMNIST.description.contains("set data.set to emnist and data.split to one"), "\(asMNIST)")
    #expect(try DataSplit.emnist(directory: scratch.path, split: .balanced).training.classes == 26)
    let absent = try failure { try DataSplit.emnist(directory: scratch.path, split: .digits) }
    #expect(absent.description.contains("holds no emnist-digits-train-images-idx3-ubyte, emnist-digits-train-labels"))
  }

  @Test(arguments: [(UInt8(27), "at most 26"), (0, "")]) func `a label that a split does not have is damage`(
    label: UInt8, says: String
  ) throws {
    let scratch = try ScratchDirectory()
    try writeLetters(scratch)
    let labels = (1...25).map { UInt8($0) } + [label]
    try scratch.write(Self.letters + "train-labels-idx1-ubyte", idx([26], labels))
    try scratch.write(Self.letters + "test-labels-idx1-ubyte", idx([1], [3]))
    guard !says.isEmpty else {
      #expect(try DataSplit.mnist(directory: scratch.path).training.dataset.classNames.first == "0")
      return
    }
    let error = try failure { try DataSplit.mnist(directory: scratch.path) }
    #expect(error.sample == 25 && error.description.contains(says) && error.description.contains("damaged"), "\(error)")
  }

  @Test func `labels from 1 under MNIST's names are as many classes as there are`() throws {
    let scratch = try ScratchDirectory()
    try SmallMNIST.write(
      to: scratch,
      replacing: [
        "train-images-idx3-ubyte": idx([12, 1, 1], (0..<12).map { UInt8($0) }),
        "train-labels-idx1-ubyte": idx([12], (1...12).map { UInt8($0) }),
        "t10k-images-idx3-ubyte": idx([1, 1, 1], [5]), "t10k-labels-idx1-ubyte": idx([1], [12]),
      ])
    let split = try DataSplit.mnist(directory: scratch.path)
    #expect(split.training.classes == 12 && split.test.label(at: 0) == 11)
    #expect(split.training.dataset.holdsBytes)
  }

  /// QMNIST's eight 32-bit numbers of each sample, the class first.
  private func qmnistLabels(_ classes: [UInt8]) -> [UInt8] {
    idx(
      [UInt32(classes.count), 8],
      classes.flatMap { label in [0, 0, 0, label] + (1..<8).flatMap { [0, 0, 1, UInt8($0)] } }, type: 12)
  }

  @Test(arguments: [true, false]) func `of QMNIST's numbers the first is the label`(hasOwnNames: Bool) throws {
    let scratch = try ScratchDirectory()
    let files = [
      ("train-images-idx3-ubyte", SmallMNIST.trainImages), ("train-labels-idx2-int", qmnistLabels([5, 0, 9])),
      ("test-images-idx3-ubyte", SmallMNIST.testImages), ("test-labels-idx2-int", qmnistLabels([1, 2])),
    ]
    for (name, bytes) in files {
      let plain = name.replacing("test-", with: "t10k-").replacing("idx2-int", with: "idx1-ubyte")
      try scratch.write(hasOwnNames ? "qmnist-" + name : plain, bytes)
    }
    for split in [
      try DataSplit.qmnist(directory: scratch.path), try DataSplit.mnist(directory: scratch.path),
    ] {
      #expect((0..<3).map(split.training.label) == [5, 0, 9] && split.training.classes == 10)
      #expect((0..<2).map(split.test.label) == [1, 2])
      #expect(split.training.dataset.values(of: 0) == [0, 1, 2, 3])
    }
  }

  @Test func `QMNIST wins over MNIST where it is asked for and both are there`() throws {
    let scratch = try ScratchDirectory()
    try SmallMNIST.write(to: scratch)
    for part in ["train", "test"] {
      try scratch.write("qmnist-\(part)-images-idx3-ubyte", idx([1, 1, 1], [8]))
      try scratch.write("qmnist-\(part)-labels-idx2-int", qmnistLabels([4]))
    }
    #expect(try DataSplit.qmnist(directory: scratch.path).training.count == 1)
    #expect(try DataSplit.mnist(directory: scratch.path).training.count == 3)
  }

  @Test(
    arguments: [
      (UInt8(9), [0xff, 0x02], [-1.0, 2]), (11, [0xff, 0xfe, 0x01, 0x00], [-2, 256]),
      (12, [0xff, 0xff, 0xff, 0xfd, 0x00, 0x01, 0x00, 0x00], [-3, 65536]),
      (13, [0x3f, 0xc0, 0, 0, 0xc0, 0x20, 0, 0], [1.5, -2.5]),
      (14, [0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a, 0xc0, 0x24, 0, 0, 0, 0, 0, 0], [0.1, -10]),
    ] as [(UInt8, [UInt8], [Double])], ["", ".gz"])
  func `values of every IDX type are read`(
    file: (type: UInt8, bytes: [UInt8], values: [Double]), suffix: String
  ) throws {
    let scratch = try ScratchDirectory()
    let images = idx([1, 1, 2], file.bytes, type: file.type)
    try SmallMNIST.write(
      to: scratch,
      replacing: [
        "train-labels-idx1-ubyte": idx([1], [7]), "t10k-images-idx3-ubyte": idx([1, 1, 2], [3, 4]),
        "t10k-labels-idx1-ubyte": idx([1], [7]),
        "train-images-idx3-ubyte" + suffix: suffix.isEmpty ? images : gzipped(images),
      ], without: suffix.isEmpty ? [] : ["train-images-idx3-ubyte"])
    let split = try DataSplit.mnist(directory: scratch.path)
    #expect(split.training.dataset.values(of: 0) == file.values)
    #expect(split.test.dataset.values(of: 0) == [3, 4])
  }

  @Test func `labels of other integer types and whole floats are classes`() throws {
    for labels in [
      idx([3], [5, 0, 9], type: 9), idx([3], [0, 5, 0, 0, 0, 9], type: 11),
      idx([3], [0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9], type: 12),
      idx([3], [0x40, 0xa0, 0, 0, 0, 0, 0, 0, 0x41, 0x10, 0, 0], type: 13),
    ] {
      let scratch = try ScratchDirectory()
      try SmallMNIST.write(to: scratch, replacing: ["train-labels-idx1-ubyte": labels])
      #expect((0..<3).map(try DataSplit.mnist(directory: scratch.path).training.label) == [5, 0, 9])
    }
  }
}
