internal import Configurations
public import Kernels
internal import MPI
package import Networks
package import Optimizers

/// The memory that the ranks of one machine share in a training: one copy of the parameters, and the signals of all
/// their samples.
///
/// In a step each rank writes the rows of its own samples. After the backward pass of all ranks, each rank forms Ẇ and
/// Ẅ of its part of the output units of every dense layer over the samples of all ranks, and updates that part of the
/// parameters: no sums travel inside a machine. The ranks with the same part on other machines add their sums up, so
/// that every machine takes the same step. The sums of layers such as batch normalisation are not formed by units.
/// These sums are small, and all ranks add them up; the first rank of a machine updates the parameters of these layers.
public final class NodeMemory<Scalar: Real> {
  /// The network whose workspaces lie in this memory; it becomes unusable with the memory.
  package let network: Network<Scalar>
  /// w, one copy for the machine; only the rank whose ``part`` contains an element writes it.
  package let parameters: Arena<Scalar>
  /// The inputs of all samples, [rows × features].
  package let inputs: Matrix<Scalar>
  /// The part of the parameters that this rank updates.
  package let part: ParameterPart

  let node: Node
  private let window: SharedWindow
  /// The ranks with the same part on other machines.
  private let machines: MachineSum
  private let sharing: Sharing
  private let signals: Arena<Scalar>
  /// Buffers for the sums over all ranks, with the loss, and for the sums over the ranks with the same part.
  private let small: SumBuffer<Scalar>
  private let large: SumBuffer<Scalar>
  /// This rank's rows of the present minibatch.
  package private(set) var ownRows = 0..<0

  /// Collective: the first rank of each machine draws the initial parameters.
  ///
  /// - Parameters:
  ///   - inputShape: the shape of one sample.
  ///   - capacity: the most samples that a rank gets of one minibatch.
  ///   - pieceBytes: the size in bytes of the pieces in which sums travel between machines; nil: whole.
  /// - Returns: nil on every rank where a machine does not have the memory.
  init?(
    _ configuration: Configuration, inputShape: Shape, capacity: Int, pieceBytes: Int?, _ node: Node,
    on world: borrowing Communicator
  ) throws {
    let network = try Network<Scalar>(configuration.network, inputShape: inputShape)
    let local = node.local.rank
    sharing = configuration.sharing(capacity: capacity, rank: local, ranks: node.local.ranks)
    let (counts, rows) = (Self.counts(network, sharing), sharing.rows)
    let stride = MemoryLayout<Scalar>.stride
    guard let window = try node.makeWindow(byteCount: counts.reduce(0, +) * stride, on: world) else { return nil }
    let base = unsafe window.base
    parameters = unsafe Arena(over: base, count: network.layout.count, owner: window)
    inputs = unsafe Arena<Scalar>(over: base + counts[0] * stride, count: rows * network.inputs, owner: window)
      .all.matrix(rows: rows, columns: network.inputs)
    signals = unsafe Arena(over: base + (counts[0] + counts[1]) * stride, count: counts[2], owner: window)
    network.reserve(sharing, in: signals.all)
    let (layout, separable) = (network.layout, network.separablePart(sharing))
    /// The blocks whose sums are not formed by units.
    let others = layout.blocks.map { network.isSeparable($0) ? 0..<0 : $0.range }
    part = ParameterPart(
      zip(separable, others).map { local == 0 && !$1.isEmpty ? $1 : $0 }, of: layout)
    small = SumBuffer(zip(others, layout.blocks).map { $1.isTrained ? $0 : 0..<0 })
    large = SumBuffer(separable)
    (self.network, self.node, self.window) = (network, node, window)
    machines = MachineSum(node: node, pieceBytes: pieceBytes)
    if local == 0 {
      let training = configuration.training
      parameters.all.copy(
        from: network.initialParameters(training.initialization, seed: UInt64(training.seed)).all)
    }
    try synchronize()
  }

  /// The numbers of parameters, inputs and signals, each rounded up to whole cache lines.
  private static func counts(_ network: Network<Scalar>, _ sharing: Sharing) -> [Int] {
    [network.layout.count, sharing.rows * network.inputs, network.sharedCount(sharing)].map { ($0 + 15) / 16 * 16 }
  }

  /// The size in bytes of a machine's shared window.
  package static func byteCount(_ network: Network<Scalar>, _ sharing: Sharing) -> Int {
    counts(network, sharing).reduce(0, +) * MemoryLayout<Scalar>.stride
  }

  /// Whether the sums that a rank forms cover all samples: no other machine has samples.
  package var hasAllSums: Bool { node.cross.ranks == 1 }

  /// Whether this rank's machine is the first one.
  package var isOfFirstMachine: Bool { node.cross.rank == 0 }

  /// The number of rows of the present minibatch on this machine.
  package var rows: Int { network.sharedRows }

  /// Whether this rank updates the numbers that are not formed by units, such as running averages.
  package var movesOthers: Bool { node.local.rank == 0 }

  /// Chooses this rank's rows of a minibatch of `samples` samples, which all ranks of the group share.
  package func place(samples: Int) {
    var (first, rows) = (0, 0)
    for (place, member) in node.members.enumerated() {
      let count = shard(0..<samples, rank: member, of: node.ranks).count
      if place < node.local.rank { first += count }
      if place == node.local.rank { ownRows = first..<first + count }
      rows += count
    }
    network.place(firstRow: first, of: rows)
  }

  /// Forms this rank's part of Ẇ and Ẅ over the samples of all ranks on all machines. Collective.
  ///
  /// - Parameters:
  ///   - leavingSeparable: whether to leave out the sums that are formed by units, because the product kernel itself
  ///     updates the weights.
  ///   - sums: for layers whose sums are not formed by units, the sums over this rank's samples.
  ///   - loss: the loss of this rank's samples.
  ///   - world: all ranks. Its sum is also a barrier: after it the signals of all ranks are complete.
  /// - Returns: the loss of all samples.
  package func formSums(
    _ bound: Bound, leavingSeparable: Bool, into sums: StatisticsSlice<Scalar>, loss: Scalar,
    over world: borrowing some GlobalSum & ~Copyable
  ) throws -> Scalar {
    try window.synchronize()
    let total = try small.add(sums, loss, over: world)
    try window.synchronize()
    guard !leavingSeparable else { return total }
    network.formSeparableStatistics(inputs: inputs, bound: bound, into: sums)
    if node.cross.ranks > 1, !large.isEmpty { _ = try large.add(sums, 0, over: machines) }
    return total
  }

  /// Updates this rank's part of the parameters, or the rest of it, and waits for the other parts. Collective on the
  /// machine.
  package func update(
    _ rule: any Optimizer, sums: StatisticsSlice<Scalar>, samples: Int, state: OptimizerState<Scalar>, rate: Double,
    regularization: Regularization, layout: ParameterLayout, part: ParameterPart
  ) throws {
    try rule.update(
      parameters.all, sums: sums, samples: samples, state: state, rate: rate, regularization: regularization,
      layout: layout, part: part, over: node.local)
    try synchronize()
  }

  /// Gives every rank of the machine the elements that the other ranks update; they replace the rank's own numbers
  /// there. Collective on the machine.
  ///
  /// - Parameter values: in the order of the parameters.
  /// - Complexity: three messages for each block; the array travels once inside the machine.
  package func gather<Values: Real>(_ values: Vector<Values>) throws {
    precondition(values.count == parameters.count, "an array of which ranks have parts is one of the parameters")
    for (block, own) in zip(network.layout.blocks, part.ranges) {
      // The empty range of a rank without a part lies at the block's start.
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

  /// Waits for the ranks of the machine; afterwards each sees everything that the others wrote. Collective on the
  /// machine.
  package func synchronize() throws {
    try window.synchronize()
    try node.local.barrier()
    try window.synchronize()
  }
}

extension Configuration {
  /// How the ranks of a machine share a minibatch of which each gets at most `capacity` samples.
  package func sharing(capacity: Int, rank: Int, ranks: Int) -> Sharing {
    Sharing(
      rank: rank, ranks: ranks, samples: capacity, rows: ranks * capacity,
      bound: optimizer.rule.needsCurvature ? optimizer.bound : nil)
  }
}

/// The sum over the ranks with the same number on their machines.
private struct MachineSum: GlobalSum {
  let node: Node
  let pieceBytes: Int?

  var rank: Int { node.cross.rank }
  var ranks: Int { node.cross.ranks }

  func sum(_ values: Vector<Float>) throws {
    try values.withMutableSpan { try node.cross.allReduceSum(&$0, pieceBytes: pieceBytes) }
  }
  func sum(_ values: Vector<Double>) throws {
    try values.withMutableSpan { try node.cross.allReduceSum(&$0, pieceBytes: pieceBytes) }
  }
}

/// Ranges of Ẇ and Ẅ, copied side by side with one further number, so that one reduction adds them all up.
struct SumBuffer<Scalar: Real> {
  private let ranges: [Range<Int>]
  private let numbers: Arena<Scalar>

  /// - Parameter ranges: the ranges of elements of Ẇ and Ẅ.
  init(_ ranges: [Range<Int>]) {
    self.ranges = ranges.filter { !$0.isEmpty }
    numbers = Arena(count: 1 + 2 * ranges.reduce(0) { $0 + $1.count })
  }

  /// Whether the buffer holds nothing but the further number.
  var isEmpty: Bool { ranges.isEmpty }

  /// Adds the ranges, in place, and the number up over the ranks. Collective.
  ///
  /// - Returns: the sum of the numbers.
  func add(_ sums: StatisticsSlice<Scalar>, _ number: Scalar, over ranks: borrowing some GlobalSum & ~Copyable) throws
    -> Scalar
  {
    numbers.all[0] = number
    var count = 1
    forEach(sums) { run in
      numbers.all[count..<count + run.count].copy(from: run)
      count += run.count
    }
    try ranks.sum(numbers.all[0..<count])
    count = 1
    forEach(sums) { run in
      run.copy(from: numbers.all[count..<count + run.count])
      count += run.count
    }
    return numbers.all[0]
  }

  private func forEach(_ sums: StatisticsSlice<Scalar>, _ body: (Vector<Scalar>) -> Void) {
    for range in ranges { body(sums.wDot[range]) }
    guard let wDDot = sums.wDDot else { return }
    for range in ranges { body(wDDot[range]) }
  }
}
