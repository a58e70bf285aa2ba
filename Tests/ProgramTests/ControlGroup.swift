import Foundation
import TestSupport

/// A control group with a limit, removed with the value.
final class ControlGroup {
  /// This system makes no group with such a limit, or not for this user.
  private struct NotPermitted: Error {}

  let folder: String

  /// - Parameters:
  ///   - controller: that of version 1.
  ///   - limits: what is written to its files, of version 1 and of version 2.
  init(_ controller: String, _ limits: [(file: String, text: String)], _ unified: (file: String, text: String))
    throws
  {
    let name = "rp-dist-test-\(getpid())-\(UUID().uuidString.prefix(8))"
    let (old, new) = ("/sys/fs/cgroup/\(controller)/\(name)", "/sys/fs/cgroup/\(name)")
    let isOld = unsafe mkdir(old, 0o755) == 0
    let isNew = unsafe !isOld && mkdir(new, 0o755) == 0
    guard isOld || isNew else { throw NotPermitted() }
    folder = isOld ? old : new
    do {
      for limit in isOld ? limits : [unified] { try Self.write(limit.text, to: folder + "/" + limit.file) }
    } catch {
      unsafe rmdir(folder)
      throw error
    }
  }

  deinit {
    // A process that was killed is in the group for a moment more.
    var tries = 0
    while unsafe rmdir(folder) != 0, tries < 40 {
      usleep(50_000)
      tries += 1
    }
  }

  private static func write(_ text: String, to file: String) throws {
    guard let handle = FileHandle(forWritingAtPath: file) else { throw NotPermitted() }
    try handle.write(contentsOf: Data(text.utf8))
  }

  static func memory(_ bytes: Int) throws -> ControlGroup {
    try ControlGroup("memory", [("memory.limit_in_bytes", "\(bytes)")], ("memory.max", "\(bytes)"))
  }

  static func processor(cores: Double) throws -> ControlGroup {
    let quota = "\(Int(cores * 100_000))"
    return try ControlGroup(
      "cpu", [("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", quota)], ("cpu.max", "\(quota) 100000"))
  }

  /// Runs a command in the group, with the launcher.
  func run(_ arguments: [String], ranks: Int?, in scratch: ScratchFolder) throws -> ProgramRun {
    let launcher = ranks.map { ["mpirun", "--oversubscribe", "-n", "\($0)"] } ?? []
    let script = "echo $$ >\"$0/cgroup.procs\" && exec \"$@\""
    return try ProgramRun.run(
      "/bin/sh", ["-c", script, folder] + launcher + [ProgramTests.program] + arguments, in: scratch.path,
      environment: [
        "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
      ])
  }
}
