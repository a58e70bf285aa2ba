internal import Configurations
import Kernels
import MPI
internal import Ranks

/// Vectors of numbers that are not negative, of which every rank knows those of all ranks.
private struct Addends {
  let ranks: Int
  let count: Int

  /// The first two numbers are planted: 1 + 2⁻⁷ less a little on rank 0, and on the others what adds up to 2⁻⁷ less a
  /// little. Cutting bits off instead of rounding loses both: 1 comes out in place of 1 + 2⁻⁶. The rest is random, of all
  /// magnitudes, with zeros and denormal numbers.
  func number(_ k: Int, rank: Int) -> Float {
    switch k {
    case 0: return rank == 0 ? 1 + 0x1p-7 - 0x1p-20 : (0x1p-7 - 0x1p-20) / Float(ranks - 1)
    case 1: return .leastNonzeroMagnitude * Float(rank)
    default:
      let stream = RandomStream(seed: 11, .benchmark, rank)
      let value = Float(stream.uniform(3 * k))
      guard k % 7 != 0 else { return rank % 2 == 0 ? 0 : value }
      return Float(sign: .plus, exponent: Int(stream.uniform(3 * k + 1) * 250) - 130, significand: 1 + value)
    }
  }

  func exactSum(_ k: Int) -> Double { (0..<ranks).reduce(0) { $0 + Double(number(k, rank: $1)) } }

  /// Whether a sum is as near as the documentation of `sumNonNegative` says.
  func isWithinBound(_ sum: Double, _ k: Int) -> Bool {
    let once = 1 + 0x1p-8
    var bound = once * once
    for _ in 1..<ranks { bound *= 1 + 0x1p-24 }
    let exact = exactSum(k)
    return (sum - exact).magnitude <= exact * (bound - 1) + Double(ranks + 1) * 0x1p-134
  }
}

/// Sums that travel as bfloat16 are the same on every rank and within their bound, and the bound tells rounding from
/// cutting off.
func checkBFloat16(_ world: borrowing Communicator) throws {
  let (rank, ranks) = (world.rank, world.ranks)
  func require(_ condition: Bool, _ what: String) throws {
    guard condition else { throw Planted(description: "\(what) on rank \(rank) of \(ranks)") }
  }
  // Fewer numbers than ranks, as many, and parts of uneven sizes.
  for count in [2, ranks, 1000, 5003] {
    let addends = Addends(ranks: ranks, count: count)
    let values = Arena<Float>(count: count)
    for k in 0..<count { values.all[k] = addends.number(k, rank: rank) }
    let before = values.all.array
    let exchange = BFloat16Exchange(elements: count)
    try world.sumNonNegative(values.all, through: exchange)
    _ = try replicaFingerprint(values, over: world)
    guard ranks > 1 else {
      try require(values.all.array == before, "the numbers of a single rank change")
      continue
    }
    for k in 0..<count {
      try require(addends.isWithinBound(Double(values.all[k]), k), "sum \(k) of \(count) is off")
      try require(values.all[k].bitPattern & 0xffff == 0, "sum \(k) of \(count) is no bfloat16")
    }
    func cut(_ value: Float) -> Float { Float(bitPattern: value.bitPattern & 0xffff_0000) }
    let cutOff = cut((0..<ranks).reduce(Float(0)) { $0 + cut(addends.number(0, rank: $1)) })
    try require(!addends.isWithinBound(Double(cutOff), 0), "cutting bits off would not be seen")
    // What another type of ranks does without a network is the same to the last place that stays.
    let again = try world.inFloat(before, through: exchange)
    for k in 0..<count { try require(addends.isWithinBound(Double(again[k]), k), "sum \(k) by Floats is off") }
  }
}

extension Communicator {
  /// The sums as a `GlobalSum` forms them that has no other way.
  fileprivate func inFloat(_ values: [Float], through exchange: BFloat16Exchange) throws -> [Float] {
    let vector = Arena<Float>(count: values.count)
    vector.all.copy(from: values)
    let ranks = AllReduceOnly(try allOfThem())
    try ranks.sumNonNegative(vector.all, through: exchange)
    try ranks.free()
    return vector.all.array
  }

  private func allOfThem() throws -> Communicator {
    guard let all = try part(colour: 0) else { throw Planted(description: "there is no group") }
    return all
  }
}

/// Ranks that can add Floats up, and nothing else.
private final class AllReduceOnly: GlobalSum {
  private let group: Communicator
  init(_ group: consuming Communicator) { self.group = group }
  var rank: Int { group.rank }
  var ranks: Int { group.ranks }
  func sum(_ values: Vector<Float>) throws { try group.sum(values) }
  func sum(_ values: Vector<Double>) throws { try group.sum(values) }
  func free() throws { try group.free() }
}
