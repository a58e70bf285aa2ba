internal import Kernels
private import MPI
private import Networks
private import Optimizers

extension NodeMemory {
  /// Gives every rank of the machine the elements that the others move, in place of its own numbers there. Collective on
  /// the machine.
  ///
  /// - Parameter values: in the order of the parameters.
  /// - Complexity: three messages for each block; the array travels once inside the machine.
  func gather<Values: Real>(_ values: Vector<Values>) throws {
    precondition(values.count == parameters.count, "an array of which ranks have parts is one of the parameters")
    for (block, own) in zip(network.layout.blocks, part.ranges) {
      // A rank without a part has its empty range at the block's start.
      let starts = try node.local.allGather(Int64(own.lowerBound - block.range.lowerBound)).map { CInt($0) }
      let counts = try node.local.allGather(Int64(own.count)).map { CInt($0) }
      let values = values[block.range]
      if let values = values as? Vector<Float> {
        try values.withMutableSpan { try node.local.gatherParts(&$0, starts: starts, counts: counts) }
      } else if let values = values as? Vector<Double> {
        try values.withMutableSpan { try node.local.gatherParts(&$0, starts: starts, counts: counts) }
      }
    }
  }
}
