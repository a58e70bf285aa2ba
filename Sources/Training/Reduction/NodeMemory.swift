public import Kernels
internal import MPI
internal import Networks
internal import Optimizers

/// What the ranks of one machine share of a training: one copy of the parameters, and the signals of all their samples.
///
/// In a step each rank writes the rows of its own samples. When all have passed their signals back, each forms Ẇ and Ẅ of
/// its part of the output units of every dense layer over the samples of all, and moves that part of the parameters: inside
/// a machine no sums travel. The ranks with the same part on other machines add their sums up, so that every machine makes
/// the same step. Layers whose sums are not formed by units, such as batch normalisation, have small sums, which all ranks
/// add up; the first rank of a machine moves their parameters.
public final class NodeMemory<Scalar: Real> {
  /// The network whose workspaces lie here; it ends with this memory.
  let network: Network<Scalar>
  /// w, one copy for the machine; each element is written by the one rank that has it in its ``part``.
  let parameters: Arena<Scalar>
  /// The inputs of all samples, [rows × features].
  let inputs: Matrix<Scalar>
  /// What this rank moves.
  let part: ParameterPart

  let node: Node
  private let window: SharedWindow
  private let sharing: Sharing
  private let signals: Arena<Scalar>
  /// The sums that are added up over all ranks, with the loss, and those over the ranks with the same part.
  private let small: SumBuffer<Scalar>
  private let large: SumBuffer<Scalar>
  /// This rank's rows of the present minibatch.
  private(set) var ownRows = 0..<0

  /// Collective: the first rank of each machine draws the parameters.
  ///
  /// - Returns: nil on every rank where one of the machines does not have the memory.
  init?(_ draft: TrainingDraft<Scalar>, _ node: Node, on world: borrowing Communicator) throws {
    let network = try Network<Scalar>(draft.configuration.network, inputShape: draft.problem.shape)
    let local = node.local.rank
    let rows = node.local.ranks * draft.capacity
    sharing = Self.sharing(draft, rank: local, ranks: node.local.ranks)
    let counts = Self.counts(network, sharing)
    let stride = MemoryLayout<Scalar>.stride
    guard let window = try node.makeWindow(byteCount: counts.reduce(0, +) * stride, on: world) else { return nil }
    let base = unsafe window.base
    parameters = unsafe Arena(over: base, count: network.layout.count, owner: window)
    inputs = unsafe Arena<Scalar>(over: base + counts[0] * stride, count: rows * network.inputs, owner: window)
      .all.matrix(rows: rows, columns: network.inputs)
    signals = unsafe Arena(over: base + (counts[0] + counts[1]) * stride, count: counts[2], owner: window)
    network.reserve(sharing, in: signals.all)
    let (layout, separable) = (network.layout, network.separablePart(sharing))
    /// The blocks that are not formed by units.
    let others = layout.blocks.map { network.isSeparable($0) ? 0..<0 : $0.range }
    part = ParameterPart(
      zip(separable, others).map { local == 0 && !$1.isEmpty ? $1 : $0 }, of: layout)
    small = SumBuffer(zip(others, layout.blocks).map { $1.isTrained ? $0 : 0..<0 })
    large = SumBuffer(separable)
    (self.network, self.node, self.window) = (network, node, window)
    if local == 0 {
      let training = draft.configuration.training
      parameters.all.copy(
        from: network.initialParameters(training.initialization, seed: UInt64(training.seed)).all)
    }
    try synchronize()
  }

  /// Whether the sums that a rank forms are those of all samples: no other machine has some.
  var hasAllSums: Bool { node.cross.ranks == 1 }

  /// The rows of the present minibatch that the ranks of this machine have.
  var rows: Int { network.sharedRows }

  /// Whether this rank moves what is not formed by units, such as running averages.
  var movesOthers: Bool { node.local.rank == 0 }

  /// Chooses this rank's rows for a minibatch of so many samples, which the ranks of the whole group share out.
  func place(samples: Int) {
    var (first, rows) = (0, 0)
    for (place, member) in node.members.enumerated() {
      let count = shard(0..<samples, rank: member, of: node.ranks).count
      if place < node.local.rank { first += count }
      if place == node.local.rank { ownRows = first..<first + count }
      rows += count
    }
    network.place(firstRow: first, of: rows)
  }

  /// Forms this rank's part of Ẇ and Ẅ, of the samples of all ranks on all machines. Collective.
  ///
  /// - Parameters:
  ///   - leavingSeparable: whether the sums that are formed by units are left out, for weights that move where they are formed.
  ///   - sums: of layers whose sums are not formed by units, those of this rank's samples.
  ///   - loss: of this rank's samples.
  ///   - world: all ranks. Its sum is also what all wait for: after it the signals of all ranks are there.
  /// - Returns: the loss of all samples.
  func formSums(
    _ bound: Bound, leavingSeparable: Bool, into sums: StatisticsSlice<Scalar>, loss: Scalar,
    over world: borrowing some GlobalSum & ~Copyable
  ) throws -> Scalar {
    try window.synchronize()
    let total = try small.add(sums, loss, over: world)
    try window.synchronize()
    guard !leavingSeparable else { return total }
    network.formSeparableStatistics(inputs: inputs, bound: bound, into: sums)
    if node.cross.ranks > 1, !large.isEmpty { _ = try large.add(sums, 0, over: node.cross) }
    return total
  }

  /// Moves this rank's part of the parameters, or what is left of it, and waits for the other parts. Collective on the
  /// machine.
  func update(
    _ rule: any Optimizer, sums: StatisticsSlice<Scalar>, samples: Int, state: OptimizerState<Scalar>, rate: Double,
    regularization: Regularization, layout: ParameterLayout, part: ParameterPart
  ) throws {
    try rule.update(
      parameters.all, sums: sums, samples: samples, state: state, rate: rate, regularization: regularization,
      layout: layout, part: part, over: node.local)
    try synchronize()
  }

  /// Waits for the ranks of the machine; what each wrote is then there for all. Collective on the machine.
  func synchronize() throws {
    try window.synchronize()
    try node.local.barrier()
    try window.synchronize()
  }
}
