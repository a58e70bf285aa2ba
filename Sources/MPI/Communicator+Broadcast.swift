internal import CMPI

extension Communicator {
  /// Collective: returns the bytes of rank `root` on every rank; the bytes of the other ranks are ignored.
  public func broadcast(_ bytes: [UInt8], from root: Int) throws(MPIError) -> [UInt8] {
    guard ranks > 1 else { return bytes }
    var count = Int64(bytes.count)
    try unsafe check(MPI_Bcast(&count, 1, cmpi_int64(), CInt(root), handle), "MPI_Bcast")
    var all = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
    // Counts are of type int, so a very long array is sent in parts.
    var start = 0
    while start < all.count {
      let part = min(Int(CInt.max), all.count - start)
      let code = unsafe all.withUnsafeMutableBufferPointer { buffer in
        unsafe MPI_Bcast(buffer.baseAddress.map { unsafe $0 + start }, CInt(part), cmpi_uint8(), CInt(root), handle)
      }
      try check(code, "MPI_Bcast")
      start += part
    }
    return all
  }
}
