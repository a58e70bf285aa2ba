private import CMalloc
private import Foundation
internal import Kernels

/// The memory of a rank that trains, and its bound: the data that it maps, 8 times its parameters, and the workspace of
/// its shard of a minibatch, or of its machine's samples where ranks share signals.
public struct StepMemory: Sendable {
  /// The greatest resident memory of the process during training; nil where the system does not report it.
  public var peakBytes: Int?
  /// The memory of the process before it made the data and the network: program, libraries, MPI, BLAS.
  public var processBytes: Int
  /// The samples.
  public var dataBytes: Int
  public var parameterBytes: Int
  /// `Network.workspaceCount`.
  public var workspaceBytes: Int

  /// The bytes that training may add to the process.
  public var boundBytes: Int { dataBytes + 8 * parameterBytes + workspaceBytes }
  /// The bytes that training did add to the process.
  public var addedBytes: Int? { peakBytes.map { max(0, $0 - processBytes) } }

  /// Creates the data and a training step, takes steps, and measures the peak of the memory meanwhile.
  ///
  /// - Parameters:
  ///   - data: creates the data; its temporary memory does not count.
  ///   - train: creates the step, takes the steps, and calls its second argument with the sizes while everything is
  ///     still in memory.
  init<Problem>(
    data: () throws -> Problem,
    training train: (Problem, (_ sizes: (data: Int, parameters: Int, workspace: Int)) -> Void) throws -> Void
  ) throws {
    // Freed memory goes back to the system first; otherwise this training would reuse it and appear smaller than it is.
    malloc_trim(0)
    processBytes = Self.status("VmRSS") ?? 0
    let problem = try data()
    malloc_trim(0)
    let canReset = Self.resetPeak()
    var sizes = (data: 0, parameters: 0, workspace: 0)
    var peak: Int?
    try train(problem) {
      sizes = $0
      peak = canReset ? Self.status("VmHWM") : nil
    }
    (dataBytes, parameterBytes, workspaceBytes) = sizes
    peakBytes = peak
  }

  /// Resets the system's record of the peak; see proc(5), clear_refs.
  private static func resetPeak() -> Bool {
    guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return false }
    return (try? file.write(contentsOf: Data("5".utf8))) != nil
  }

  /// A size from /proc/self/status, in bytes.
  private static func status(_ key: String) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\(key):") }),
      let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
    else { return nil }
    return 1024 * kibibytes
  }
}
