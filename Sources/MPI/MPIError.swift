private import CMPI

/// A call into the MPI library that did not succeed.
public struct MPIError: Error, CustomStringConvertible, Equatable {
  /// The MPI function, for example `MPI_Allreduce`.
  public let operation: String
  /// The code that it returned.
  public let code: Int32
  /// The library's explanation of the code.
  public let explanation: String

  public var description: String { "\(operation) failed with code \(code): \(explanation)" }
}

/// Calls an MPI function, and throws when it does not return MPI_SUCCESS. Other threads can see the call (``MPICall``).
func check(_ call: @autoclosure () -> CInt, _ operation: StaticString) throws(MPIError) {
  MPICall.begin(operation)
  let code = call()
  MPICall.end()
  guard code != MPI_SUCCESS else { return }
  var text = [CChar](repeating: 0, count: Int(MPI_MAX_ERROR_STRING) + 1)
  var length: CInt = 0
  let described = unsafe MPI_Error_string(code, &text, &length)
  let bytes = text.prefix(described == MPI_SUCCESS ? Int(length) : 0).map { UInt8(bitPattern: $0) }
  throw MPIError(operation: "\(operation)", code: code, explanation: String(decoding: bytes, as: UTF8.self))
}
