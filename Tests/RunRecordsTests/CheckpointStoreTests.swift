import Foundation
import Kernels
import RunRecords
import TestSupport
import Testing

/// Checkpoints on disk: whole or not there, whatever is done to them.
struct CheckpointStoreTests {
  private let folder: ScratchFolder
  private let store: CheckpointStore

  init() throws {
    folder = try ScratchFolder()
    store = CheckpointStore(RunFolder(path: folder.path))
  }

  private static func state(_ step: Int) -> CheckpointState {
    var state = CheckpointState(
      version: "1", command: "train", ranks: 3, configuration: "data: {set: digits}", data: "d",
      platform: CheckpointState.Platform(blas: "b", blasKernel: "k", mpi: "m", loops: "l"), metricsBytes: 17)
    (state.step, state.epochs, state.seconds) = (step, 2, 0.1 + 0.2)
    return state
  }

  private static func tensors(_ step: Int) -> [CollectedState.File: [SafetensorsTensor]] {
    [
      .model: [SafetensorsTensor(name: "layers.0.weight", shape: [2, 2], values: [Float(step), 2, -0.0, .nan])],
      .optimizer: [
        SafetensorsTensor(name: "step.steps", shape: [1], integers: [step]),
        SafetensorsTensor(name: "step.optimizer.first", shape: [3], values: [1.5, -0.0, Double(step)]),
      ],
    ]
  }

  private func write(_ step: Int) throws {
    try store.write(Self.state(step), Self.tensors(step), metadata: [.model: ["network": "[]"]])
  }

  private func newest() -> (step: Int?, damages: [String]) {
    var damages: [String] = []
    let checkpoint = store.newest { damages.append("\($0)") }
    return (checkpoint?.state.step, damages)
  }

  @Test func `what is written is read, bit by bit`() throws {
    try write(7)
    let read = try #require(store.newest { Issue.record("\($0)") })
    #expect(read.state == Self.state(7))
    #expect(read.tensors == Self.tensors(7))
    let names = try FileManager.default.contentsOfDirectory(atPath: store.folder(ofStep: 7)).sorted()
    #expect(names == ["DONE", "model.safetensors", "optimizer.safetensors", "state.json"])
  }

  @Test func `equal states give equal tensor files`() throws {
    try write(7)
    let first = try Data(contentsOf: URL(fileURLWithPath: store.folder(ofStep: 7) + "/optimizer.safetensors"))
    try write(7)
    #expect(try Data(contentsOf: URL(fileURLWithPath: store.folder(ofStep: 7) + "/optimizer.safetensors")) == first)
    #expect(newest().step == 7)
  }

  @Test func `the newest are kept, and nothing that is newer than the one just written`() throws {
    for step in [3, 10, 9, 200] { try write(step) }
    store.prune(upTo: 10, keeping: 2)
    #expect(store.steps == [9, 10, 200])
    store.prune(upTo: 200, keeping: 0)
    #expect(store.steps == [200])
  }

  @Test func `what a killed run left half-written is no checkpoint and is swept away`() throws {
    try write(5)
    let left = store.path + "/.step-6-abc.tmp"
    try FileManager.default.copyItem(atPath: store.folder(ofStep: 5), toPath: left)
    #expect(newest().step == 5 && newest().damages.isEmpty)
    store.sweep()
    #expect(!FileManager.default.fileExists(atPath: left))
    #expect(newest().step == 5)
  }

  /// Ways to damage a file, by its name.
  static let damages: [(String, @Sendable (inout Data) -> Void)] = [
    ("a flipped bit", { $0[$0.count / 2] ^= 4 }), ("a lost byte", { $0.removeLast() }),
    ("half of it", { $0.removeLast($0.count / 2) }), ("nothing in it", { $0.removeAll() }),
    ("a byte more", { $0.append(10) }),
  ]

  @Test(arguments: ["DONE", "model.safetensors", "optimizer.safetensors", "state.json"], damages.indices)
  func `a damaged file is seen, and the checkpoint before is taken`(name: String, damage: Int) throws {
    try write(5)
    try write(6)
    let file = URL(fileURLWithPath: store.folder(ofStep: 6) + "/" + name)
    var content = try Data(contentsOf: file)
    Self.damages[damage].1(&content)
    try content.write(to: file)
    let found = newest()
    // An empty line more in DONE harms nothing.
    let isHarmless = name == "DONE" && damage == 4
    #expect(found.step == (isHarmless ? 6 : 5), "\(name), \(Self.damages[damage].0)")
    #expect(found.damages.count == (isHarmless ? 0 : 1))
    #expect(found.damages.allSatisfy { $0.contains("step-6") })
  }

  @Test(arguments: ["DONE", "model.safetensors", "optimizer.safetensors", "state.json"])
  func `a missing file, or a folder or a pipe in its place, is seen`(name: String) throws {
    for kind in 0..<3 {
      try write(5)
      try write(6)
      let file = store.folder(ofStep: 6) + "/" + name
      try FileManager.default.removeItem(atPath: file)
      switch kind {
      case 0: break
      case 1: try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
      default: try #require(unsafe mkfifo(file, 0o600) == 0)
      }
      #expect(newest().step == 5 && newest().damages.count == 1)
    }
  }

  @Test(arguments: [
    "../../secret", "/etc/passwd", "model.safetensors/../../../secret", "state.json\0", "model.safetensors ", "",
  ])
  func `DONE names nothing but the files of a checkpoint`(name: String) throws {
    try write(5)
    try write(6)
    _ = try folder.write(Array("x".utf8), to: "secret")
    let file = URL(fileURLWithPath: store.folder(ofStep: 6) + "/DONE")
    let text = try String(contentsOf: file, encoding: .utf8) + String(repeating: "a", count: 64) + "  \(name)\n"
    try Data(text.utf8).write(to: file)
    #expect(newest().step == 5)
    #expect(newest().damages.allSatisfy { $0.contains("names other files") })
  }

  @Test func `a folder with another step's content is damaged, and one with another name is none`() throws {
    try write(5)
    for name in ["step-9", "step-09", "step--9", "step-9x", "step-"] {
      try FileManager.default.copyItem(atPath: store.folder(ofStep: 5), toPath: store.path + "/" + name)
    }
    #expect(store.steps == [5, 9])
    let found = newest()
    #expect(found.step == 5 && found.damages.count == 1)
  }

  @Test func `a name that is taken by something damaged is taken over`() throws {
    try write(5)
    try FileManager.default.removeItem(atPath: store.folder(ofStep: 5) + "/DONE")
    #expect(newest().step == nil)
    try write(5)
    #expect(newest().step == 5 && newest().damages.isEmpty)
  }

  @Test func `where nothing can be written the error says so, and the one before is as it was`() throws {
    try write(5)
    // A file in the place of the folder's parts: whoever runs the test, nothing can be made in it.
    let blocked = CheckpointStore(RunFolder(path: store.folder(ofStep: 5) + "/DONE"))
    #expect { try blocked.write(Self.state(6), Self.tensors(6), metadata: [:]) } throws: { error in
      (error as? RunRecordError)?.kind == .cannotWrite && "\(error)".contains("the checkpoint cannot be written")
    }
    #expect(newest().step == 5)
  }

  @Test func `the first tensor that differs is named, with its element`() throws {
    try write(5)
    let one = try #require(store.newest { _ in })
    try write(6)
    let other = try #require(store.newest { _ in })
    #expect(one.firstDifference(from: one) == nil && one.tensorsSHA256 != other.tensorsSHA256)
    #expect(one.firstDifference(from: other) == "layers.0.weight in model.safetensors, element 0")
  }

  @Test func `two jobs do not write one run, and what a dead one left holds nobody up`() throws {
    let run = RunFolder(path: folder.path)
    var first: RunLock? = try RunLock(run)
    #expect { _ = try RunLock(run) } throws: { error in
      "\(error)".contains("a live job is writing this run (host ") && (error as? RunRecordError)?.kind == .cannotCreate
    }
    _ = first
    first = nil
    #expect(FileManager.default.fileExists(atPath: run.checkpoints + "/lock"))
    _ = try RunLock(run)
  }
}

/// The way of numbers into tensors and back.
struct StateExchangeTests {
  /// Numbers that arithmetic would not keep.
  private static let doubles: [Double] = [
    -0.0, .infinity, .leastNonzeroMagnitude, 0.1, Double(bitPattern: 0x7ff8_0000_dead_beef),
    Double(bitPattern: 0xfff0_0000_0000_0001),
  ]
  private static let floats: [Float] = [
    -0.0, -.infinity, .leastNonzeroMagnitude, 0.1, Float(bitPattern: 0x7fc0_beef), Float(bitPattern: 0xff80_0001),
  ]

  private struct Memory: Resumable {
    let doubles = Arena<Double>(count: 6)
    let floats = Arena<Float>(count: 6)
    let parameters = Arena<Float>(count: 6)
    var list = [0.0, 0.0]
    var counts = [0, 0, 0]
    var (number, count, flag) = (0.0, 0, false)

    mutating func exchange(with state: any StateExchange) throws {
      try state.array("doubles", doubles.all)
      try state.part("inner") { try $0.array("floats", floats.all) }
      try state.parameters([StateBlock(name: "layers.0.weight", shape: [2, 3], range: 0..<6)], parameters.all)
      try state.numbers("list", &list)
      try state.numbers("counts", &counts)
      try state.number("number", &number)
      try state.number("count", &count)
      try state.number("flag", &flag)
    }

    static var filled: Memory {
      var memory = Memory()
      memory.doubles.all.copy(from: StateExchangeTests.doubles)
      memory.floats.all.copy(from: StateExchangeTests.floats)
      memory.parameters.all.copy(from: StateExchangeTests.floats)
      memory.list = [.infinity, -0.0]
      memory.counts = [.max, .min, -1]
      (memory.number, memory.count, memory.flag) = (Double(bitPattern: 0x7ff8_0000_0000_0007), 1 << 62, true)
      return memory
    }
  }

  private func collect(_ memory: Memory) throws -> CollectedState {
    var memory = memory
    let state = CollectedState()
    try memory.exchange(with: state)
    return state
  }

  @Test func `every bit comes back, of Float, Double and Int`() throws {
    let kept = try collect(.filled)
    var memory = Memory()
    let state = RestoredState(kept)
    try memory.exchange(with: state)
    try state.finish()
    #expect(memory.doubles.all.array.map(\.bitPattern) == Self.doubles.map(\.bitPattern))
    #expect(memory.floats.all.array.map(\.bitPattern) == Self.floats.map(\.bitPattern))
    #expect(memory.parameters.all.array.map(\.bitPattern) == Self.floats.map(\.bitPattern))
    #expect(try collect(memory).tensors == kept.tensors)
    #expect(kept.tensors[.model]?.map(\.name) == ["layers.0.weight"])
    #expect(kept.tensors[.optimizer]?.map(\.name).contains("inner.floats") == true)
    #expect(memory.counts == [.max, .min, -1] && memory.flag && memory.count == 1 << 62)
  }

  @Test func `a number that is missing, left over or of another shape is named`() throws {
    let kept = try collect(.filled)
    func mismatch(_ body: (any StateExchange) throws -> Void) throws -> String {
      let state = RestoredState(kept)
      do {
        try body(state)
        try state.finish()
        return "none"
      } catch let mismatch as StateMismatch {
        return "\(mismatch)"
      }
    }
    #expect(try mismatch { _ in } == "it has layers.0.weight in model.safetensors, which these settings do not")
    #expect(
      try mismatch { try $0.array("none", Arena<Float>(count: 1).all) }
        == "it has no none in optimizer.safetensors, which these settings need")
    #expect(
      try mismatch { try $0.array("doubles", Arena<Double>(count: 5).all) }
        == "doubles in optimizer.safetensors is F64 [6], but these settings need F64 [5]")
    #expect(try mismatch { try $0.array("doubles", Arena<Float>(count: 6).all) }.contains("need F32 [6]"))
  }

  @Test func `steps by unit of an earlier version are named`() throws {
    let old = CollectedState()
    try old.part("units") { try $0.array("roots", Arena<Float>(count: 3).all) }
    #expect {
      try RestoredState(old).part("units") { try $0.array("matrices", Arena<Float>(count: 3).all) }
    } throws: {
      "\($0)".hasPrefix("it was written by an earlier rp-dist")
    }
  }
}
