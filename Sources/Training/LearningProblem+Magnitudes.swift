internal import Configurations
private import Datasets
internal import Kernels

extension LearningProblem {
  /// Makes sure that no feature and no target is too large for the precision of a training. Steps multiply what the network
  /// gets with each other, so that the squares of that must be finite too.
  ///
  /// - Parameter isNew: whether the scaling's numbers were taken from these training data.
  /// - Throws: `DatasetError` naming the first such number.
  func checkMagnitudes(in precision: Precision, isNew: Bool) throws {
    try checkSpread(isNew: isNew)
    for subset in [split.training, split.validation, split.test].compactMap(\.self) {
      if let number = subset.firstFeature(
        above: precision.largest, scaled: precision.largestSquared, map: map)
      {
        throw tooLarge(number, of: subset, in: precision)
      }
      if target == .value, let number = subset.firstTarget(above: precision.largestSquared) {
        throw tooLarge(number, of: subset, in: precision)
      }
    }
  }

  /// `standardise` divides by the standard deviation, which of very large numbers is none.
  private func checkSpread(isNew: Bool) throws {
    guard isNew, map.scaling == .standardise, let feature = map.scale.firstIndex(of: 0) else { return }
    throw split.training.error(
      split.training.largestValue(ofFeature: feature), "so that the variance of the column is not finite",
      remedy: "scale the column")
  }

  private func tooLarge(_ number: Subset.Number, of subset: Subset, in precision: Precision) -> DatasetError {
    let (value, scaled) = (abs(number.value), abs(number.scaled))
    let isTooLarge = max(value, scaled) > precision.largest
    // A cell that is itself too large needs no account of what becomes of it.
    let becomes =
      number.scaled == number.value || value > precision.largest
      ? "" : "which data.scale \(map.scaling.rawValue) makes \(number.scaled), "
    let helps = precision == .float32 && scaled <= Precision.float64.largestSquared
    return subset.error(
      number, becomes + (isTooLarge ? "too large for " : "whose square is too large for ") + precision.rawValue,
      remedy: "scale the column" + (helps ? ", or set training.precision to float64" : ""))
  }
}

extension Precision {
  /// The largest number whose square is one too.
  fileprivate var largestSquared: Double { largest.squareRoot().nextDown }
}
