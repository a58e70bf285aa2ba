private import Kernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An open file of the operating system, closed when this value is destroyed; every system call is checked here.
struct DiskFile: ~Copyable {
  enum Content {
    case bytes(count: Int)
    case directory
    /// A pipe, a socket or a device, whose size is not known.
    case stream
  }

  /// The file named in errors: for a temporary file, the file that it will become.
  private let path: String
  private let kind: SafetensorsError.Kind
  private var handle: CInt

  /// Opens a file for reading; a pipe without a writer does not block.
  init(reading path: String) throws(SafetensorsError) {
    self.path = path
    kind = .unreadable
    handle = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard handle >= 0 else { throw Self.failure(path, .unreadable) }
  }

  /// Creates a file for writing under a new temporary name; the file will later be renamed to `path`.
  init(creating temporary: String, for path: String) throws(SafetensorsError) {
    self.path = path
    kind = .cannotWrite
    handle = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard handle >= 0 else { throw Self.failure(path, .cannotWrite) }
  }

  deinit {
    // Still open here only after reading, or after a write error that has already been reported.
    if handle >= 0 { _ = systemClose(handle) }
  }

  /// The kind of the open file, and its size if it is a regular file.
  func content() throws(SafetensorsError) -> Content {
    var information = stat()
    guard unsafe fstat(handle, &information) == 0 else { throw Self.failure(path, kind) }
    return switch information.st_mode & S_IFMT {
    case S_IFREG: .bytes(count: Int(information.st_size))
    case S_IFDIR: .directory
    default: .stream
    }
  }

  /// The next `count` bytes, or fewer if the file ends earlier.
  func read(count: Int) throws(SafetensorsError) -> [UInt8] {
    OutOfMemory.check(count)
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      // filled < count: the call may write only into the rest of the array.
      let step = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe systemRead(handle, buffer.baseAddress?.advanced(by: filled), count - filled)
      }
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw Self.failure(path, kind) }
      if step == 0 { break }
      filled += step
    }
    bytes.removeLast(count - filled)
    return bytes
  }

  /// Sets the position at which ``read(count:)`` continues.
  func seek(to offset: Int) throws(SafetensorsError) {
    guard lseek(handle, off_t(offset), SEEK_SET) >= 0 else { throw Self.failure(path, kind) }
  }

  /// Writes all bytes after the bytes written before.
  func write(_ bytes: [UInt8]) throws(SafetensorsError) {
    var written = 0
    while written < bytes.count {
      // written < bytes.count: the call reads only the rest of the array.
      let step = unsafe bytes.withUnsafeBytes { buffer in
        unsafe systemWrite(handle, buffer.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw Self.failure(path, kind) }
      written += step
    }
  }

  /// Waits until all written bytes are on the disk, and closes the file.
  consuming func finish() throws(SafetensorsError) {
    guard fsync(handle) == 0 else { throw Self.failure(path, kind) }
    // Network file systems report write errors here; the handle is closed even if there is an error.
    let code = systemClose(handle)
    handle = -1
    guard code == 0 else { throw Self.failure(path, kind) }
  }

  /// Replaces the content of a file so that its name always stands for the complete old or the complete new content.
  ///
  /// The bytes are written to a temporary file in the same directory (`.rp-dist-….tmp`) and synced to the disk. The
  /// temporary file is then renamed in one step. It is removed after a failure; only a killed process can leave one
  /// behind. A link is followed; anything but a regular file, such as a device, is refused.
  static func replace(_ path: String, with parts: [[UInt8]]) throws(SafetensorsError) {
    let place = try replacement(for: path)
    let file = try DiskFile(creating: place.temporary, for: path)
    do {
      for part in parts { try file.write(part) }
      try file.finish()
      try rename(place.temporary, to: place.target, in: place.directory)
    } catch {
      remove(place.temporary)
      throw error
    }
  }

  /// Checks that ``replace(_:with:)`` can begin: creates and removes a temporary file; an existing file stays as it is.
  static func checkReplaceable(_ path: String) throws(SafetensorsError) {
    let place = try replacement(for: path)
    _ = try DiskFile(creating: place.temporary, for: path)
    remove(place.temporary)
  }

  /// The regular file that a path leads to or that will be created, its directory, and an unused name in that
  /// directory.
  private static func replacement(
    for path: String
  ) throws(SafetensorsError) -> (target: String, directory: String, temporary: String) {
    var target = path
    var information = stat()
    if unsafe stat(path, &information) == 0 {
      guard information.st_mode & S_IFMT == S_IFREG else {
        throw SafetensorsError(
          path: path, kind: .cannotWrite, problem: "cannot be written: it is not a regular file",
          remedy: "name a new file")
      }
      if let real = unsafe realpath(path, nil) {
        target = unsafe String(cString: real)
        unsafe free(real)
      }
    }
    let directory = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "./"
    let unique = String(UInt64.random(in: .min ... .max), radix: 16)
    return (target, directory, "\(directory).rp-dist-\(unique).tmp")
  }

  /// Renames a finished file in one step, replacing any file of that name, and waits until the change is on the disk.
  private static func rename(_ temporary: String, to path: String, in directory: String) throws(SafetensorsError) {
    guard unsafe systemRename(temporary, path) == 0 else { throw failure(path, .cannotWrite) }
    // The sync is skipped for a directory that can be written but not read; file systems without directory sync are
    // accepted.
    let handle = unsafe open(directory, O_RDONLY | O_CLOEXEC)
    guard handle >= 0 else { return }
    defer { _ = systemClose(handle) }
    guard fsync(handle) == 0 || errno == EINVAL else { throw failure(path, .cannotWrite) }
  }

  /// Removes a file if it exists.
  private static func remove(_ path: String) {
    _ = unsafe unlink(path)
  }

  /// The error of the system call that has just failed.
  private static func failure(_ path: String, _ kind: SafetensorsError.Kind) -> SafetensorsError {
    let code = errno
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    let (problem, remedy) =
      switch (kind, code) {
      case (.cannotWrite, ENOENT):
        ("cannot be written: its directory does not exist", "create the directory first")
      case (.cannotWrite, ENOSPC), (.cannotWrite, EDQUOT):
        ("cannot be written: \(reason)", "free space on its disk")
      case (.cannotWrite, EFBIG):
        ("cannot be written: \(reason)", "raise the limit of a file's size (ulimit -f unlimited)")
      case (.cannotWrite, EACCES), (.cannotWrite, EPERM), (.cannotWrite, EROFS):
        ("cannot be written: \(reason)", "choose a directory that you may write to")
      case (.cannotWrite, _):
        ("cannot be written: \(reason)", "check the path and the disk")
      case (_, ENOENT):
        ("does not exist", "check the path")
      case (_, EACCES), (_, EPERM):
        ("cannot be read: \(reason)", "get permission to read it and its directory")
      default:
        ("cannot be read: \(reason)", "check the path and the disk")
      }
    return SafetensorsError(path: path, kind: kind, problem: problem, remedy: remedy)
  }
}

// The type's own methods hide the system's functions of the same names.
private let systemRead = unsafe read
private let systemWrite = unsafe write
private let systemRename = unsafe rename
private let systemClose = close
