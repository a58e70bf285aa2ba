public import Kernels

/// How well the weights of examples separate true labels from wrong ones.
public struct WrongLabelRanking: Codable, Equatable, Sendable {
  /// The probability that a sample with a true label has a greater weight than one with a wrong label; equal weights
  /// count half. 1 is a perfect order, 0.5 is chance.
  public let auc: Double
  /// The share of wrong labels among the samples of least weight, as many as there are wrong labels. If equal weights
  /// leave the choice of these samples open, the mean over all choices.
  public let precision: Double

  /// Evaluates weights for which the true labels are known; nil if no label or every label is wrong.
  ///
  /// With the groups g of equal weight in ascending order, each with c_g true and f_g wrong labels:
  /// `AUC = Σ_g c_g (Σ_{h<g} f_h + f_g / 2) / (c f)`.
  ///
  /// - Precondition: one weight for each sample; no weight is NaN.
  /// - Complexity: O(n log n).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init?<Scalar: Real>(weights: [Scalar], isFlipped: [Bool]) {
    precondition(weights.count == isFlipped.count, "each sample must have one weight")
    precondition(weights.allSatisfy { !$0.isNaN }, "weights must be numbers")
    let flipped = isFlipped.count { $0 }
    let clean = weights.count - flipped
    guard flipped > 0, clean > 0 else { return nil }
    let order = weights.indices.sorted { weights[$0] < weights[$1] }

    // Twice the number of pairs in the right order, a whole number.
    var twicePairs = 0
    var (samplesBelow, flippedBelow, found) = (0, 0, 0.0)
    var start = 0
    while start < order.count {
      var (end, flippedHere) = (start, 0)
      while end < order.count, weights[order[end]] == weights[order[start]] {
        if isFlipped[order[end]] { flippedHere += 1 }
        end += 1
      }
      let here = end - start
      twicePairs += (here - flippedHere) * (2 * flippedBelow + flippedHere)
      let taken = min(max(flipped - samplesBelow, 0), here)
      found += Double(taken) * Double(flippedHere) / Double(here)
      samplesBelow += here
      flippedBelow += flippedHere
      start = end
    }
    auc = Double(twicePairs) / (2 * Double(clean) * Double(flipped))
    precision = found / Double(flipped)
  }
}
