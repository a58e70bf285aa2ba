internal import Configurations
import Kernels
import MPI
internal import Ranks

/// Sums of lanes by the ranks have the bits that one process gets by the definition, whatever their length and precision.
///
/// With `plantsOrder` the expected sums are those of another order, which must be found.
func checkLanes(_ world: borrowing Communicator, plantsOrder: Bool) throws {
  for lanes in [1, 3, 8, 13] {
    var configuration = try ConfigurationSource(preset: .standard).configuration()
    (configuration.training.reproducible, configuration.training.lanes) = (true, lanes)
    try world.withGroup(for: configuration) { group in
      // Below and above what goes to all ranks, more than travels at once, and none for some ranks.
      for count in [1, 7, 2048, 2049, 5000, lanes == 3 ? (1 << 22) + 5 : 3] {
        try check(count, lanes: lanes, as: Float.self, plantsOrder: plantsOrder, over: group)
        if count < 1 << 20 { try check(count, lanes: lanes, as: Double.self, plantsOrder: plantsOrder, over: group) }
      }
    }
  }
}

/// The sum of rows 0 ..< 2 · lanes, two for each lane, of numbers that any rank can make.
private func check<Scalar: Real>(
  _ count: Int, lanes: Int, as precision: Scalar.Type, plantsOrder: Bool, over ranks: RankGroup
) throws {
  let samples = 2 * lanes
  func write(_ rows: Range<Int>, _ target: Vector<Scalar>) {
    target.fill(0)
    for row in rows { addNumbers(of: row, to: target) }
  }
  let sums = SampleSums<Scalar>(count: count)
  let own = ranks.shard(0..<samples)
  try sums.add(rows: own.count, samples: samples, over: ranks) { rows, target in
    write(own.lowerBound + rows.lowerBound..<own.lowerBound + rows.upperBound, target)
  }
  func recursive(_ lanes: Range<Int>) -> Vector<Scalar> {
    let sum = Arena<Scalar>(count: count).all
    guard lanes.count > 1 else {
      write(2 * lanes.lowerBound..<2 * lanes.upperBound, sum)
      return sum
    }
    let middle = plantsOrder ? lanes.upperBound - 1 : (lanes.lowerBound + lanes.upperBound) / 2
    sum.copy(from: recursive(lanes.lowerBound..<middle))
    sum.add(recursive(middle..<lanes.upperBound))
    return sum
  }
  let expected = recursive(0..<lanes)
  for k in 0..<count where sums.values[k] != expected[k] {
    throw Planted(description: "the sum of \(lanes) lanes has other bits at \(k) of \(count) on rank \(ranks.rank)")
  }
}

/// Adds numbers that are made of a row and a place.

private func addNumbers<Scalar: Real>(of row: Int, to target: Vector<Scalar>) {
  for k in 0..<target.count {
    let bits = UInt64(truncatingIfNeeded: (k + 1) * 0x9E37_79B9 ^ (row + 1) * 0x85EB_CA6B) &* 0xC2B2_AE3D_27D4_EB4F
    target[k] += Scalar(Int32(truncatingIfNeeded: bits >> 32)) / 3
  }
}
