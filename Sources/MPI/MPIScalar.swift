internal import CMPI

/// An element type of the typed collectives.
public protocol MPIScalar: BitwiseCopyable {
  /// MPI's name of the type.
  static var mpiDatatype: MPIDatatype { get }
}

/// An MPI datatype handle.
@safe
public struct MPIDatatype {
  let handle: MPI_Datatype

  init(_ handle: MPI_Datatype) { unsafe self.handle = handle }
}

extension Float: MPIScalar { public static var mpiDatatype: MPIDatatype { unsafe MPIDatatype(cmpi_float()) } }
extension Double: MPIScalar { public static var mpiDatatype: MPIDatatype { unsafe MPIDatatype(cmpi_double()) } }
extension Int64: MPIScalar { public static var mpiDatatype: MPIDatatype { unsafe MPIDatatype(cmpi_int64()) } }
extension UInt16: MPIScalar { public static var mpiDatatype: MPIDatatype { unsafe MPIDatatype(cmpi_uint16()) } }
