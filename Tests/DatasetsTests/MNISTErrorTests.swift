internal import Datasets
internal import Foundation
internal import TestSupport
internal import Testing

/// A set of files that cannot be read, and what must be said of it.
struct BadFiles: CustomTestStringConvertible, Sendable {
  let testDescription: String
  /// Files to write, in place of good ones.
  let files: [String: [UInt8]]
  /// Files to leave out.
  var without: [String] = []
  var kind = DatasetError.Kind.content
  var sample: Int?
  let says: [String]

  init(
    _ name: String, _ files: [String: [UInt8]] = [:], without: [String] = [], kind: DatasetError.Kind = .content,
    sample: Int? = nil, says: [String]
  ) {
    testDescription = name
    self.files = files
    self.without = without
    self.kind = kind
    self.sample = sample
    self.says = says
  }
}

private let images = "train-images-idx3-ubyte"
private let labels = "train-labels-idx1-ubyte"
private let good = SmallMNIST.trainImages
private let packed = gzipped(SmallMNIST.trainImages)
private let huge = UInt32.max

private let cases: [BadFiles] = [
  BadFiles("a missing file", without: [labels], kind: .missing, says: ["holds no \(labels)", "all four"]),
  BadFiles(
    "two missing files", without: [labels, "t10k-images-idx3-ubyte"], kind: .missing,
    says: ["holds no \(labels), t10k-images-idx3-ubyte"]),
  BadFiles("an empty file", [images: []], says: ["is not an IDX file: it is empty"]),
  BadFiles(
    "a web page", [images: Array("<html>".utf8)], says: ["is not an IDX file", "starts with 3c 68 74 6d", "fetch"]),
  BadFiles(
    "a type that there is not", [images: idx([3, 2, 2], [], type: 10)],
    says: ["IDX type 10, which the format does not have"]),
  BadFiles(
    "images that are not finite",
    [images: idx([3, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0x80, 0, 0], type: 13)], sample: 2,
    says: ["sample 2: a value is inf, which is not a finite number"]),
  BadFiles(
    "labels that are no whole numbers", [labels: idx([3], [0, 0, 0, 0, 0x3f, 0xc0, 0, 0, 0, 0, 0, 0], type: 13)],
    sample: 1, says: ["sample 1: the label is 1.5", "not a whole number"]),
  BadFiles(
    "labels in columns that are not QMNIST's", [labels: idx([3, 2], [1, 2, 3, 4, 5, 6])],
    says: ["holds 3 × 2 unsigned bytes", "QMNIST's 8 32-bit integers"]),
  BadFiles(
    "negative labels", [labels: idx([3], [0xff, 1, 2], type: 9)], sample: 0,
    says: ["sample 0: the label is -1", "from 0 or 1 without gaps"]),
  BadFiles(
    "labels for images", [images: SmallMNIST.trainLabels], says: ["has 1 dimension, not the 3 of images", "exchanged"]),
  BadFiles("images for labels", [labels: good], says: ["has 3 dimensions, not the 1 of labels", "exchanged"]),
  BadFiles("a cut header", [images: Array(good[..<10])], says: ["ends after 10 of 16 bytes of its header"]),
  BadFiles(
    "a cut file", [images: Array(good.dropLast(5))],
    says: ["promises 28 bytes in its header but holds 23", "incomplete: fetch it again"]),
  BadFiles("a file that is too long", [images: good + [0]], says: ["goes on after the 28 bytes its header promises"]),
  BadFiles("no samples", [images: idx([0, 2, 2], [])], says: ["holds no samples"]),
  BadFiles("images without pixels", [images: idx([3, 0, 2], [])], says: ["holds no samples"]),
  BadFiles("sizes that overflow", [images: idx([huge, huge, huge], [1])], says: ["more than any file holds"]),
  BadFiles("negative sizes", [images: idx([3, huge, 1], [1])], says: ["promises 12884901901 bytes", "holds 17"]),
  BadFiles(
    "a large promise in a small gzip file", [images: gzipped(idx([60000, 28, 28], [1, 2, 3]))],
    says: ["promises 47040016 bytes", "at most"]),
  BadFiles(
    "gzip data shorter than promised", [images: gzipped(idx([3, 2, 2], [1, 2, 3]))],
    says: ["ends after 19 of 28 uncompressed bytes"]),
  BadFiles("gzip data longer than promised", [images: gzipped(good + [0])], says: ["goes on after the 28 bytes"]),
  BadFiles(
    "a cut gzip file", [images: Array(packed.dropLast(15))], says: ["ends within its gzip data", "fetch it again"]),
  BadFiles("a cut checksum", [images: Array(packed.dropLast(1))], says: ["ends within its gzip data"]),
  BadFiles("only gzip's first bytes", [images: [0x1f, 0x8b]], says: ["ends within its gzip data, after 2 bytes"]),
  BadFiles(
    "a changed byte in gzip data", [images: packed.enumerated().map { $0 == 34 ? $1 ^ 1 : $1 }],
    says: ["damaged gzip data (incorrect data check)"]),
  BadFiles("other bytes after gzip data", [images: packed + [1, 2]], says: ["bytes that are no gzip data follow"]),
  BadFiles("too few labels", [labels: idx([2], [1, 2])], says: ["holds 2 labels for the 3 images of", images]),
  BadFiles(
    "a label after a gap", [labels: idx([3], [1, 10, 2])], sample: 1,
    says: ["sample 1: the label is 10, and the next smaller one is 2", "without gaps"]),
  BadFiles(
    "a test label that is no class", ["t10k-labels-idx1-ubyte": idx([2], [1, 10])], sample: 1,
    says: ["sample 1: the label is 10, but the classes of the training set are 0 to 9", "one data set"]),
  BadFiles(
    "test images of another size", ["t10k-images-idx3-ubyte": idx([2, 1, 4], [1, 2, 3, 4, 5, 6, 7, 8])],
    says: ["1×4 pixels", "training set have 2×2"]),
]

@Suite struct MNISTErrorTests {
  @Test(arguments: cases) func `a damaged file is named with what is wrong and how to mend it`(bad: BadFiles) throws {
    let scratch = try ScratchDirectory()
    try SmallMNIST.write(to: scratch, replacing: bad.files, without: bad.without)
    let error = try failure { try DataSplit.mnist(directory: scratch.path) }
    #expect(error.kind == bad.kind)
    #expect(error.sample == bad.sample)
    for fragment in bad.says { #expect(error.description.contains(fragment), "\(error)") }
    #expect(error.path.hasPrefix(scratch.path))
    #expect(!error.description.contains("\n"))
  }

  @Test func `a directory that is missing, and a file in its place, are told apart`() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.write("file", "x")
    let missing = try failure { try DataSplit.mnist(directory: scratch.path + "/nothing") }
    #expect(missing.kind == .missing)
    #expect(missing.description.contains("nothing does not exist; give the directory of the four MNIST files"))
    let wrong = try failure { try DataSplit.mnist(directory: file) }
    #expect(wrong.kind == .missing)
    #expect(wrong.description.contains("is not a directory"))
  }

  @Test func `a directory where a file should be is named`() throws {
    let scratch = try ScratchDirectory()
    try SmallMNIST.write(to: scratch, without: [images])
    try scratch.write(images + "/inside", "x")
    let error = try failure { try DataSplit.mnist(directory: scratch.path) }
    #expect(error.kind == .missing)
    #expect(error.description.contains("\(images) is a directory, not a file"))
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything"))
  func `a file without permission is named with the reason`() throws {
    let scratch = try ScratchDirectory()
    try SmallMNIST.write(to: scratch)
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: scratch.path + "/" + images)
    let error = try failure { try DataSplit.mnist(directory: scratch.path) }
    #expect(error.kind == .missing)
    #expect(error.description.contains("cannot be opened: Permission denied; make it readable"))
  }

  @Test func `control characters of a path are shown, so that an error is one line`() {
    let error = DatasetError(path: "a\nb", kind: .content, line: 3, problem: "the row is odd", remedy: "mend it")
    #expect(error.description == "a\\u{a}b, line 3: the row is odd; mend it")
  }
}
