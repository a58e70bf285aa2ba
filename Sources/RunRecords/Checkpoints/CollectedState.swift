public import Kernels

/// Collects the state of a training for its files: the tensors, grouped by file.
///
/// Scalars are stored as tensors too, I64 and F64, so that every number keeps its bits.
public final class CollectedState: StateExchange {
  /// The files of a checkpoint that hold tensors.
  public enum File: String, CaseIterable, Sendable {
    /// The parameters; for three levels the teacher's parameters.
    case model
    /// The parameters of the student, for three levels.
    case student
    /// Everything else: averages, counts, the position in the run, learned weights.
    case optimizer

    public var name: String { rawValue + ".safetensors" }
  }

  /// Empty on a rank that only takes part in the communication.
  public private(set) var tensors: [File: [SafetensorsTensor]] = [:]
  private let isKept: Bool

  public let isTaking = false
  public var prefix = ""

  /// - Parameter isKept: whether this rank keeps the tensors.
  public init(isKept: Bool = true) { self.isKept = isKept }

  public func array<Scalar: Real>(_ name: String, _ values: Vector<Scalar>) {
    guard values.count > 0 else { return }
    checkMemory(for: values)
    keep(.optimizer) { SafetensorsTensor(name: prefix + name, shape: [values.count], values: values.array) }
  }

  public func numbers(_ name: String, _ values: inout [Int]) {
    let numbers = values
    keep(.optimizer) { SafetensorsTensor(name: prefix + name, shape: [numbers.count], integers: numbers) }
  }

  public func numbers(_ name: String, _ values: inout [Double]) {
    let numbers = values
    keep(.optimizer) { SafetensorsTensor(name: prefix + name, shape: [numbers.count], values: numbers) }
  }

  public func sparseNumbers(_ name: String, _ values: inout [Int]) {
    if values.contains(where: { $0 != 0 }) { numbers(name, &values) }
  }

  public func parameters<Scalar: Real>(_ blocks: [StateBlock], _ values: Vector<Scalar>) {
    for block in blocks {
      checkMemory(for: values[block.range])
      keep(File(parametersAt: prefix)) {
        SafetensorsTensor(name: block.name, shape: block.shape, values: values[block.range].array)
      }
    }
  }

  /// The numbers are copied three times to make a tensor; one copy stays.
  private func checkMemory<Scalar: Real>(for values: Vector<Scalar>) {
    if isKept { OutOfMemory.check(3 * values.count * MemoryLayout<Scalar>.stride) }
  }

  private func keep(_ file: File, _ tensor: () -> SafetensorsTensor) {
    if isKept { tensors[file, default: []].append(tensor()) }
  }
}

extension CollectedState.File {
  /// The file for the parameters of a part of the training.
  init(parametersAt prefix: String) { self = prefix.hasPrefix("student.") ? .student : .model }
}
