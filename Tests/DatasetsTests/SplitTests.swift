internal import Datasets
internal import Foundation
internal import Testing

@Suite struct SplitTests {
  @Test func `the built-in digits are 1,797 images of 8×8 pixels up to 16`() throws {
    let split = try DataSplit.digits()
    let dataset = split.training.dataset
    #expect(dataset.count == 1797)
    #expect(dataset.shape == [1, 8, 8])
    #expect(dataset.features == 64)
    #expect(dataset.classNames == (0...9).map(String.init))
    #expect(dataset.holdsBytes)
    #expect(dataset.values(of: 0).prefix(16) == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0])
    #expect((0..<10).map(dataset.label) == Array(0...9))
    #expect((0..<dataset.count).flatMap(dataset.values).max() == 16)
  }

  @Test(.enabled(if: SharedData.has(SharedData.digits)))
  func `the built-in digits are those of the shared file`() throws {
    let shared = try DataSplit.csv(path: SharedData.digits)
    #expect(content(shared.training.dataset) == content(try DataSplit.digits().training.dataset))
  }

  @Test func `a fifth of each class, rounded, is the test set, and the rest the training set`() throws {
    let split = try DataSplit.digits()
    let (training, test) = (split.training, split.test)
    #expect(test.count == 359)
    for label in 0..<10 {
      let ofTest = (0..<test.count).count { test.label(at: $0) == label }
      let ofTraining = (0..<training.count).count { training.label(at: $0) == label }
      #expect(ofTest == Int((Double(ofTest + ofTraining) / 5).rounded()))
    }
    let ids = (0..<test.count).map(test.id) + (0..<training.count).map(training.id)
    #expect(ids.count == 1797)
    #expect(Set(ids) == Set(0..<1797))
  }

  @Test func `the digits' test set is fixed`() throws {
    // By a program in Python of the same algorithm: SplitMix64, Lemire's bounded numbers, Fisher–Yates.
    let test = try DataSplit.digits().test
    let ids = (0..<test.count).map(test.id)
    #expect(ids.prefix(10) == [4, 9, 15, 18, 23, 29, 31, 48, 50, 51])
    #expect(ids.suffix(5) == [1776, 1783, 1784, 1788, 1796])
    #expect(fnv1a(ids) == 0xe598_be81_e37e_f7b0)
  }

  @Test func `a subset of a subset names the same samples`() throws {
    let dataset = Dataset(
      source: "test", shape: [1], classNames: ["a", "b"], values: [10, 11, 12, 13, 14], labels: [0, 1, 0, 1, 1])
    let subset = dataset.subset([4, 2, 0])
    #expect((0..<3).map(subset.label) == [1, 0, 0])
    let inner = subset.subset([2, 0])
    #expect(inner.count == 2)
    #expect((0..<2).map(inner.id) == [0, 4])
    #expect(dataset.all.subset([3]).id(at: 0) == 3)
  }

  @Test func `other labels change the content but not the features`() {
    let dataset = Dataset(source: "test", shape: [2], classNames: ["a", "b"], values: [1, 2, 3, 4], labels: [0, 1])
    let noisy = dataset.relabelled([1, 1])
    #expect((0..<2).map(noisy.label) == [1, 1])
    #expect(noisy.values(of: 0) == [1, 2])
    #expect(content(noisy) != content(dataset))
    #expect(content(noisy).prefix(32) == content(dataset).prefix(32))
    #expect(content(dataset).count == 4 * 8 + 2 * 4)
  }
}
