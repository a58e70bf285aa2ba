private import CKernels
internal import COpenBLAS
private import Glibc
private import Synchronization

/// The functions of OpenBLAS. The library is opened when the first product needs it; a run without such products has
/// neither its threads nor their memory.
///
/// The library chooses threads and kernels from environment variables when it is loaded, so these are set first. Its
/// functions may be called from any thread.
@safe struct OpenBLAS: @unchecked Sendable {
  private(set) var functions: openblas_library

  /// The library of this process, or the reason why it cannot be opened.
  static let shared = Result { () throws(BLASError) in try OpenBLAS() }

  private static let isOpen = Atomic<Bool>(false)
  private static let wantedThreads = Atomic<Int>(1)

  /// The library's file names on Debian and Fedora.
  private static let names = ["libopenblas.so.0", "libopenblasp.so.0", "libopenblas.so"]
  private static let coreVariable = "OPENBLAS_CORETYPE"
  private static let threadsVariable = "OPENBLAS_NUM_THREADS"

  private init() throws(BLASError) {
    let threads = Self.wantedThreads.load(ordering: .relaxed)
    // The library reads the variable when it is loaded. Programs that this process starts get the user's value.
    let before = unsafe getenv(Self.threadsVariable).map { unsafe String(cString: $0) }
    unsafe setenv(Self.threadsVariable, "\(threads)", 1)
    defer {
      if let before {
        unsafe setenv(Self.threadsVariable, before, 1)
      } else {
        unsafe unsetenv(Self.threadsVariable)
      }
    }
    unsafe functions = try Self.open()
    // OpenBLAS mistakes a processor that is newer than the library for one of 2004, which makes it seven times slower.
    if coreName == "Prescott", let core = Self.newestCore,
      unsafe getenv(Self.coreVariable) == nil
    {
      unsafe openblas_close(functions)
      // Read when it is loaded, too.
      unsafe setenv(Self.coreVariable, core, 1)
      defer { unsafe unsetenv(Self.coreVariable) }
      unsafe functions = try Self.open()
    }
    guard !configuration.contains("USE64BITINT") else {
      throw BLASError(
        "this OpenBLAS takes numbers of 64 bits (USE64BITINT); install the usual one (Debian: libopenblas0), or load its "
          + "module")
    }
    Self.isOpen.store(true, ordering: .relaxed)
  }

  private static func open() throws(BLASError) -> openblas_library {
    var library = unsafe openblas_library()
    var problems: [String] = []
    for name in names {
      guard let problem = unsafe openblas_open(name, &library) else { return unsafe library }
      problems.append(unsafe String(cString: problem))
    }
    throw BLASError(
      "OpenBLAS cannot be opened: \(problems[0]); install it (Debian: libopenblas0), load its module, "
        + "or raise a limit of memory")
  }

  /// OpenBLAS's name for the kernels with this processor's widest vectors; nil for a processor from before 2013.
  private static var newestCore: String? {
    switch widest_instruction_set() {
    case instructions_avx512: "SkylakeX"
    case instructions_avx2: "Haswell"
    default: nil
    }
  }

  /// - Parameter threads: the number of threads of one product; also applies to a library that is opened later.
  static func setThreads(_ threads: Int) {
    wantedThreads.store(threads, ordering: .relaxed)
    guard isOpen.load(ordering: .relaxed), case .success(let library) = shared else { return }
    unsafe library.functions.set_num_threads(CInt(threads))
  }

  /// Whether the library has the functions of LAPACK, and products of a matrix by itself.
  var hasLAPACK: Bool {
    let f = unsafe functions
    return unsafe f.ssyrk != nil && f.dsyrk != nil && f.ssyevd != nil && f.dsyevd != nil && f.spotrf != nil
      && f.dpotrf != nil && f.spotri != nil && f.dpotri != nil
  }

  var threads: Int { unsafe Int(functions.get_num_threads()) }

  var coreName: String { unsafe Self.text(functions.get_corename()) }

  var configuration: String { unsafe Self.text(functions.get_config()) }

  private static func text(_ characters: UnsafePointer<CChar>?) -> String {
    var text = unsafe characters.map { unsafe String(cString: $0) } ?? ""
    while text.last == " " { text.removeLast() }
    return text
  }
}
