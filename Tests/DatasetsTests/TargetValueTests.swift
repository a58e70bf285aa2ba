internal import Datasets
internal import Foundation
internal import Kernels
internal import Testing

/// Data sets whose targets are real numbers.
@Suite struct TargetValueTests {
  private func targets(_ dataset: Dataset) -> [[Double]] { (0..<dataset.count).map(dataset.target) }
  private func inputs(_ dataset: Dataset) -> [[Double]] { (0..<dataset.count).map(dataset.values) }

  @Test func `the label column of a CSV file can hold the values of a regression`() throws {
    let scratch = try ScratchDirectory()
    let path = try scratch.write("a.csv", "x,price,y\n1,-2.5,3\n4,1e3,6\n7,2,9\n10,-2.5,12\n")
    let split = try DataSplit.csv(path: path, testPath: path, label: .name("price"), kind: .values)
    let dataset = split.training.dataset
    #expect(dataset.holdsTargetValues)
    #expect(targets(dataset) == [[-2.5], [1000], [2], [-2.5]])
    #expect(inputs(dataset) == [[1, 3], [4, 6], [7, 9], [10, 12]])
    #expect(dataset.holdsBytes, "features are kept as before, whatever the targets")
    #expect((dataset.targetColumns, dataset.classes, dataset.classNames) == (1, 0, []))
    #expect(targets(split.test.dataset) == targets(dataset))
  }

  @Test func `as classes the same column has one-hot targets`() throws {
    let scratch = try ScratchDirectory()
    let path = try scratch.write("a.csv", "1,5\n2,3\n3,5\n")
    let dataset = try DataSplit.csv(path: path, testPath: path).training.dataset
    #expect(!dataset.holdsTargetValues)
    #expect(targets(dataset) == [[0, 1], [1, 0], [0, 1]])
  }

  @Test(arguments: [3, 10, 23]) func `a random fifth of the rows with values is the test set, drawn once`(rows: Int)
    throws
  {
    let scratch = try ScratchDirectory()
    let path = try scratch.write("a.csv", (0..<rows).map { "\($0),\($0).5\n" }.joined())
    let split = try DataSplit.csv(path: path, kind: .values)
    #expect(split.test.count == (rows + 2) / 5)
    let ids = [split.training, split.test].flatMap { part in (0..<part.count).map(part.id) }
    #expect(ids.count == rows)
    #expect(Set(ids) == Set(0..<rows))
    let again = try DataSplit.csv(path: path, kind: .values).test
    #expect((0..<again.count).map(again.id) == (0..<split.test.count).map(split.test.id))
    #expect(split.test.target(at: 0) == [Double(split.test.id(at: 0)) + 0.5])
  }

  private func checkFill<S: Real>(_: S.Type) {
    let values: [Double] = [0.1, -2, 1e-3, 4, 5, 6.25, 1 / 3, 8]
    let dataset = Dataset(source: "test", shape: [1], values: [1, 2, 3, 4], targets: values, targetColumns: 2)
    let subset = dataset.subset([3, 1, 0])
    let positions: [Int32] = [2, 0, 2]
    let targets = Matrix<S>(rows: 4, columns: 2)
    targets.elements.fill(99)
    subset.fillTargets(positions.span, targets: targets.prefix(3))
    #expect(targets.array == [[S(0.1), -2], [S(1.0 / 3), 8], [S(0.1), -2], [99, 99]])
    #expect(subset.target(at: 1) == [1e-3, 4])
    #expect(subset.targetRange == -2...8)
    #expect(dataset.subset([2]).targetRange == 5...6.25)
  }

  @Test func `a batch holds the values of its positions, in Float`() { checkFill(Float.self) }
  @Test func `a batch holds the values of its positions, in Double`() { checkFill(Double.self) }

  @Test func `the content for a hash holds the target values`() {
    func dataset(_ last: Double) -> Dataset {
      Dataset(source: "test", shape: [1], values: [1, 2], targets: [3, last])
    }
    #expect(content(dataset(4)).count == 4 * 8)
    #expect(content(dataset(4)) != content(dataset(5)))
    #expect(content(dataset(4)).prefix(24) == content(dataset(5)).prefix(24))
  }

  @Test func `the built-in line, gates and curve have the samples they promise`() {
    let (linear, gates, curve) = (DataSplit.linear(), DataSplit.gates(), DataSplit.curve())
    #expect(inputs(linear.training.dataset) == [[0], [1], [2], [3], [4]])
    #expect(targets(linear.training.dataset) == [[0], [2], [4], [6], [8]])
    let rows = zip(inputs(gates.training.dataset), targets(gates.training.dataset))
    #expect(gates.training.count == 4)
    #expect(Set(inputs(gates.training.dataset)).count == 4)
    for (bits, target) in rows {
      let (a, b) = (bits[0] == 1, bits[1] == 1)
      #expect(target == [a && b, a || b, a != b].map { $0 ? 1 : 0 })
    }
    #expect(inputs(curve.training.dataset) == [[0], [0.25], [0.5], [0.75], [1]])
    let expected = [0.9820137900379085, 0.8807970779778823, 0.5, 0.11920292202211755, 0.01798620996209156]
    for (target, value) in zip(targets(curve.training.dataset), expected) {
      #expect(target.count == 1)
      #expect(abs(target[0] - value) <= 1e-15)
    }
    for split in [linear, gates, curve] {
      #expect(split.test.count == split.training.count)
      #expect(content(split.test.dataset) == content(split.training.dataset))
    }
  }
}
