internal import Datasets
internal import Foundation
internal import TestSupport
internal import Testing

/// Reads a text as a training file and, unless another is given, as the test file too.
private func read(
  _ text: String, test: String? = nil, label: LabelColumn = .last, header: HeaderPresence = .automatic
) throws -> DataSplit {
  let scratch = try ScratchDirectory()
  let path = try scratch.write("train.csv", text)
  let testPath = try test.map { try scratch.write("test.csv", $0) } ?? path
  return try DataSplit.csv(path: path, testPath: testPath, label: label, header: header)
}

extension Dataset {
  fileprivate var rows: [[Double]] { (0..<count).map(values) }
  fileprivate var labelNumbers: [Int] { (0..<count).map(label) }
}

@Suite struct CSVTests {
  @Test(arguments: [
    "a,b,label\n1,2,0\n3,4,1\n", "1,2,0\n3,4,1", "1,2,0\r\n3,4,1\r\n\r\n", "\u{feff}1,2,0\n3,4,1\n\n \n",
    "\"1\", \"2\" ,\"0\"\n 3 ,\t4,1\n", "\"a \"\"x\"\"\",\"b,\nc\",label\r\n1,2,0\r\n3,4,1\r\n",
    "+1,2.0,0\n3e0,0.4E+1,1\n",
  ])
  func `a table reads the same however it is written`(text: String) throws {
    let dataset = try read(text).training.dataset
    #expect(dataset.rows == [[1, 2], [3, 4]])
    #expect(dataset.labelNumbers == [0, 1])
    #expect(dataset.classNames == ["0", "1"])
    #expect(dataset.shape == [2])
    #expect(dataset.holdsBytes)
  }

  @Test(arguments: ["1,2,0\n3,4,1", "-1,2,0\n3,4,1", "1,2,0\n3,256,1", "1,2,0\n3,0.5,1"])
  func `features are kept as bytes exactly if all are integers up to 255`(text: String) throws {
    let dataset = try read(text).training.dataset
    let numbers = text.split(whereSeparator: { ",\n".contains($0) }).compactMap { Double($0) }
    #expect(dataset.rows == [Array(numbers[0..<2]), Array(numbers[3..<5])])
    #expect(dataset.holdsBytes == (text == "1,2,0\n3,4,1"))
  }

  @Test(arguments: [
    (LabelColumn.last, [[1.0, 2.0]]), (.index(0), [[2, 3]]), (.index(1), [[1, 3]]), (.index(-2), [[1, 3]]),
    (.name("y"), [[1, 3]]),
  ])
  func `the label column is found by its place or name`(label: LabelColumn, rows: [[Double]]) throws {
    #expect(try read("x,y,z\n1,2,3\n", label: label).training.dataset.rows == rows)
  }

  @Test func `a header of numbers is one only if it is said to be`() throws {
    let text = "0,1,2\n5,6,7\n"
    #expect(try read(text).training.count == 2)
    #expect(try read(text, header: .absent).training.count == 2)
    #expect(try read(text, header: .present).training.dataset.rows == [[5, 6]])
  }

  @Test(arguments: [
    (["0", "1", "2"], ["0", "1", "2"], [0, 1, 2]), (["10", "9", "10"], ["9", "10"], [1, 0, 1]),
    (["1", "2", "3"], ["1", "2", "3"], [0, 1, 2]), (["3", "03", "3.0"], ["3"], [0, 0, 0]),
    (["-1", "1", "-1"], ["-1", "1"], [0, 1, 0]), (["2.5", "1.5", "10"], ["1.5", "2.5", "10"], [1, 0, 2]),
    (["dog", "cat", "10"], ["10", "cat", "dog"], [2, 1, 0]),
    (["\"a \"\"b\"\"\"", "\"c,d\"", "é"], ["a \"b\"", "c,d", "é"], [0, 1, 2]),
  ])
  func `classes are the different labels in order`(labels: [String], names: [String], numbers: [Int]) throws {
    let dataset = try read(labels.map { "1,2,\($0)\n" }.joined(), header: .absent).training.dataset
    #expect(dataset.classNames == names)
    #expect(dataset.labelNumbers == numbers)
  }

  @Test func `a test file takes its classes from the training file`() throws {
    let split = try read("a,b,k\n1,2,x\n3,4,y\n5,6,z\n", test: "7,8,z\n9,10,x\n")
    #expect(split.test.dataset.classNames == ["x", "y", "z"])
    #expect(split.test.dataset.labelNumbers == [2, 0])
    #expect(split.test.dataset.rows == [[7, 8], [9, 10]])
    let named = try read("a,b,k\n1,2,x\n", test: "a,b,k\n1,2,x\n", label: .name("k"))
    #expect(named.test.count == 1)
  }

  @Test func `numbers are the nearest doubles to what is written`() throws {
    var cells = [
      "0.1", "-0.1", "1e22", "1e23", "123456789012345678", "9007199254740993", "1.7976931348623157e308", "4.9e-324",
      "2.2250738585072011e-308", ".5", "5.", "0.000000000000000000000000000001", "1e-400", "-0",
      "12345678901234567890123",
      "179769313486231570000000000000e279", "0e999999999999", "8.5e-7",
    ]
    var generator = SystemRandomNumberGenerator()
    let random = (0..<2000).map { _ in Double(bitPattern: generator.next()) }
    cells += random.filter(\.isFinite).map { "\($0)" }
    let rows = try read(cells.map { "\($0),0.5,1\n" }.joined()).training.dataset.rows
    #expect(rows.count == cells.count)
    for (row, cell) in zip(rows, cells) { #expect(row[0] == (try #require(Double(cell))), "\(cell)") }
  }

  @Test func `rows may lie anywhere across the pieces a file is read in`() throws {
    // The first row ends just before, on and behind a piece of 256 KiB: quotes and line ends fall on every side of it.
    for shift in 0..<24 {
      let name = String(repeating: "x", count: (1 << 18) - 16 + shift - 8)
      let dataset = try read("1,2.5,\(name)\r\n\"3\",4,\"a\"\"\r\n,b\"\r\n5,6,7\r\n", header: .absent).training.dataset
      #expect(dataset.rows == [[1, 2.5], [3, 4], [5, 6]], "\(shift)")
      #expect(dataset.classNames == ["7", "a\"\r\n,b", name], "\(shift)")
    }
  }

  @Test func `a compressed file reads the same`() throws {
    let scratch = try ScratchDirectory()
    let text = (0..<50).map { "\($0),\($0 % 7),\($0 % 3)\n" }.joined()
    let plain = try DataSplit.csv(path: scratch.write("a.csv", text))
    let packed = try DataSplit.csv(path: scratch.write("a.csv.gz", gzipped(Array(text.utf8))))
    #expect(content(plain.training.dataset) == content(packed.training.dataset))
    // Of 17, 17 and 16 rows a fifth each.
    #expect(plain.test.count == 9)
  }
}
