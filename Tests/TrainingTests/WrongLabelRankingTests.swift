import Configurations
import Reweighting
import Testing

/// AUC and precision of weights against the truth.
struct WrongLabelRankingTests {
  /// w: the weights; a sample is flipped where its letter is f.
  private func judge(_ weights: [Double], _ letters: String) -> WrongLabelRanking? {
    WrongLabelRanking(weights: weights, isFlipped: letters.map { $0 == "f" })
  }

  @Test(
    arguments: [
      // Of 2 · 2 pairs all, none, or three in order.
      ([0.1, 0.2, 0.8, 0.9], "ffcc", 1, 1), ([0.1, 0.2, 0.8, 0.9], "ccff", 0, 0),
      ([0.1, 0.5, 0.3, 0.9], "ffcc", 0.75, 0.5), ([-3, -2, -1, 4], "fcfc", 0.75, 0.5),
      // In another order of the samples the same.
      ([0.9, 0.3, 0.1, 0.5], "ccff", 0.75, 0.5),
      // Ties: 2 pairs in order and 2 even; the second place of two is for one of three, of which one is flipped.
      ([0, 0.5, 0.5, 0.5], "ffcc", 0.75, (1 + 1 / 3.0) / 2), ([0.5, 0.5, 0.5, 0.5], "ffcc", 0.5, 0.5),
      // All equal: chance.
      ([1, 1, 1, 1, 1, 1, 1, 1], "fccccccc", 0.5, 0.125), ([1, 1, 1, 1, 1, 1, 1, 1], "ffffffcc", 0.5, 0.75),
      // 0 and −0 are equal; infinite weights have their place.
      ([0, -0.0, 1], "fcc", 0.75, 0.5), ([-.infinity, 2, .infinity], "fcf", 0.5, 0.5),
    ] as [([Double], String, Double, Double)])
  func `pairs and least weights are counted, ties by half or by their mean`(
    weights: [Double], letters: String, auc: Double, precision: Double
  ) throws {
    let judgement = try #require(judge(weights, letters))
    #expect(judgement.auc == auc)
    #expect(abs(judgement.precision - precision) <= 1e-15)
  }

  @Test func `it is the share of pairs in order, also of many weights with ties`() throws {
    // Weights of seven values; every pair is looked at.
    let weights = (0..<500).map { Float(($0 * $0 + 3 * $0) % 7) }
    let isFlipped = (0..<500).map { ($0 * 37) % 11 < 4 || ($0 * $0 + 3 * $0) % 7 == 0 }
    var twice = 0
    for a in 0..<500 where isFlipped[a] {
      for b in 0..<500 where !isFlipped[b] { twice += weights[b] > weights[a] ? 2 : weights[b] == weights[a] ? 1 : 0 }
    }
    let flipped = isFlipped.count { $0 }
    let expected = Double(twice) / Double(2 * flipped * (500 - flipped))
    #expect(try #require(WrongLabelRanking(weights: weights, isFlipped: isFlipped)).auc == expected)
    #expect(expected > 0.55 && expected < 0.95, "the case must be neither chance nor perfect")
  }

  @Test func `order is all that counts: another scale of the weights changes nothing`() throws {
    let weights = (0..<200).map { Double(($0 * 73) % 101) - 50 }
    let letters = String((0..<200).map { ($0 * 29) % 7 < 3 ? "f" : "c" })
    #expect(judge(weights, letters) == judge(weights.map { $0 * $0 * $0 + 7 }, letters))
    let reversed = try #require(judge(weights.map { -$0 }, letters))
    #expect(abs(reversed.auc + (try #require(judge(weights, letters))).auc - 1) <= 1e-15)
  }

  @Test(arguments: ["", "ccc", "ffff"]) func `without both kinds there is nothing to judge`(letters: String) {
    #expect(judge([Double](repeating: 1, count: letters.count), letters) == nil)
  }
}
