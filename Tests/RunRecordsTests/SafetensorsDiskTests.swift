import Foundation
import RunRecords
import Testing

struct SafetensorsDiskTests {
  private static let small = SafetensorsFile(
    tensors: [SafetensorsTensor(name: "a", shape: [1], values: [Float(1)])])

  @Test func `a missing file is unreadable`() throws {
    let directory = try SafetensorsTestDirectory()
    let path = directory.path + "/absent.safetensors"
    let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(contentsOf: path) }
    #expect(error.kind == .unreadable)
    #expect(error.description == "\(path) does not exist; check the path")
  }

  @Test func `a directory is unreadable`() throws {
    let directory = try SafetensorsTestDirectory()
    let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(contentsOf: directory.path) }
    #expect(error.kind == .unreadable)
    #expect(
      error.description == "\(directory.path) is a directory, not a file; give the path of a .safetensors file")
  }

  @Test(.timeLimit(.minutes(1))) func `a pipe is unreadable and does not block`() throws {
    let directory = try SafetensorsTestDirectory()
    let path = directory.path + "/pipe"
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(contentsOf: path) }
    #expect(error.kind == .unreadable)
    #expect(
      error.description == "\(path) is a pipe or a device, not a file; give the path of a .safetensors file")
  }

  // The superuser may read and write everything.
  @Test(.enabled(if: geteuid() != 0, "not as root")) func `permissions are named`() throws {
    let directory = try SafetensorsTestDirectory()
    let path = directory.path + "/M.safetensors"
    try Self.small.write(to: path)
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
    let unreadable = try #require(throws: SafetensorsError.self) { try SafetensorsFile(contentsOf: path) }
    #expect(unreadable.kind == .unreadable)
    #expect(
      unreadable.description
        == "\(path) cannot be read: Permission denied; get permission to read it and its directory")

    try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: directory.path)
    let cannotWrite = try #require(throws: SafetensorsError.self) { try Self.small.write(to: path) }
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: directory.path)
    #expect(cannotWrite.kind == .cannotWrite)
    #expect(
      cannotWrite.description
        == "\(path) cannot be written: Permission denied; choose a directory that you may write to")
  }

  @Test func `writing replaces an older file and leaves no temporary one`() throws {
    let directory = try SafetensorsTestDirectory()
    let path = try directory.write([UInt8](repeating: 7, count: 1000))
    try Self.small.write(to: path)
    #expect(try SafetensorsFile(contentsOf: path) == Self.small)
    #expect(try directory.names == ["M.safetensors"])
  }

  @Test func `a directory that does not exist is named`() throws {
    let directory = try SafetensorsTestDirectory()
    let path = directory.path + "/absent/M.safetensors"
    let error = try #require(throws: SafetensorsError.self) { try Self.small.write(to: path) }
    #expect(error.kind == .cannotWrite)
    #expect(
      error.description == "\(path) cannot be written: its directory does not exist; create the directory first")
  }

  @Test(arguments: ["taken", "taken/", "file/M.safetensors"])
  func `a name that cannot be taken leaves no temporary file`(name: String) throws {
    let directory = try SafetensorsTestDirectory()
    try FileManager.default.createDirectory(atPath: directory.path + "/taken", withIntermediateDirectories: false)
    #expect(FileManager.default.createFile(atPath: directory.path + "/file", contents: Data([1])))
    let path = "\(directory.path)/\(name)"
    let error = try #require(throws: SafetensorsError.self) { try Self.small.write(to: path) }
    #expect(error.kind == .cannotWrite)
    #expect(error.description.hasPrefix("\(path) cannot be written: "))
    #expect(error.remedy == (name.hasPrefix("taken") ? "name a new file" : "check the path and the disk"))
    #expect(try directory.names == ["file", "taken"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path + "/taken").isEmpty)
  }

  #if os(Linux)
    @Test func `a disk that takes only half leaves the old file and no temporary one`() async {
      await #expect(processExitsWith: .success) {
        let directory = try SafetensorsTestDirectory()
        let path = directory.path + "/M.safetensors"
        try SafetensorsDiskTests.small.write(to: path)
        // In a process of its own: no file may grow beyond 64 KiB, and going beyond is an error, not a signal.
        _ = signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 1 << 16, rlim_max: 1 << 16)
        #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
        let values = [Float](repeating: 1, count: 1 << 16)
        let large = SafetensorsFile(tensors: [SafetensorsTensor(name: "a", shape: [values.count], values: values)])
        let error = try #require(throws: SafetensorsError.self) { try large.write(to: path) }
        #expect(
          error.description == "\(path) cannot be written: File too large; "
            + "raise the limit of a file's size (ulimit -f unlimited)")
        #expect(try directory.names == ["M.safetensors"])
        #expect(try SafetensorsFile(contentsOf: path) == SafetensorsDiskTests.small)
      }
    }
  #endif
}
