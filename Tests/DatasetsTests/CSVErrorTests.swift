internal import Datasets
internal import Foundation
internal import TestSupport
internal import Testing

/// A text that cannot be read, and what must be said of it.
struct BadTable: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let text: String
  var test: String?
  var label = LabelColumn.last
  var kind = LabelKind.classes
  var header = HeaderPresence.automatic
  var line: Int?
  let says: [String]

  init(
    _ name: String, _ text: String, test: String? = nil, label: LabelColumn = .last,
    kind: LabelKind = .classes, header: HeaderPresence = .automatic, line: Int? = nil, says: [String]
  ) {
    testDescription = name
    self.text = text
    self.test = test
    self.label = label
    self.kind = kind
    self.header = header
    self.line = line
    self.says = says
  }
}

private let cases: [BadTable] = [
  BadTable("an empty file", "", says: ["holds no samples"]),
  BadTable("blank lines", "\n\n", says: ["holds no samples"]),
  BadTable("only a header", "a,b,c\n", says: ["holds no samples, only the names"]),
  BadTable("one column", "1\n2\n", line: 1, says: ["only one column"]),
  BadTable("semicolons", "1;2;3\n", line: 1, says: ["only one column", "commas, not by semicolons"]),
  BadTable("tabs", "1\t2\t3\n", line: 1, says: ["only one column", "commas, not by tabs"]),
  BadTable(
    "a short row", "1,2,3\n1,2\n1,2,3\n", line: 2, says: ["line 2: the row has 2 cells, the first line has 3"]),
  BadTable("a long row", "a,b,c\n1,2,3\n\"1\",2,3,4\n", line: 3, says: ["line 3: the row has 4 cells"]),
  BadTable(
    "a line after a quoted line break", "\"a\nb\",c,d\n1,2,3\n1,2\n", line: 4, says: ["line 4: the row has 2 cells"]),
  BadTable("a blank line between rows", "1,2,3\n\n\n4,5,6\n", line: 2, says: ["line 2: the line is empty"]),
  BadTable("an empty cell", "a,b,c\n1,,3\n", line: 2, says: ["line 2: column \"b\" is empty", "fill the cell"]),
  BadTable("a blank cell without header", "1,2,3\n1, ,3\n", line: 2, says: ["column 1 (counted from 0) is empty"]),
  BadTable("an empty label", "1,2,3\n1,2,\n", line: 2, says: ["column 2 (counted from 0) is empty"]),
  BadTable(
    "NaN", "1,2,3\nNaN,2,3\n", line: 2, says: ["column 0 (counted from 0) holds \"NaN\"", "not a finite number"]),
  BadTable("an infinity", "1,2,3\n1,-Infinity,3\n", line: 2, says: ["\"-Infinity\", which is not a finite number"]),
  BadTable("a number too large", "1,2,3\n1,1e999,3\n", line: 2, says: ["\"1e999\", which is not a finite number"]),
  BadTable("a NaN label", "1,2,3\n1,2,nan\n", line: 2, says: ["column 2 (counted from 0) holds \"nan\""]),
  BadTable("a word", "a,b,c\n1,two,3\n", line: 2, says: ["column \"b\" holds \"two\", which is not a number"]),
  BadTable("a hexadecimal number", "1,2,3\n0x10,2,3\n", line: 2, says: ["\"0x10\", which is not a number"]),
  BadTable("a number with a tail", "1,2,3\n1.5.2,2,3\n", line: 2, says: ["\"1.5.2\""]),
  BadTable("an exponent without digits", "1,2,3\n1e,2,3\n", line: 2, says: ["\"1e\", which is not a number"]),
  BadTable(
    "a long cell", "1,2,3\n\(String(repeating: "w", count: 99)),2,3\n", line: 2, says: ["\"wwwwwwwwwwwwwwwwwwwwwwww…\""]
  ),
  BadTable("a word among the first numbers", "1,two,3\n", line: 1, says: ["\"two\"", "data.header to present"]),
  BadTable(
    "a column's name only over the labels", "0,1,label\n5,6,0\n7,8,1\n", line: 1, says: ["\"label\" is not a number"]),
  BadTable(
    "an unknown label column", "alpha,beta,gamma\n1,2,3\n", label: .name("delta"), line: 1,
    says: ["no column is called"]),
  BadTable(
    "a misspelt label column", "alpha,beta,gamma\n1,2,3\n", label: .name("gama"), line: 1,
    says: ["\"gama\"; did you mean \"gamma\"?"]),
  BadTable("two label columns", "a,y,y\n1,2,3\n", label: .name("y"), line: 1, says: ["2 columns are called \"y\""]),
  BadTable(
    "a label name without header", "a,y\n1,2\n", label: .name("y"), header: .absent,
    says: ["no header", "by its number"]),
  BadTable("a label column too far", "1,2,3\n", label: .index(3), says: ["no label column 3", "0 to 2"]),
  BadTable("a label column too far from the end", "1,2,3\n", label: .index(-4), says: ["no label column -4"]),
  BadTable("an open quote", "1,2,3\n4,\"5,6\n", line: 2, says: ["line 2: a quote opens that does not close"]),
  BadTable("text after a quote", "1,2,3\n4,\"5\"x,6\n", line: 2, says: ["text follows the closing quote of cell 2"]),
  BadTable(
    "a test file of other columns", "1,2,3\n", test: "1,2\n", line: 1, says: ["2 columns, but 3 in the training file"]),
  BadTable(
    "a test file of other names", "a,b,c\n1,2,3\n", test: "a,x,c\n1,2,3\n", line: 1,
    says: ["test.csv, line 1: column \"x\" is \"b\" in the training file"]),
  BadTable(
    "a test file of other classes", "1,2,cat\n1,2,dog\n", test: "1,2,dog\n1,2,cow\n", line: 2,
    says: ["test.csv, line 2: the label \"cow\" does not occur", "cat, dog"]),
  BadTable(
    "more classes than classes can be", (0...10_000).map { "1,2.5,\($0)\n" }.joined(), line: 10_001,
    says: ["more than 10000 different values", "data.label"]),
  BadTable(
    "a word among values", "x,y\n1,2\n3,two\n", kind: .values, line: 3,
    says: ["line 3: column \"y\" holds \"two\", which is not a number", "data.target to label"]),
  BadTable(
    "an empty value", "1,2\n3,\n", kind: .values, line: 2,
    says: ["column 1 (counted from 0) is empty", "fill the cell"]),
  BadTable(
    "a value that is not finite", "1,2\n3,inf\n", kind: .values, line: 2,
    says: ["\"inf\", which is not a finite number"]),
  BadTable(
    "a name over the values only", "0,price\n5,6\n7,8\n", kind: .values, line: 1,
    says: ["\"price\", which is not a number", "data.header to present"]),
  BadTable(
    "too few values to give a fifth away", "1,2\n3,4\n", kind: .values, says: ["fewer than three samples", "test file"]),
]

@Suite struct CSVErrorTests {
  @Test(arguments: cases) func `a damaged table is named with its line and how to mend it`(bad: BadTable) throws {
    let scratch = try ScratchDirectory()
    let path = try scratch.write("train.csv", bad.text)
    let testPath = try bad.test.map { try scratch.write("test.csv", $0) }
    let error = try failure {
      try DataSplit.csv(path: path, testPath: testPath, label: bad.label, kind: bad.kind, header: bad.header)
    }
    #expect(error.kind == .content)
    #expect(error.line == bad.line)
    for fragment in bad.says { #expect(error.description.contains(fragment), "\(error)") }
    #expect(!error.description.contains("\n"))
  }

  @Test func `a file too small to give a fifth away is an error without a test file only`() throws {
    let scratch = try ScratchDirectory()
    let path = try scratch.write("a.csv", "0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    let error = try failure { try DataSplit.csv(path: path) }
    #expect(error.kind == .content)
    #expect(error.description.contains("give a test file"))
    #expect(try DataSplit.csv(path: path, testPath: path).test.count == 4)
  }

  @Test func `UTF-16, a missing file and a directory are named`() throws {
    let scratch = try ScratchDirectory()
    let wide = try scratch.write("wide.csv", [0xff, 0xfe, 49, 0, 44, 0, 50, 0])
    #expect(try failure { try DataSplit.csv(path: wide) }.description.contains("is UTF-16 text; save it as UTF-8"))
    let missing = try failure { try DataSplit.csv(path: scratch.path + "/none.csv") }
    #expect(missing.kind == .missing)
    #expect(missing.description.contains("none.csv does not exist"))
    let directory = try failure { try DataSplit.csv(path: scratch.path) }
    #expect(directory.kind == .missing)
    #expect(directory.description.contains("is a directory, not a file"))
    let packed = try scratch.write("cut.csv.gz", gzipped(Array("1,2,3\n".utf8)).dropLast(4))
    let cut = try failure { try DataSplit.csv(path: packed) }
    #expect(cut.kind == .content)
    #expect(cut.description.contains("ends within its gzip data"))
  }
}
