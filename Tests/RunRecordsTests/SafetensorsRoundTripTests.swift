import RunRecords
import Testing

struct SafetensorsRoundTripTests {
  private static let floats: [Float] = [0, -0.0, 1, -1.5, .pi, .infinity, -.infinity, .leastNonzeroMagnitude]
  private static let doubles: [Double] = [0, -0.0, 1, -1.5, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
  private static let file = SafetensorsFile(
    tensors: [
      SafetensorsTensor(name: "layers.0.weight", shape: [2, 2, 2], values: floats),
      SafetensorsTensor(name: "moments", shape: [7], values: doubles),
      SafetensorsTensor(name: "scalar", shape: [], values: [Float(2.5)]),
      SafetensorsTensor(name: "empty", shape: [3, 0], values: [Double]()),
      SafetensorsTensor(name: "\"Ẇ\" \\ \n\u{1}/🙂", shape: [1], values: [Float.nan]),
    ],
    metadata: ["network": "{\"layers\": [784, 10]}", "ü": "line\r\nline", "": ""])

  @Test func `what is written is read back bit for bit and in order`() throws {
    let directory = try SafetensorsTestDirectory()
    let path = directory.path + "/M.safetensors"
    try Self.file.write(to: path)
    let read = try SafetensorsFile(contentsOf: path)
    #expect(read == Self.file)
    #expect(read.names == Self.file.names)
    #expect(read.metadata == Self.file.metadata)

    let weight = try #require(read.tensor(named: "layers.0.weight"))
    #expect(weight.dtype == .f32)
    #expect(weight.shape == [2, 2, 2])
    #expect(weight.count == 8)
    #expect(weight.floats.map(\.bitPattern) == Self.floats.map(\.bitPattern))
    #expect(weight.doubles == Self.floats.map(Double.init))
    let moments = try #require(read.tensor(named: "moments"))
    #expect(moments.dtype == .f64)
    #expect(moments.doubles.map(\.bitPattern) == Self.doubles.map(\.bitPattern))
    #expect(moments.floats == Self.doubles.map(Float.init))
    let scalar = try #require(read.tensor(named: "scalar"))
    #expect(scalar.shape == [])
    #expect(scalar.floats == [2.5])
    let empty = try #require(read.tensor(named: "empty"))
    #expect(empty.shape == [3, 0])
    #expect(empty.dtype == .f64)
    #expect(empty.doubles == [])
    #expect(read.tensor(named: "absent") == nil)
  }

  @Test func `a file without tensors and metadata has a header of eight bytes`() throws {
    let directory = try SafetensorsTestDirectory()
    let path = directory.path + "/M.safetensors"
    let file = SafetensorsFile(tensors: [])
    try file.write(to: path)
    #expect(try fileBytes(path) == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
    #expect(try SafetensorsFile(contentsOf: path) == file)
  }

  @Test func `the bytes are those of the format with wide elements first`() throws {
    let directory = try SafetensorsTestDirectory()
    let path = directory.path + "/M.safetensors"
    let file = SafetensorsFile(
      tensors: [
        SafetensorsTensor(name: "a", shape: [1], values: [Float(1)]),
        SafetensorsTensor(name: "b", shape: [], values: [Double(-2)]),
      ], metadata: ["y": "2", "x": "1"])
    try file.write(to: path)
    let header =
      #"{"__metadata__":{"x":"1","y":"2"},"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"#
      + #""b":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}"#
    let padding = String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    let data: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0x80, 0x3f]
    #expect(try fileBytes(path) == safetensorsBytes(header: header + padding) + data)
  }

  @Test func `the same tensors give the same bytes`() throws {
    let directory = try SafetensorsTestDirectory()
    let paths = ["/1.safetensors", "/2.safetensors", "/3.safetensors"].map { directory.path + $0 }
    try Self.file.write(to: paths[0])
    let keys = Self.file.metadata.keys.sorted().reversed()
    let metadata = Dictionary(uniqueKeysWithValues: keys.map { ($0, Self.file.metadata[$0, default: ""]) })
    try SafetensorsFile(tensors: Self.file.tensors, metadata: metadata).write(to: paths[1])
    try SafetensorsFile(contentsOf: paths[0]).write(to: paths[2])
    let bytes = try fileBytes(paths[0])
    #expect(try fileBytes(paths[1]) == bytes)
    #expect(try fileBytes(paths[2]) == bytes)
  }

  @Test func `every type that is read is converted and written back as it was`() throws {
    let rows: [(dtype: String, bytes: [UInt8], values: [Double])] = [
      ("F64", [0, 0, 0, 0, 0, 0, 0xf8, 0xbf], [-1.5]),
      ("F32", [0, 0, 0xc0, 0xbf], [-1.5]),
      ("F16", [0, 0xbe, 1, 0, 0, 0xfc], [-1.5, 0x1p-24, -.infinity]),
      ("BF16", [0xc0, 0xbf, 0x80, 0x7f], [-1.5, .infinity]),
      ("I64", [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [-2]),
      ("I32", [0xfe, 0xff, 0xff, 0xff], [-2]),
      ("I16", [0xfe, 0xff], [-2]),
      ("I8", [0xfe, 0x7f], [-2, 127]),
      ("U64", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x1p64]),
      ("U32", [0xfe, 0xff, 0xff, 0xff], [4_294_967_294]),
      ("U16", [0xfe, 0xff], [65534]),
      ("U8", [0xfe, 7], [254, 7]),
      ("BOOL", [0, 1, 2], [0, 1, 1]),
    ]
    #expect(Set(rows.map(\.dtype)) == Set(SafetensorsDType.allCases.map(\.rawValue)))
    let directory = try SafetensorsTestDirectory()
    for row in rows {
      let header =
        #"{"x":{"dtype":"\#(row.dtype)","shape":[\#(row.values.count)],"data_offsets":[0,\#(row.bytes.count)]}}"#
      let path = try directory.write(safetensorsBytes(header: header) + row.bytes)
      let file = try SafetensorsFile(contentsOf: path)
      let tensor = try #require(file.tensor(named: "x"))
      #expect(tensor.doubles == row.values, "\(row.dtype)")
      #expect(tensor.floats == row.values.map(Float.init), "\(row.dtype)")
      try file.write(to: path)
      #expect(try SafetensorsFile(contentsOf: path) == file, "\(row.dtype)")
    }
  }

  @Test func `the bits of NaN are kept`() {
    let singles: [Float] = [.nan, -.nan, .signalingNaN, Float(nan: 5, signaling: false)]
    let doubles: [Double] = [.nan, -.nan, .signalingNaN, Double(nan: 5, signaling: false)]
    #expect(
      SafetensorsTensor(name: "x", shape: [4], values: singles).floats.map(\.bitPattern) == singles.map(\.bitPattern))
    #expect(
      SafetensorsTensor(name: "x", shape: [4], values: doubles).doubles.map(\.bitPattern) == doubles.map(\.bitPattern))
  }

  @Test func `other types of Swift are stored in the narrowest type that holds them`() {
    #expect(SafetensorsTensor(name: "x", shape: [1], values: [Float16(0.5)]).dtype == .f32)
    #expect(SafetensorsTensor(name: "x", shape: [0], values: [Double]()).dtype == .f64)
    #expect(SafetensorsTensor(name: "x", shape: [0], values: [Float]()).dtype == .f32)
  }

  @Test func `spaces in the header and an unordered one are accepted`() throws {
    let header =
      "{ \"b\\u00e9\\ud83d\\ude42\" : {\"data_offsets\":[4,8], \"shape\":[ 1 ],\"dtype\":\"F32\"},\n"
      + "\"a\": {\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]}, "
      + "\"e\": {\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4],\"note\":[1.5e3,null]}}   "
    let directory = try SafetensorsTestDirectory()
    let path = try directory.write(safetensorsBytes(header: header) + [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])
    let file = try SafetensorsFile(contentsOf: path)
    #expect(file.names == ["bé🙂", "a", "e"])
    #expect(file.tensors.map(\.floats) == [[2], [1], []])
    #expect(file.metadata.isEmpty)
  }

  @Test func `values that do not fill the shape stop the program`() async {
    await #expect(processExitsWith: .failure) {
      _ = SafetensorsTensor(name: "x", shape: [2, 3], values: [Float](repeating: 0, count: 5))
    }
  }

  @Test func `two tensors of one name stop the program`() async {
    await #expect(processExitsWith: .failure) {
      let tensor = SafetensorsTensor(name: "x", shape: [], values: [Float(0)])
      _ = SafetensorsFile(tensors: [tensor, tensor])
    }
  }
}
