internal import Datasets
internal import Foundation
internal import TestSupport
internal import Testing

private let first = cifarRecords(labels: [3, 9])
private let third = cifarRecords(labels: [0])
private let test = cifarRecords(labels: [7, 1])
/// In an order of the archive's own, with another file among them.
private let archive = tar([
  ("cifar-10-batches-bin/data_batch_3.bin", third), ("cifar-10-batches-bin/readme.html", Array("<p>".utf8)),
  ("cifar-10-batches-bin/test_batch.bin", test), ("cifar-10-batches-bin/data_batch_1.bin", first),
])

enum CIFARForm: CaseIterable {
  case directory, subdirectory, archiveInDirectory, plainArchive, compressedArchive, plainArchiveNamedCompressed
}

@Suite struct CIFARTests {
  /// Writes the small files in one of the forms and returns the path to give.
  private func write(_ form: CIFARForm, to scratch: ScratchDirectory) throws -> String {
    switch form {
    case .directory, .subdirectory:
      let prefix = form == .directory ? "" : "cifar-10-batches-bin/"
      try scratch.write(prefix + "data_batch_1.bin", first)
      try scratch.write(prefix + "data_batch_3.bin", third)
      try scratch.write(prefix + "test_batch.bin", test)
      return scratch.path
    case .archiveInDirectory:
      try scratch.write("cifar-10-binary.tar.gz", gzipped(archive))
      return scratch.path
    case .plainArchive: return try scratch.write("a.tar", archive)
    case .compressedArchive: return try scratch.write("a.tgz", gzipped(archive))
    case .plainArchiveNamedCompressed: return try scratch.write("a.tar.gz", archive)
    }
  }

  @Test(arguments: CIFARForm.allCases) func `CIFAR-10 reads the same from every form`(form: CIFARForm) throws {
    let scratch = try ScratchDirectory()
    let split = try DataSplit.cifar10(path: try write(form, to: scratch))
    let training = split.training.dataset
    #expect(training.shape == [3, 32, 32])
    #expect(training.features == 3072)
    #expect(training.classNames[9] == "truck")
    #expect(training.count == 3)
    #expect((0..<3).map(training.label) == [3, 9, 0])
    #expect(split.test.count == 2)
    #expect((0..<2).map(split.test.label) == [7, 1])
    // Pixel j of record i is label + i + j: the second record, and the one of the third file.
    let second: [Double] = (0..<3072).map { Double(($0 + 10) % 256) }
    let last: [Double] = (0..<3072).map { Double($0 % 256) }
    #expect(training.values(of: 1) == second)
    #expect(training.values(of: 2) == last)
    var expected = Data()
    for pixels in [first[1..<3073], first[3074...], third[1...]] { expected.append(contentsOf: pixels) }
    expected.append(contentsOf: [3, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0])
    #expect(content(training) == expected)
  }

  @Test(.enabled(if: SharedData.has(SharedData.cifarArchive)))
  func `the shared archive has its 10,000 and 10,000 images`() throws {
    let split = try DataSplit.cifar10(path: SharedData.cifarArchive)
    let (training, test) = (split.training, split.test)
    #expect(training.count == 10_000)
    #expect(test.count == 10_000)
    #expect((0..<5).map(training.label) == [2, 3, 9, 5, 8])
    #expect((0..<5).map(test.label) == [4, 1, 4, 9, 8])
    #expect(training.dataset.values(of: 0).prefix(5) == [141, 145, 160, 155, 199])
    #expect(training.dataset.values(of: 9_999).suffix(3) == [167, 171, 174])
    for label in 0..<10 { #expect((0..<10_000).count { test.label(at: $0) == label } == 1000) }
    #expect(try DataSplit.cifar10(path: SharedData.directory + "/cifar-10").training.count == 10_000)
  }

  @Test(arguments: [
    BadFiles("nothing", ["x": []], kind: .missing, says: ["holds no data_batch_1.bin", "unpack cifar-10-binary"]),
    BadFiles("the Python version", ["data_batch_1": [1]], kind: .missing, says: ["Python version, not the binary one"]),
    BadFiles("no test batch", ["data_batch_1.bin": first], kind: .missing, says: ["holds no test_batch.bin"]),
    BadFiles("no training batch", ["test_batch.bin": test], kind: .missing, says: ["holds no data_batch_1.bin"]),
    BadFiles("an empty batch", ["data_batch_2.bin": []], says: ["data_batch_2.bin holds no samples"]),
    BadFiles(
      "a cut batch", ["data_batch_1.bin": Array(first.dropLast(100))],
      says: ["data_batch_1.bin ends after 6046 of 6146 bytes", "fetch it again"]),
    BadFiles(
      "a label above 9", ["data_batch_1.bin": cifarRecords(labels: [1, 2, 10])], sample: 2,
      says: ["data_batch_1.bin, sample 2: the label is 10"]),
  ])
  func `a damaged directory is named with what is wrong`(bad: BadFiles) throws {
    let scratch = try ScratchDirectory()
    for (name, bytes) in bad.files { try scratch.write(name, bytes) }
    let error = try failure { try DataSplit.cifar10(path: scratch.path) }
    #expect(error.kind == bad.kind)
    #expect(error.sample == bad.sample)
    for fragment in bad.says { #expect(error.description.contains(fragment), "\(error)") }
  }

  @Test(arguments: [
    BadFiles("an empty file", ["a.tar": []], says: ["is empty"]),
    BadFiles("a short file", ["a.tar": [1, 2]], says: ["is not a tar archive"]),
    BadFiles("another file", ["a.tar": Array(repeating: 65, count: 2000)], says: ["is not a tar archive", "cifar-10"]),
    BadFiles("a cut archive", ["a.tar": Array(archive[..<5000])], says: ["ends within the archive", "fetch it again"]),
    BadFiles("a cut header", ["a.tar": Array(archive[..<4000])], says: ["ends within the archive"]),
    BadFiles(
      "a cut compressed archive", ["a.tar.gz": Array(gzipped(archive).dropLast(9000))],
      says: ["ends within its gzip data"]),
    BadFiles("a cut checksum", ["a.tar.gz": gzipped(archive).dropLast(2)], says: ["ends within its gzip data"]),
    BadFiles(
      "a compressed piece of an archive", ["a.tar.gz": gzipped(Array(archive[..<2000]))],
      says: ["(data_batch_3.bin) ends after 1488 of 3073 bytes"]),
    BadFiles(
      "a damaged header", ["a.tar": archive.enumerated().map { $0 == 4096 + 124 ? 55 : $1 }],
      says: ["damaged tar header at byte 4096"]),
    BadFiles("nothing in it", ["a.tar": tar([("x", [1])])], kind: .missing, says: ["holds no data_batch_1.bin"]),
    BadFiles(
      "no test batch", ["a.tar": tar([("data_batch_1.bin", first)])], kind: .missing, says: ["holds no test_batch.bin"]),
    BadFiles(
      "a label above 9", ["a.tar": tar([("b/test_batch.bin", cifarRecords(labels: [200]))])], sample: 0,
      says: ["a.tar (test_batch.bin), sample 0: the label is 200"]),
    BadFiles(
      "a cut batch in it", ["a.tar": tar([("b/test_batch.bin", [1, 2, 3])])],
      says: ["(test_batch.bin) ends after 3 of 3073 bytes"]),
  ])
  func `a damaged archive is named with what is wrong`(bad: BadFiles) throws {
    let scratch = try ScratchDirectory()
    for (name, bytes) in bad.files {
      let path = try scratch.write(name, bytes)
      let error = try failure { try DataSplit.cifar10(path: path) }
      #expect(error.kind == bad.kind)
      #expect(error.sample == bad.sample)
      for fragment in bad.says { #expect(error.description.contains(fragment), "\(error)") }
    }
  }

  @Test func `a path that does not exist is named`() throws {
    let error = try failure { try DataSplit.cifar10(path: "/nowhere/cifar") }
    #expect(error.kind == .missing)
    #expect(error.description.contains("/nowhere/cifar does not exist; give the directory cifar-10-batches-bin"))
  }
}
