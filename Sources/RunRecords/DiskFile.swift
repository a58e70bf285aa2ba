private import Kernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An open file of the operating system, closed when its value ends; every system call is checked here.
struct DiskFile: ~Copyable {
  enum Content {
    case bytes(count: Int)
    case directory
    /// A pipe, a socket or a device, whose size is not known.
    case stream
  }

  /// The file that errors are about: for a temporary file, the one it is to become.
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

  /// Creates a file for writing under a name that does not exist yet and that is to become `path`.
  init(creating temporary: String, for path: String) throws(SafetensorsError) {
    self.path = path
    kind = .cannotWrite
    handle = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard handle >= 0 else { throw Self.failure(path, .cannotWrite) }
  }

  deinit {
    // Open here only after reading, or after a failure to write that is already reported.
    if handle >= 0 { _ = systemClose(handle) }
  }

  /// What the open file is, and its size if it is a regular file.
  func content() throws(SafetensorsError) -> Content {
    var information = stat()
    guard unsafe fstat(handle, &information) == 0 else { throw Self.failure(path, kind) }
    return switch information.st_mode & S_IFMT {
    case S_IFREG: .bytes(count: Int(information.st_size))
    case S_IFDIR: .directory
    default: .stream
    }
  }

  /// The next `count` bytes, or fewer if the file ends before.
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

  /// Moves the place where ``read(count:)`` goes on.
  func seek(to offset: Int) throws(SafetensorsError) {
    guard lseek(handle, off_t(offset), SEEK_SET) >= 0 else { throw Self.failure(path, kind) }
  }

  /// Writes all bytes after those written before.
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

  /// Waits until everything written is on the disk, and closes the file.
  consuming func finish() throws(SafetensorsError) {
    guard fsync(handle) == 0 else { throw Self.failure(path, kind) }
    // Network file systems report here what they could not write; the handle is gone even so.
    let code = systemClose(handle)
    handle = -1
    guard code == 0 else { throw Self.failure(path, kind) }
  }

  /// Gives a file new content so that its name stands for the old or for the complete new content, never for a part.
  ///
  /// The bytes go to a temporary name in the same directory (`.rp-dist-….tmp`), are synced to the disk, and take the
  /// name in one step. The temporary file is removed after a failure; only a killed process can leave one behind. A
  /// link is followed; what is no regular file, such as a device, is refused.
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

  /// Makes sure that ``replace(_:with:)`` can begin: a temporary file is made and removed; the file itself, if there is
  /// one, stays as it is.
  static func checkReplaceable(_ path: String) throws(SafetensorsError) {
    let place = try replacement(for: path)
    _ = try DiskFile(creating: place.temporary, for: path)
    remove(place.temporary)
  }

  /// The regular file that a path leads to or that is to be made, its directory, and an unused name in that.
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

  /// Gives a finished file its name in one step, in place of the file that had it, and waits until that is on the disk.
  private static func rename(_ temporary: String, to path: String, in directory: String) throws(SafetensorsError) {
    guard unsafe systemRename(temporary, path) == 0 else { throw failure(path, .cannotWrite) }
    // A directory that may be written but not read, or whose file system has no sync, is left to the system.
    let handle = unsafe open(directory, O_RDONLY | O_CLOEXEC)
    guard handle >= 0 else { return }
    defer { _ = systemClose(handle) }
    guard fsync(handle) == 0 || errno == EINVAL else { throw failure(path, .cannotWrite) }
  }

  /// Removes a file if it is there.
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

// Inside the type, its own methods hide the system's functions of the same names.
private let systemRead = unsafe read
private let systemWrite = unsafe write
private let systemRename = unsafe rename
private let systemClose = close
