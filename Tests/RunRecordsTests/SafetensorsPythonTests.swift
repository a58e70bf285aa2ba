import Foundation
import RunRecords
import Testing

/// The reference implementation of the format, Python's `safetensors`, as the judge of ours.
///
/// The test script makes a virtual environment with `pip install numpy safetensors` and names its interpreter in
/// RP_DIST_TEST_PYTHON; where that is unset, these tests are skipped.
struct SafetensorsPythonTests {
  private static let python = ProcessInfo.processInfo.environment["RP_DIST_TEST_PYTHON"]

  @Test(.enabled(if: python != nil, "RP_DIST_TEST_PYTHON is unset"))
  func `Python reads what Swift writes`() throws {
    let directory = try SafetensorsTestDirectory()
    let path = directory.path + "/M.safetensors"
    try SafetensorsFile(
      tensors: [
        SafetensorsTensor(
          name: "layers.0.weight", shape: [2, 3],
          values: [0, 0.1, -1, .infinity, .leastNonzeroMagnitude, 2] as [Float]),
        SafetensorsTensor(name: "moments", shape: [3], values: [0.1, -1e300, .leastNonzeroMagnitude] as [Double]),
        SafetensorsTensor(name: "scalar", shape: [], values: [2.5 as Float]),
        SafetensorsTensor(name: "empty", shape: [3, 0], values: [Double]()),
        SafetensorsTensor(name: "\"Ẇ\" \\ 🙂\n\u{1}", shape: [1], values: [7 as Float]),
      ], metadata: ["network": "{\"layers\": [3, 2]}", "ü": "\t\u{1f}"]
    ).write(to: path)
    try run(
      """
      import sys, numpy as np
      from safetensors import safe_open
      from safetensors.numpy import load_file
      tensors = load_file(sys.argv[1])
      expected = {
        "layers.0.weight": np.array([[0, 0.1, -1], [np.inf, 1e-45, 2]], np.float32),
        "moments": np.array([0.1, -1e300, 5e-324], np.float64),
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((3, 0), np.float64),
        '"Ẇ" \\\\ 🙂\\n\\x01': np.array([7], np.float32),
      }
      assert tensors.keys() == expected.keys(), tensors.keys()
      for name, array in expected.items():
        assert tensors[name].dtype == array.dtype, (name, tensors[name].dtype)
        assert tensors[name].shape == array.shape, (name, tensors[name].shape)
        assert tensors[name].tobytes() == array.tobytes(), (name, tensors[name])
      with safe_open(sys.argv[1], framework="numpy") as file:
        assert file.metadata() == {"network": '{"layers": [3, 2]}', "ü": "\\t\\x1f"}, file.metadata()
      """, path)
  }

  @Test(.enabled(if: python != nil, "RP_DIST_TEST_PYTHON is unset"))
  func `Swift reads what Python writes`() throws {
    let directory = try SafetensorsTestDirectory()
    let path = directory.path + "/M.safetensors"
    try run(
      """
      import sys, numpy as np
      from safetensors.numpy import save_file
      save_file({
        "f64": np.array([[0.1, -1e300]], np.float64),
        "f32": np.array([[0.1], [np.nan]], np.float32),
        "f16": np.array([0.1, 65504, 6e-8], np.float16),
        "i64": np.array([-2**62, 3], np.int64),
        "i32": np.array([-7], np.int32),
        "i16": np.array([-300], np.int16),
        "i8": np.array([-128], np.int8),
        "u8": np.array([255], np.uint8),
        "bool": np.array([True, False, True]),
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((0, 4), np.float32),
        'Ẇ "\\\\\\n🙂': np.array([1], np.float32),
      }, sys.argv[1], metadata={"format": "np", "ü": '"\\\\\\n\\x7f'})
      """, path)
    let file = try SafetensorsFile(contentsOf: path)
    let expected: [(name: String, dtype: SafetensorsDType, shape: [Int], values: [Double])] = [
      ("f64", .f64, [1, 2], [0.1, -1e300]),
      ("f16", .f16, [3], [Double(Float16(0.1)), 65504, 0x1p-24]),
      ("i64", .i64, [2], [-0x1p62, 3]),
      ("i32", .i32, [1], [-7]),
      ("i16", .i16, [1], [-300]),
      ("i8", .i8, [1], [-128]),
      ("u8", .u8, [1], [255]),
      ("bool", .bool, [3], [1, 0, 1]),
      ("scalar", .f32, [], [2.5]),
      ("empty", .f32, [0, 4], []),
      ("Ẇ \"\\\n🙂", .f32, [1], [1]),
    ]
    #expect(Set(file.names) == Set(expected.map(\.name) + ["f32"]))
    for row in expected {
      let tensor = try #require(file.tensor(named: row.name))
      #expect(tensor.dtype == row.dtype, "\(row.name)")
      #expect(tensor.shape == row.shape, "\(row.name)")
      #expect(tensor.doubles == row.values, "\(row.name)")
    }
    let single = try #require(file.tensor(named: "f32"))
    #expect(single.shape == [2, 1])
    #expect(single.count == 2)
    #expect(single.floats.first == 0.1)
    #expect(single.floats.last?.isNaN == true)
    #expect(file.metadata == ["format": "np", "ü": "\"\\\n\u{7f}"])
  }

  /// Runs a script; its last words are the failure's message.
  private func run(_ script: String, _ argument: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.python))
    process.arguments = ["-X", "utf8", "-c", script, argument]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let message = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(String(decoding: message, as: UTF8.self))")
  }
}
