internal import CMPI

extension Communicator {
  /// Collective: every rank receives its part of every rank's vector, in the order of the ranks.
  ///
  /// - Parameters:
  ///   - values: this rank's whole vector.
  ///   - starts, counts: the start and length of each rank's part of the vector; all counts are 0 where this rank sends
  ///     nothing.
  ///   - gathered: receives what the ranks send. It may have more elements; those do not change.
  ///   - places, lengths: the start and length in `gathered` of what each rank sends. A length is that of this rank's
  ///     part, or 0.
  public func exchangeParts<Scalar: MPIScalar>(
    _ values: borrowing MutableSpan<Scalar>, starts: [CInt], counts: [CInt], into gathered: inout MutableSpan<Scalar>,
    places: [CInt], lengths: [CInt]
  ) throws(MPIError) {
    precondition([starts, counts, places, lengths].allSatisfy { $0.count == ranks }, "every rank has a part")
    precondition(Self.fit(starts, counts, in: values.count), "all parts must lie within the vector")
    precondition(Self.fit(places, lengths, in: gathered.count), "there must be room for what the ranks send")
    let type = Scalar.mpiDatatype
    // MPI 3.1, 5.8
    try unsafe check(
      values.withUnsafeBufferPointer { source in
        unsafe gathered.withUnsafeMutableBufferPointer { target in
          unsafe MPI_Alltoallv(
            source.baseAddress, counts, starts, type.handle, target.baseAddress, lengths, places, type.handle, handle)
        }
      }, "MPI_Alltoallv")
  }

  /// Collective: every rank receives the parts that the other ranks hold, and overwrites its own numbers there.
  ///
  /// - Parameter starts, counts: the start and length of each rank's part of the vector.
  public func gatherParts<Scalar: MPIScalar>(
    _ values: inout MutableSpan<Scalar>, starts: [CInt], counts: [CInt]
  ) throws(MPIError) {
    precondition(starts.count == ranks && counts.count == ranks, "every rank has a part")
    precondition(Self.fit(starts, counts, in: values.count), "all parts must lie within the vector")
    let type = Scalar.mpiDatatype
    // MPI 3.1, 5.7: in place, MPI ignores the send count and the send type.
    try unsafe check(
      values.withUnsafeMutableBufferPointer { buffer in
        unsafe MPI_Allgatherv(
          cmpi_in_place(), 0, type.handle, buffer.baseAddress, counts, starts, type.handle, handle)
      }, "MPI_Allgatherv")
  }

  private static func fit(_ starts: [CInt], _ counts: [CInt], in count: Int) -> Bool {
    starts.indices.allSatisfy { starts[$0] >= 0 && counts[$0] >= 0 && Int(starts[$0]) + Int(counts[$0]) <= count }
  }
}
