import Kernels
import MPI
import Networks
internal import Ranks

/// A network with batch normalisation and dropout on the shards of a minibatch.
private struct NormalizedNetwork {
  static let samples = 11

  private let network: Network<Double>
  private let inputs: Matrix<Double>
  private let targets: Matrix<Double>

  init() throws {
    network = try Network(
      [
        .batchNorm, .dense(inputs: nil, outputs: 6, bias: false), .batchNorm, .activation(.tanh), .dropout(keep: 0.6),
        .dense(inputs: nil, outputs: 5), .activation(.softplus), .batchNorm, .dense(inputs: nil, outputs: 3),
      ], inputs: 4)
    network.reserve(samples: Self.samples)
    inputs = Matrix(rows: Self.samples, columns: 4)
    targets = Matrix(rows: Self.samples, columns: 3)
    let stream = RandomStream(seed: 7, .benchmark)
    for k in 0..<inputs.elements.count { inputs.elements[k] = 2 + stream.normal(k) }
    for row in 0..<Self.samples { targets[row][row % 3] = 1 }
  }

  /// The parameters after two forward and backward passes, which move the running averages, and Ẇ, Ẅ and the loss of
  /// each, added up over the ranks.
  ///
  /// - Parameters:
  ///   - samples: the size of the global minibatch.
  func passes(
    _ shard: Range<Int>, of samples: Int, _ bound: Bound, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> (parameters: Arena<Double>, sums: [Double]) {
    let count = network.layout.count
    let parameters = network.initialParameters(.uniform, seed: 9)
    let sums = Arena<Double>(count: 2 * count + 1)
    let (x, t) = (rows(shard, of: inputs), rows(shard, of: targets))
    let ids = shard.map { Int32(100 - $0) }
    var all: [Double] = []
    for epoch in 1...2 {
      sums.all.fill(.nan)
      _ = try network.forward(
        x, parameters: parameters.all, pass: .training(seed: 3, epoch: epoch), samples: samples, ids: ids.span,
        over: ranks)
      sums.all[2 * count] = try network.addStatistics(
        inputs: x, targets: t, parameters: parameters.all, loss: .softmaxCrossEntropy, partition: .automatic,
        bound: bound, into: StatisticsSlice(wDot: sums.all[0..<count], wDDot: sums.all[count..<2 * count]), over: ranks)
      try ranks.sum(sums.all)
      all += sums.all.array
    }
    return (parameters, all)
  }

  private func rows(_ shard: Range<Int>, of matrix: Matrix<Double>) -> Matrix<Double> {
    let part = Matrix<Double>(rows: shard.count, columns: matrix.columns)
    for (row, sample) in shard.enumerated() { part[row].copy(from: matrix[sample]) }
    return part
  }
}

/// Batch normalisation and dropout over several ranks give what the same minibatch gives on this rank alone, to 1e-12,
/// and running averages that have the same bits on every rank.
func checkBatchNorm(_ world: borrowing Communicator) throws {
  let network = try NormalizedNetwork()
  let samples = NormalizedNetwork.samples
  // Uneven: rank r has about r times the samples of rank 1, and rank 0 of several has none.
  let triangle = { (rank: Int) in rank * (rank - 1) / 2 }
  let shard =
    world.ranks == 1
    ? 0..<samples
    : samples * triangle(world.rank) / triangle(world.ranks)..<samples * triangle(world.rank + 1)
      / triangle(world.ranks)
  for bound in Bound.allCases {
    let shared = try network.passes(shard, of: samples, bound, over: world)
    let alone = try network.passes(0..<samples, of: samples, bound, over: SingleRank())
    let difference = greatestDifference(
      shared.sums + shared.parameters.all.array, alone.sums + alone.parameters.all.array)
    guard difference <= 1e-12 else {
      throw Planted(description: "batch normalisation on \(world.ranks) ranks is off by \(difference)")
    }
    _ = try replicaFingerprint(shared.parameters, over: world)
    // The tolerance can fail: the averages of a shard alone would be seen.
    guard !shard.isEmpty, shard.count < samples else { continue }
    let forgetful = try network.passes(shard, of: shard.count, bound, over: SingleRank())
    guard greatestDifference(forgetful.parameters.all.array, alone.parameters.all.array) > 1e-3 else {
      throw Planted(description: "the statistics of a shard alone would not be seen")
    }
  }
}

/// The greatest |a − b|, relative to |b| where that is above 1; infinite where the counts differ or one is not a number.
func greatestDifference(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).reduce(0) { greatest, pair in
    let difference = (pair.0 - pair.1).magnitude / max(1, pair.1.magnitude)
    return difference.isFinite ? max(greatest, difference) : .infinity
  }
}
