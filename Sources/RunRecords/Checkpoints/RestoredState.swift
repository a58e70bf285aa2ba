public import Kernels

/// Restores the state of a training from the files of a checkpoint.
///
/// One rank has read the files. All ranks know which tensors there are, and receive the bytes of each tensor from that
/// rank.
public final class RestoredState: StateExchange {
  public typealias File = CollectedState.File

  /// The names, types and shapes of a checkpoint's tensors, which every rank knows before it takes the first tensor.
  public struct Index: Codable, Equatable, Sendable {
    fileprivate struct Entry: Codable, Equatable {
      var dtype: String
      var shape: [Int]
    }

    /// The entries by file and name.
    fileprivate var entries: [String: [String: Entry]] = [:]

    public init(_ tensors: [File: [SafetensorsTensor]]) {
      for (file, tensors) in tensors {
        for tensor in tensors {
          entries[file.rawValue, default: [:]][tensor.name] = Entry(dtype: tensor.dtype.rawValue, shape: tensor.shape)
        }
      }
    }
  }

  public let isTaking = true
  public var prefix = ""

  private let index: Index
  private let tensors: [String: [String: SafetensorsTensor]]
  /// Sends the bytes that the rank with the files passes to every rank.
  private let share: ([UInt8]) throws -> [UInt8]
  private var taken: [String: Set<String>] = [:]

  /// - Parameters:
  ///   - tensors: empty on a rank that receives the bytes.
  ///   - share: collective, if there are such ranks.
  public init(
    _ index: Index, tensors: [File: [SafetensorsTensor]], share: @escaping ([UInt8]) throws -> [UInt8] = { $0 }
  ) {
    self.index = index
    self.tensors = Dictionary(
      uniqueKeysWithValues: tensors.map { file, tensors in
        (file.rawValue, Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first })
      })
    self.share = share
  }

  /// All tensors on a single rank.
  public convenience init(_ state: CollectedState) {
    self.init(Index(state.tensors), tensors: state.tensors)
  }

  public func array<Scalar: Real>(_ name: String, _ values: Vector<Scalar>) throws {
    guard values.count > 0 else { return }
    try values.copy(from: floats(.optimizer, prefix + name, [values.count]))
  }

  public func numbers(_ name: String, _ values: inout [Int]) throws {
    values = try take(.optimizer, prefix + name, .i64, [values.count]).integers
  }

  public func numbers(_ name: String, _ values: inout [Double]) throws {
    values = try floats(.optimizer, prefix + name, [values.count])
  }

  public func sparseNumbers(_ name: String, _ values: inout [Int]) throws {
    guard index.entries[File.optimizer.rawValue]?[prefix + name] != nil else {
      for k in values.indices { values[k] = 0 }
      return
    }
    try numbers(name, &values)
  }

  public func parameters<Scalar: Real>(_ blocks: [StateBlock], _ values: Vector<Scalar>) throws {
    for block in blocks {
      try values[block.range].copy(from: floats(File(parametersAt: prefix), block.name, block.shape))
    }
  }

  /// - Throws: `StateMismatch` if the checkpoint has tensors that were not taken: it belongs to another training.
  public func finish() throws(StateMismatch) {
    for (file, entries) in index.entries.sorted(by: { $0.key < $1.key }) {
      guard let rest = Set(entries.keys).subtracting(taken[file] ?? []).min() else { continue }
      throw StateMismatch("it has \(rest) in \(file).safetensors, which these settings do not")
    }
  }

  private func floats<Scalar: Real>(_ file: File, _ name: String, _ shape: [Int]) throws -> [Scalar] {
    try take(file, name, Scalar.precision == .float32 ? .f32 : .f64, shape).values(as: Scalar.self)
  }

  private func take(
    _ file: File, _ name: String, _ dtype: SafetensorsDType, _ shape: [Int]
  ) throws -> SafetensorsTensor {
    guard let entry = index.entries[file.rawValue]?[name] else {
      if name.hasSuffix("units.matrices"), index.entries[file.rawValue]?[prefix + "roots"] != nil {
        throw StateMismatch(
          "it was written by an earlier rp-dist, whose steps by unit kept other matrices; train anew, or resume it with "
            + "that version")
      }
      throw StateMismatch("it has no \(name) in \(file.name), which these settings need")
    }
    guard entry == Index.Entry(dtype: dtype.rawValue, shape: shape) else {
      throw StateMismatch(
        "\(name) in \(file.name) is \(entry.dtype) \(entry.shape), but these settings need \(dtype.rawValue) \(shape)")
    }
    taken[file.rawValue, default: []].insert(name)
    let bytes = try share(tensors[file.rawValue]?[name]?.bytes ?? [])
    guard dtype.byteCount(of: shape) == bytes.count else {
      throw StateMismatch("\(name) in \(file.name) did not arrive whole")
    }
    return SafetensorsTensor(name: name, dtype: dtype, shape: shape, bytes: bytes)
  }
}
