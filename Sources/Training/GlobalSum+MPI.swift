public import Kernels
public import MPI

/// The ranks of an MPI group add vectors up with Allreduce, in place.
extension Communicator: GlobalSum {
  public func sum(_ values: Vector<Float>) throws { try values.withMutableSpan { try allReduceSum(&$0) } }
  public func sum(_ values: Vector<Double>) throws { try values.withMutableSpan { try allReduceSum(&$0) } }
}
