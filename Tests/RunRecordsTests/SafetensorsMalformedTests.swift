import Foundation
import RunRecords
import Testing

struct SafetensorsMalformedTests {
  /// A file that must be refused, and the sentence about it after its path.
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let sentence: String

    init(_ name: String, _ bytes: [UInt8], _ sentence: String) {
      self.name = name
      self.bytes = bytes
      self.sentence = sentence
    }

    /// A file with a wrong header; "…" stands for the usual remedy.
    init(_ header: String, data: Int = 0, _ sentence: String) {
      name = header
      bytes = safetensorsBytes(header: header, dataCount: data)
      self.sentence = sentence.replacingOccurrences(
        of: "…", with: "; write the file again with the program that made it")
    }

    var testDescription: String { name }
  }

  private static let sound = safetensorsBytes(
    header: #"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}   "#, dataCount: 24)
  private static let ofPython = "; convert it in Python with safetensors"
  private static let givePath = "; give the path of a .safetensors file"
  private static let copyAgain = "; the copy is incomplete; copy it again"

  private static let foreign = [
    Case("empty", [], " is empty" + copyAgain),
    Case("3 bytes", [1, 2, 3], " ends after 3 of the 8 bytes that hold the length of its header" + copyAgain),
    Case("{}", Array("{}".utf8), " ends after 2 of the 8 bytes that hold the length of its header" + copyAgain),
    Case(
      "JSON", Array("{\"a\": [1]}".utf8),
      " is not a safetensors file: it begins with '{' like a JSON text" + givePath),
    Case(
      "zip", Array("PK\u{3}\u{4}\u{14}\0\0\0\0\0".utf8),
      " is not a safetensors file: it is a zip archive, the format of torch.save and numpy.savez" + ofPython),
    Case(
      "pickle", [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9],
      " is not a safetensors file: it is a Python pickle, as of torch.save" + ofPython),
    Case(
      "numpy", [0x93] + Array("NUMPY\u{1}\0v\0{'descr'".utf8),
      " is not a safetensors file: it is a NumPy array" + ofPython),
    Case(
      "gzip", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
      " is not a safetensors file: it is compressed with gzip; decompress it with gunzip"),
    Case(
      "LFS", Array("version https://git-lfs.github.com/spec/v1\n".utf8),
      " is not a safetensors file: it is a Git LFS pointer, not the data; fetch the data with git lfs pull"),
    Case(
      "HTML", Array("<!DOCTYPE html>".utf8),
      " is not a safetensors file: it begins with '<' like a web page;"
        + " download the file itself, not the page about it"),
    Case(
      "text", Array("learning rate 0.1".utf8),
      " is not a safetensors file: '{' should stand at byte 8, where the header begins, but byte 32 does" + givePath),
    Case(
      "long header", [UInt8](repeating: 0xff, count: 8) + Array("{}".utf8),
      " is not a safetensors file: its header would have 18446744073709551615 bytes, outside 2...100000000" + givePath),
    Case(
      "100 MB and one", [1, 0xe1, 0xf5, 5, 0, 0, 0, 0] + Array("{}".utf8),
      " is not a safetensors file: its header would have 100000001 bytes, outside 2...100000000" + givePath),
    Case(
      "zeros", [UInt8](repeating: 0, count: 100),
      " is not a safetensors file: '{' should stand at byte 8, where the header begins, but byte 0 does" + givePath),
    Case("no header", Array(sound.prefix(8)), " ends after 8 of at least 68 bytes, inside its header" + copyAgain),
    Case("cut header", Array(sound.prefix(20)), " ends after 20 of at least 68 bytes, inside its header" + copyAgain),
    Case("in the data", Array(sound.prefix(80)), " ends after 80 of 92 bytes" + copyAgain),
    Case("before the data", Array(sound.prefix(68)), " ends after 68 of 92 bytes" + copyAgain),
    Case(
      "trailing bytes", sound + [0, 0],
      " has 2 bytes after its last tensor, at byte 92; write the file again with the program that made it"),
  ]

  private static func syntax(_ header: String, _ reason: String, at offset: Int) -> Case {
    Case(header, " has a header that is not valid JSON: \(reason) at byte \(offset) of the file…")
  }

  private static let syntaxErrors = [
    syntax("{]", "a key in quotation marks is missing", at: 9),
    syntax(#"{"a" 1}"#, "':' is missing after a key", at: 13),
    syntax(#"{"a":}"#, "a value is missing", at: 13),
    syntax(#"{"a":1"#, "',' or '}' is missing", at: 14),
    syntax(#"{"a":[1}"#, "',' or ']' is missing", at: 15),
    syntax(#"{"a":1,}"#, "a key in quotation marks is missing", at: 15),
    syntax(#"{"a":-}"#, "a digit is missing", at: 14),
    syntax(#"{"a":01}"#, "',' or '}' is missing", at: 14),
    syntax(#"{"a":1.}"#, "a digit is missing", at: 15),
    syntax("{} x", "something follows the end of the value", at: 11),
    syntax("{\"a\n\":1}", "a control character stands unescaped in a string", at: 11),
    syntax(#"{"a"#, "the text ends inside a string", at: 11),
    syntax(#"{"a\"#, "an unknown escape follows '\\'", at: 12),
    syntax(#"{"\x":1}"#, "an unknown escape follows '\\'", at: 11),
    syntax(#"{"\u12g4":1}"#, "four hexadecimal digits are missing after '\\u'", at: 14),
    syntax(#"{"\ud83d":1}"#, "half of a surrogate pair stands alone", at: 16),
    syntax(#"{"\ude42":1}"#, "half of a surrogate pair stands alone", at: 16),
    syntax(#"{"a":"# + String(repeating: "[", count: 100_000), "more than 32 levels are nested", at: 44),
    Case(
      "not UTF-8", [5, 0, 0, 0, 0, 0, 0, 0] + [0x7b, 0x22, 0xff, 0x22, 0x7d],
      " has a header that is not valid JSON: a string is not valid UTF-8 at byte 9 of the file;"
        + " write the file again with the program that made it"),
  ]

  /// A header whose tensor "a" has these members.
  private static func member(_ members: String, data: Int = 0, _ sentence: String) -> Case {
    Case(#"{"a":{\#(members)}}"#, data: data, ", tensor \"a\": " + sentence)
  }

  private static let f32 = #""dtype":"F32""#
  private static let known = "(F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL)"

  private static let tensors = [
    Case(#"{"a":[1, 2]}"#, ", tensor \"a\": the entry is [1, 2] instead of an object…"),
    member(#""shape":[],"data_offsets":[0,4]"#, "dtype is missing…"),
    member(#"\#(f32),"data_offsets":[0,4]"#, "shape is missing…"),
    member(#"\#(f32),"shape":[]"#, "data_offsets is missing…"),
    member(#"\#(f32),"shape":[],"shape":[]"#, "shape is given twice…"),
    member(
      #""dtype":"F8_E4M3","shape":[],"data_offsets":[0,1]"#,
      "dtype \"F8_E4M3\" is not one of those that rp-dist reads \(known); convert the tensor to F32 or F64"),
    member(
      #""dtype":32,"shape":[],"data_offsets":[0,4]"#,
      "dtype 32 is not one of those that rp-dist reads \(known); convert the tensor to F32 or F64"),
    member(#"\#(f32),"shape":[-1]"#, "shape is [-1] instead of a list of nonnegative integers…"),
    member(#"\#(f32),"shape":[1.0]"#, "shape is [1.0] instead of a list of nonnegative integers…"),
    member(#"\#(f32),"shape":["2"]"#, "shape is a list of 1 values instead of a list of nonnegative integers…"),
    member(#"\#(f32),"shape":4"#, "shape is 4 instead of a list of nonnegative integers…"),
    member(
      #"\#(f32),"shape":[9223372036854775808]"#,
      "shape is [9223372036854775808] instead of a list of nonnegative integers…"),
    member(
      #"\#(f32),"shape":[4294967296,4294967296]"#,
      "shape [4294967296, 4294967296] of F32 has more bytes than any file can hold…"),
    member(
      #"\#(f32),"shape":[4611686018427387904]"#,
      "shape [4611686018427387904] of F32 has more bytes than any file can hold…"),
    member(
      #"\#(f32),"shape":[],"data_offsets":[4,0]"#,
      "data_offsets is [4, 0] instead of [begin, end] with 0 <= begin <= end…"),
    member(
      #"\#(f32),"shape":[],"data_offsets":[-4,0]"#,
      "data_offsets is [-4, 0] instead of [begin, end] with 0 <= begin <= end…"),
    member(
      #"\#(f32),"shape":[],"data_offsets":[0]"#, "data_offsets is [0] instead of [begin, end] with 0 <= begin <= end…"),
    member(
      #"\#(f32),"shape":[],"data_offsets":{}"#,
      "data_offsets is an object instead of [begin, end] with 0 <= begin <= end…"),
    member(
      #"\#(f32),"shape":[2,3],"data_offsets":[0,20]"#, data: 20,
      "shape [2, 3] of F32 needs 24 bytes, but data_offsets [0, 20] hold 20…"),
    member(
      #"\#(f32),"shape":[1],"data_offsets":[4,8]"#, data: 8,
      "data_offsets begin at 4, but the tensors before it end at 0…"),
  ]

  /// A header with tensors of U8 at these offsets.
  private static func offsets(_ entries: KeyValuePairs<String, Range<Int>>, _ sentence: String) -> Case {
    let members = entries.map {
      #""\#($0)":{"dtype":"U8","shape":[\#($1.count)],"data_offsets":[\#($1.lowerBound),\#($1.upperBound)]}"#
    }
    return Case("{\(members.joined(separator: ","))}", data: 8, sentence)
  }

  private static let layout = [
    offsets(
      ["a": 0..<5, "b": 4..<8], #", tensor "b": data_offsets begin at 4, inside tensor "a", which ends at 5…"#),
    offsets(
      ["b": 5..<8, "a": 0..<4], #", tensor "b": data_offsets begin at 5, but the tensors before it end at 4…"#),
    offsets(
      ["a": 0..<8, "z": 3..<3], #", tensor "z": data_offsets begin at 3, inside tensor "a", which ends at 8…"#),
    offsets(["a": 0..<8, "a": 0..<8], #", tensor "a": the name stands twice in the header…"#),
    offsets(["a": 0..<7], " has 1 byte after its last tensor, at byte 68…"),
    offsets(["a": 0..<4096], " ends after 75 of 4163 bytes" + copyAgain),
    offsets(["a": 0..<Int.max], " has a header that describes more bytes than any file can hold…"),
    offsets(
      ["line\\n\u{2028}\u{7f}": 1..<8],
      #", tensor "line\n\u{2028}\u{7f}": data_offsets begin at 1, but the tensors before it end at 0…"#),
    Case(#"{"__metadata__":1}"#, " has a __metadata__ that is 1 instead of an object of strings…"),
    Case(
      #"{"__metadata__":{"k":[]}}"#, #" has [] instead of a string under "k" in its __metadata__…"#),
    Case(#"{"__metadata__":{"k":"1","k":"1"}}"#, #" has the key "k" twice in its __metadata__…"#),
    Case(
      #"{"__metadata__":{},"__metadata__":{}}"#, #", tensor "__metadata__": the name stands twice in the header…"#),
  ]

  @Test(arguments: foreign + syntaxErrors + tensors + layout)
  func `a malformed file is refused with one sentence`(example: Case) throws {
    let directory = try SafetensorsTestDirectory()
    let path = try directory.write(example.bytes)
    let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(contentsOf: path) }
    #expect(error.description == path + example.sentence)
    #expect(error.kind == .content)
    #expect(error.path == path)
    #expect(error.description.split(whereSeparator: \.isNewline).count == 1)
  }

  @Test func `every file that is cut anywhere is refused as incomplete`() throws {
    let directory = try SafetensorsTestDirectory()
    for count in 0..<Self.sound.count {
      let path = try directory.write(Self.sound.prefix(count))
      let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(contentsOf: path) }
      #expect(error.description.hasSuffix("the copy is incomplete; copy it again"), "\(error)")
    }
    #expect(try SafetensorsFile(contentsOf: directory.write(Self.sound)).names == ["a"])
  }

  @Test func `a file with any byte of its header changed is read or refused, never more`() throws {
    let directory = try SafetensorsTestDirectory()
    for position in 0..<68 {
      for change: UInt8 in [1, 0x10, 0x80, 0xff] {
        var bytes = Self.sound
        bytes[position] ^= change
        let path = try directory.write(bytes)
        do {
          let file = try SafetensorsFile(contentsOf: path)
          #expect(file.tensors.map(\.count).reduce(0, +) <= 24)
        } catch {
          #expect(error.kind == .content)
        }
      }
    }
  }
}
