import RunRecords
import Testing

struct CSVTextTests {
  @Test func `fields that a reader could take for something else are quoted`() {
    var csv = CSVText(header: ["id", "label"])
    csv.append(["0", "plain text"])
    csv.append(["1", "a,b"])
    csv.append(["2", "say \"x\""])
    csv.append(["3", "two\r\nlines"])
    csv.append(["4", " edge"])
    csv.append(["", "ü"])
    #expect(
      csv.text == "id,label\n0,plain text\n1,\"a,b\"\n2,\"say \"\"x\"\"\"\n3,\"two\r\nlines\"\n4,\" edge\"\n,ü\n")
  }
}
