private import CMalloc
private import Foundation
internal import Kernels

/// The memory of a rank that trains, against what it may take: the data that it maps, 8 times its parameters, and the
/// workspace of its share of a minibatch, or of its machine's where ranks share signals.
public struct StepMemory: Sendable {
  /// The greatest resident memory of the process while it trained; nil where the system does not tell.
  public var peakBytes: Int?
  /// What the process had before it made the data and the network: program, libraries, MPI, BLAS.
  public var processBytes: Int
  /// The samples.
  public var dataBytes: Int
  public var parameterBytes: Int
  /// `Network.workspaceCount`.
  public var workspaceBytes: Int

  /// What training may add to the process.
  public var boundBytes: Int { dataBytes + 8 * parameterBytes + workspaceBytes }
  /// What training did add to the process.
  public var addedBytes: Int? { peakBytes.map { max(0, $0 - processBytes) } }

  /// Makes data, makes a training step, takes steps, and looks at what memory training on these data took at most.
  ///
  /// - Parameters:
  ///   - data: makes the data; what it needs only on the way does not count.
  ///   - train: makes the step, takes the steps, and calls what it is given with the sizes while it still has all.
  init<Problem>(
    data: () throws -> Problem,
    training train: (Problem, (_ sizes: (data: Int, parameters: Int, workspace: Int)) -> Void) throws -> Void
  ) throws {
    // What was freed before goes back to the system, or this training would find it and look smaller than it is.
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

  /// Lets the system's record of the peak start anew; see proc(5), clear_refs.
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
