public import Foundation

/// A finished run of a program, alone or under mpirun.
public struct ProgramRun: Sendable {
  public let output: String
  /// Standard error without the launcher's own banners.
  public let errors: String
  public let exitCode: Int32
  public let timedOut: Bool

  /// The project's folder, found from the place of this source file.
  public static var project: URL {
    URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  }

  /// A program of the release build.
  public static func built(_ name: String) -> String { project.path + "/.build/release/" + name }

  /// For more ranks than cores on one machine, perhaps as root: see the launcher's documentation.
  public static let launcherEnvironment = [
    "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_hwloc_base_binding_policy": "none", "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
  ]

  /// Runs a program and waits for its end.
  ///
  /// - Parameters:
  ///   - ranks: the number of ranks under mpirun; without mpirun where nil.
  ///   - directory: the working directory.
  ///   - environment: variables to set; where `onlyEnvironment`, the program sees no others.
  ///   - timeout: seconds until the run is ended.
  public static func run(
    _ program: String, _ arguments: [String] = [], ranks: Int? = nil, in directory: String,
    environment: [String: String] = [:], onlyEnvironment: Bool = false, timeout: Int = 60
  ) throws -> ProgramRun {
    let process = Process()
    // As a shell starts programs: the threads of the tests have signals blocked, and a child would inherit that.
    var command = ["--default-signal", "timeout", "--kill-after=5", "\(timeout)"]
    if let ranks { command += ["mpirun", "--oversubscribe", "-n", "\(ranks)"] }
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command + [program] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: directory, isDirectory: true)
    var variables = onlyEnvironment ? [:] : ProcessInfo.processInfo.environment
    if ranks != nil { variables.merge(launcherEnvironment) { $1 } }
    process.environment = variables.merging(environment) { $1 }

    // Files, not pipes: a grandchild that outlives the run cannot keep a reader waiting.
    let scratch = try ScratchFolder()
    let output = try scratch.write([], to: "output")
    let errors = try scratch.write([], to: "errors")
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let code = process.terminationStatus
    return ProgramRun(
      output: try String(contentsOfFile: output, encoding: .utf8),
      errors: withoutBanners(try String(contentsOfFile: errors, encoding: .utf8)), exitCode: code,
      timedOut: code == 124 || code == 137)
  }

  /// The lines outside the launcher's banners, which stand between dashed lines.
  private static func withoutBanners(_ text: String) -> String {
    var inBanner = false
    var lines: [Substring] = []
    for line in text.split(separator: "\n") {
      if line.hasPrefix("-----") {
        inBanner.toggle()
      } else if !inBanner, !line.contains("ORTE_ERROR_LOG"), !line.contains("more process"),
        !line.contains("Set MCA parameter")
      {
        lines.append(line)
      }
    }
    return lines.joined(separator: "\n")
  }
}

/// A folder of its own in the temporary directory, removed with the value.
public final class ScratchFolder: Sendable {
  public let path: String

  public init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("rp-dist-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  /// Writes a file and returns its path.
  public func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: file).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
