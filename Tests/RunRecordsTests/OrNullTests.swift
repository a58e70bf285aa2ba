import Foundation
import RunRecords
import Testing

/// A value that is null where there is none.
struct OrNullTests {
  private struct Object: Codable, Equatable {
    var name: String
    @OrNull var loss: Double? = nil
  }

  @Test func `every key is written, and null where there is no value`() throws {
    #expect(try jsonText(Object(name: "a")) == #"{"loss":null,"name":"a"}"#)
    #expect(try jsonText(Object(name: "a", loss: 0.5)) == #"{"loss":0.5,"name":"a"}"#)
  }

  @Test func `a value, null and a missing key are read`() throws {
    for (text, loss) in [
      (#"{"name":"a","loss":0.5}"#, 0.5), (#"{"name":"a","loss":null}"#, nil), (#"{"name":"a"}"#, nil),
    ] as [(String, Double?)] {
      #expect(try JSONDecoder().decode(Object.self, from: Data(text.utf8)) == Object(name: "a", loss: loss))
    }
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Object.self, from: Data(#"{"name":"a","loss":"much"}"#.utf8))
    }
  }
}
