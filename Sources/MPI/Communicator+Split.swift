internal import CMPI

extension Communicator {
  /// Collective: the ranks of this group that run on this rank's machine and can share memory, in the order of the ranks.
  func ranksOfThisMachine() throws(MPIError) -> Communicator {
    var part: MPI_Comm? = unsafe cmpi_comm_null()
    // MPI 3.1, 6.4.2
    try unsafe check(
      MPI_Comm_split_type(handle, cmpi_type_shared(), 0, cmpi_info_null(), &part), "MPI_Comm_split_type")
    return try unsafe Self.adopt(part)
  }

  /// Collective: the ranks of this group that pass the same colour, in the order of the ranks.
  func ranks(ofColour colour: Int) throws(MPIError) -> Communicator {
    var part: MPI_Comm? = unsafe cmpi_comm_null()
    try unsafe check(MPI_Comm_split(handle, CInt(colour), CInt(rank), &part), "MPI_Comm_split")
    return try unsafe Self.adopt(part)
  }

  private static func adopt(_ part: MPI_Comm?) throws(MPIError) -> Communicator {
    guard let part = unsafe part else {
      throw MPIError(operation: "MPI_Comm_split", code: MPI_ERR_COMM, explanation: "there is no group")
    }
    return try unsafe Communicator(adopting: part)
  }

  /// Collective: gives a group that was split off back to MPI; it must not be used again.
  func free() throws(MPIError) {
    var own: MPI_Comm? = unsafe handle
    try unsafe check(MPI_Comm_free(&own), "MPI_Comm_free")
  }
}
