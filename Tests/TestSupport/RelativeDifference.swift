/// max |a − b| / max |b| of one tensor.
///
/// Infinite if the counts differ or a difference is not a number; 0 if the tensors are equal, b = 0 included.
///
/// - Parameters:
///   - a: the values to judge.
///   - b: the reference.
///   - floor: a lower limit for the denominator, for tensors that are all rounding (a gradient that cancels to 1e-17).
public func relativeDifference(_ a: [Double], _ b: [Double], floor: Double = 0) -> Double {
  guard a.count == b.count else { return .infinity }
  var (difference, scale) = (0.0, floor)
  for i in a.indices {
    let distance = abs(a[i] - b[i])
    guard distance.isFinite else { return .infinity }
    difference = max(difference, distance)
    scale = max(scale, abs(b[i]))
  }
  return difference == 0 ? 0 : difference / scale
}

/// max |a − b| / max |b| of one matrix; infinite if the shapes differ.
public func relativeDifference(_ a: [[Double]], _ b: [[Double]], floor: Double = 0) -> Double {
  guard a.map({ $0.count }) == b.map({ $0.count }) else { return .infinity }
  return relativeDifference(Array(a.joined()), Array(b.joined()), floor: floor)
}

/// The largest relative difference of the tensors Ẇ, Ẅ of weights and biases, each relative to its own largest value.
public func relativeDifference(_ a: LayerStatistics, _ b: LayerStatistics, floor: Double = 0) -> Double {
  max(
    max(relativeDifference(a.wDot, b.wDot, floor: floor), relativeDifference(a.wDDot, b.wDDot, floor: floor)),
    max(
      relativeDifference(a.biasDot, b.biasDot, floor: floor),
      relativeDifference(a.biasDDot, b.biasDDot, floor: floor)))
}

/// The largest relative difference over all layers; infinite if the numbers of layers differ.
public func relativeDifference(_ a: [LayerStatistics], _ b: [LayerStatistics], floor: Double = 0) -> Double {
  guard a.count == b.count else { return .infinity }
  var largest = 0.0
  for l in a.indices { largest = max(largest, relativeDifference(a[l], b[l], floor: floor)) }
  return largest
}
