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

  /// Collective: a communicator of the ranks that pass the same colour, in the order of their numbers in this group.
  ///
  /// - Parameter colour: not negative; nil for a rank that belongs to no part.
  /// - Returns: nil for a rank without a colour.
  public func part(colour: Int?) throws(MPIError) -> Communicator? {
    precondition(colour.map { $0 >= 0 } ?? true, "a colour must not be negative")
    var new: MPI_Comm? = unsafe cmpi_comm_null()
    // MPI 3.1, 6.4.2
    try unsafe check(
      MPI_Comm_split(handle, colour.map { CInt($0) } ?? cmpi_undefined(), CInt(rank), &new), "MPI_Comm_split")
    return colour == nil ? nil : try unsafe Self.adopt(new)
  }

  /// The same for a group in which every rank has a colour.
  func part(colour: Int) throws(MPIError) -> Communicator {
    guard let part = try part(colour: Optional(colour)) else { preconditionFailure("a rank with a colour has a part") }
    return part
  }

  /// Collective: a new group of the same ranks; ``free()`` releases it.
  public func copy() throws(MPIError) -> Communicator {
    var new: MPI_Comm? = unsafe cmpi_comm_null()
    // MPI 3.1, 6.4.2
    try unsafe check(MPI_Comm_split(handle, 0, CInt(rank), &new), "MPI_Comm_split")
    return try unsafe Self.adopt(new)
  }

  private static func adopt(_ part: MPI_Comm?) throws(MPIError) -> Communicator {
    guard let part = unsafe part else {
      throw MPIError(operation: "MPI_Comm_split", code: MPI_ERR_COMM, explanation: "there is no group")
    }
    return try unsafe Communicator(adopting: part)
  }

  /// Collective: frees a part of a group, which must not be used afterwards.
  public func free() throws(MPIError) {
    var handle: MPI_Comm? = unsafe handle
    try unsafe check(MPI_Comm_free(&handle), "MPI_Comm_free")
  }
}
