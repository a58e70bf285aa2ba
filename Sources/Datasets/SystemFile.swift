private import Glibc

/// A file of the operating system, open for reading; closed when this value is destroyed.
struct SystemFile: ~Copyable {
  /// The kind of object at a path.
  enum Sort: Equatable {
    case file
    case directory
    /// A pipe, a socket or a device, whose size is not known.
    case stream
    case nothing
  }

  let path: String
  /// The file's size in bytes when it was opened.
  let byteCount: Int
  private let handle: CInt

  /// Opens a regular file.
  ///
  /// - Throws: `missing` with the system's reason; directories and pipes are refused too.
  init(_ path: String) throws(DatasetError) {
    // The open call does not block for a pipe without a writer.
    let handle = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard handle >= 0 else { throw Self.failure(path, "cannot be opened", errno) }
    var information = stat()
    let code = unsafe fstat(handle, &information)
    let sort = Self.sort(of: information)
    guard code == 0, sort == .file else {
      let reason = errno
      _ = close(handle)
      if code != 0 { throw Self.failure(path, "cannot be examined", reason) }
      let what = sort == .directory ? "a directory" : "a pipe or a device"
      throw .missing(path, "is \(what), not a file", remedy: "give the path of the file itself")
    }
    self.handle = handle
    self.path = path
    self.byteCount = Int(information.st_size)
  }

  deinit { _ = close(handle) }

  /// Writes the next bytes of the file to the buffer until it is full or the file ends.
  ///
  /// - Returns: the number of bytes written; fewer than the buffer holds only at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    var filled = 0
    while filled < buffer.count {
      // filled < count: the call writes only into the rest of the buffer.
      let step = unsafe Glibc.read(handle, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw Self.failure(path, "cannot be read", errno) }
      if step == 0 { break }
      filled += step
    }
    return filled
  }

  /// The first bytes of the file; the position for reading does not change.
  func start(count: Int) throws(DatasetError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let step = unsafe bytes.withUnsafeMutableBytes { unsafe pread(handle, $0.baseAddress, $0.count, 0) }
    guard step >= 0 else { throw Self.failure(path, "cannot be read", errno) }
    return Array(bytes.prefix(step))
  }

  /// Sets the position at which reading continues.
  func seek(to offset: Int) throws(DatasetError) {
    guard lseek(handle, off_t(offset), SEEK_SET) >= 0 else { throw Self.failure(path, "cannot be read", errno) }
  }

  /// Maps the whole file into memory; the file must not be empty.
  func map() throws(DatasetError) -> UnsafeRawPointer {
    let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, handle, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw Self.failure(path, "cannot be mapped into memory", errno)
    }
    return UnsafeRawPointer(address)
  }
}

extension SystemFile {
  /// The kind of object at a path; symbolic links are followed.
  static func sort(of path: String) throws(DatasetError) -> Sort {
    var information = stat()
    if unsafe stat(path, &information) == 0 { return sort(of: information) }
    guard errno == ENOENT else { throw failure(path, "cannot be examined", errno) }
    return .nothing
  }

  /// The names in a directory, sorted; empty if there is no such directory.
  static func names(in directory: String) throws(DatasetError) -> [String] {
    guard let stream = unsafe opendir(directory) else {
      if errno == ENOENT || errno == ENOTDIR { return [] }
      throw failure(directory, "cannot be listed", errno)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      // A zero byte in the entry ends the name.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { start in
        unsafe String(cString: UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
      }
      names.append(name)
    }
    return names.sorted()
  }

  private static func sort(of information: stat) -> Sort {
    switch information.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .directory
    default: .stream
    }
  }

  private static func failure(_ path: String, _ problem: String, _ code: CInt) -> DatasetError {
    if code == ENOENT { return .missing(path, "does not exist", remedy: "check the path") }
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    let remedy = code == EACCES || code == EPERM ? "make it readable for this user" : "check the path and the disk"
    return .missing(path, "\(problem): \(reason)", remedy: remedy)
  }
}
