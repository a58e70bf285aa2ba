import Foundation
import Ranks
import TestSupport
import Testing

/// Limits of control groups, read from made-up system files.
@Suite struct ControlGroupTests {
  /// A machine with some files of /proc/self and /sys/fs/cgroup.
  private func groups(
    mounts: [String], own: String, _ files: [String: String], in folder: ScratchFolder
  ) throws -> ControlGroups {
    _ = try folder.write((mounts.joined(separator: "\n") + "\n").utf8, to: "proc/self/mountinfo")
    _ = try folder.write(own.utf8, to: "proc/self/cgroup")
    for (path, text) in files { _ = try folder.write((text + "\n").utf8, to: "sys/fs/cgroup/" + path) }
    return ControlGroups(root: folder.path)
  }

  private static let unified = "30 23 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
  private static let memory = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory"
  private static let processor = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"

  @Test func `of version 2 every group from the process's own up counts, and max is none`() throws {
    let folder = try ScratchFolder()
    let groups = try groups(
      mounts: ["22 1 8:1 / / rw - ext4 /dev/sda1 rw", Self.unified], own: "0::/system.slice/job_7/step_0/task_1\n",
      [
        "system.slice/memory.max": "max", "system.slice/job_7/memory.max": "4096",
        "system.slice/job_7/step_0/memory.max": "8192", "system.slice/job_7/step_0/task_1/memory.max": "max",
        "system.slice/job_7/cpu.max": "150000 100000", "system.slice/job_7/step_0/cpu.max": "max 100000",
        "system.slice/job_7/pids.max": "30", "system.slice/job_7/pids.current": "12",
        "other/memory.max": "1",
      ], in: folder)
    #expect(groups.memoryLimits.map(\.value) == [8192, 4096])
    #expect(groups.memoryLimits.map(\.group.name) == ["/system.slice/job_7/step_0", "/system.slice/job_7"])
    #expect(groups.coreQuotas.map(\.value) == [1.5])
    #expect(groups.threadLimits.map(\.value) == [ControlGroups.Threads(most: 30, present: 12)])
    // What tells a group from others is the folder's own identity.
    #expect(Set(groups.memoryLimits.map(\.group.identity)).count == 2)
  }

  @Test func `of version 1 each controller has a hierarchy, and a number close to 2^63 is none`() throws {
    let folder = try ScratchFolder()
    let groups = try groups(
      mounts: [Self.memory, Self.processor],
      own: "8:memory:/slurm/uid_0/job_3\n2:cpu,cpuacct:/batch\n1:name=systemd:/x\n",
      [
        "memory/memory.limit_in_bytes": "9223372036854771712",
        "memory/slurm/memory.limit_in_bytes": "9223372036854771712",
        "memory/slurm/uid_0/memory.limit_in_bytes": "1073741824",
        "memory/slurm/uid_0/job_3/memory.limit_in_bytes": "2147483648",
        "cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000",
        "cpu,cpuacct/batch/cpu.cfs_quota_us": "50000", "cpu,cpuacct/batch/cpu.cfs_period_us": "100000",
      ], in: folder)
    #expect(groups.memoryLimits.map(\.value) == [2 << 30, 1 << 30])
    #expect(groups.coreQuotas.map(\.value) == [0.5])
    #expect(groups.threadLimits.isEmpty)
  }

  @Test func `where both versions are mounted the limits of both count`() throws {
    let folder = try ScratchFolder()
    let groups = try groups(
      mounts: [Self.memory, "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"],
      own: "4:memory:/a\n0::/b\n",
      ["memory/a/memory.limit_in_bytes": "5000", "unified/b/memory.max": "7000"], in: folder)
    #expect(groups.memoryLimits.map(\.value) == [5000, 7000])
  }

  @Test func `in a container the mount begins at the container's group`() throws {
    // With the host's names of groups.
    let named = try ScratchFolder()
    let outside = try groups(
      mounts: ["35 31 0:32 /docker/c1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory"],
      own: "4:memory:/docker/c1/inner\n",
      ["memory/memory.limit_in_bytes": "3000", "memory/inner/memory.limit_in_bytes": "4000"], in: named)
    #expect(outside.memoryLimits.map(\.value) == [4000, 3000])
    #expect(outside.memoryLimits.map(\.group.name) == ["/docker/c1/inner", "/docker/c1"])
    // With names of its own, or with the name of a group that the mount does not show.
    for own in ["0::/\n", "0::/../../elsewhere\n"] {
      let folder = try ScratchFolder()
      let inside = try groups(mounts: [Self.unified], own: own, ["memory.max": "3000"], in: folder)
      #expect(inside.memoryLimits.map(\.value) == [3000])
    }
    let other = try ScratchFolder()
    let hidden = try groups(
      mounts: ["35 31 0:32 /docker/c1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory"],
      own: "4:memory:/docker/c10\n",
      ["memory/memory.limit_in_bytes": "3000"], in: other)
    #expect(hidden.memoryLimits.map(\.value) == [3000])
  }

  @Test func `files that are missing or hold something else are no limits`() throws {
    #expect(ControlGroups(root: "/no/such/place").memoryLimits.isEmpty)
    let folder = try ScratchFolder()
    let groups = try groups(
      mounts: ["nonsense", Self.unified, "35 31 - cgroup2"], own: "nonsense\n0::/a b\n0\n",
      ["a b/memory.max": "", "memory.max": "many", "a b/cpu.max": "100000", "cpu.max": "0 0", "a b/pids.max": "max"],
      in: folder)
    #expect(groups.memoryLimits.isEmpty && groups.coreQuotas.isEmpty && groups.threadLimits.isEmpty)
    let blank = try ScratchFolder()
    let escaped = try self.groups(
      mounts: [#"30 23 0:27 / /sys/fs/cgroup/a\040b rw - cgroup2 cgroup2 rw"#], own: "0::/\n", ["a b/memory.max": "77"],
      in: blank)
    #expect(escaped.memoryLimits.map(\.value) == [77])
  }
}
