private import CMPI
private import Glibc

/// The MPI library this process runs with.
public enum MPILibrary {
  /// The library's name and version, for example `Open MPI v4.1.4`.
  public static var version: String {
    var text = [CChar](repeating: 0, count: Int(MPI_MAX_LIBRARY_VERSION_STRING) + 1)
    var length: CInt = 0
    guard unsafe MPI_Get_library_version(&text, &length) == MPI_SUCCESS else { return "unknown" }
    let line = String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return line.split(separator: ",").first.map(String.init) ?? line
  }

  /// The name of the machine this rank runs on, as MPI gives it, or the system before MPI is initialised.
  public static var processorName: String {
    var isInitialized: CInt = 0
    guard unsafe MPI_Initialized(&isInitialized) == MPI_SUCCESS, isInitialized != 0 else { return hostName }
    var text = [CChar](repeating: 0, count: Int(MPI_MAX_PROCESSOR_NAME) + 1)
    var length: CInt = 0
    guard unsafe MPI_Get_processor_name(&text, &length) == MPI_SUCCESS else { return "unknown" }
    return String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static var hostName: String {
    var text = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&text, text.count - 1) == 0 else { return "unknown" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
