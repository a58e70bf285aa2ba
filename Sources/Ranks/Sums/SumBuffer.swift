internal import Kernels
internal import Networks

/// Runs of Ẇ and Ẅ, copied side by side so that one reduction adds them up, with one more number.
struct SumBuffer<Scalar: Real> {
  private let ranges: [Range<Int>]
  private let numbers: Arena<Scalar>

  /// - Parameter ranges: which elements of Ẇ and Ẅ.
  init(_ ranges: [Range<Int>]) {
    self.ranges = ranges.filter { !$0.isEmpty }
    numbers = Arena(count: 1 + 2 * ranges.reduce(0) { $0 + $1.count })
  }

  /// Whether there is nothing but the one number.
  var isEmpty: Bool { ranges.isEmpty }

  /// Adds the runs up over the ranks, in place, and the number. Collective.
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
