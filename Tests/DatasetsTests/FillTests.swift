internal import Datasets
internal import Kernels
internal import Testing

@Suite struct FillTests {
  private func checkFill<S: Real>(_: S.Type) throws {
    let training = try DataSplit.digits().training
    let map = InputScaling.symmetric.map(for: training)
    // A permutation of its own, and a batch that is not the first.
    let order = (0..<Int32(training.count)).map { $0 * 601 % Int32(training.count) }
    let batch = order[100..<137]
    let inputs = Matrix<S>(rows: 40, columns: 64)
    inputs.elements.fill(99)
    training.fill(batch.span, inputs: inputs.prefix(37), map: map)
    let targets = Matrix<S>(rows: 37, columns: 10)
    targets.elements.fill(99)
    training.fillTargets(batch.span, targets: targets)
    for (row, position) in batch.enumerated() {
      let id = training.id(at: Int(position))
      // Sixteenths are exact in both precisions.
      #expect(inputs[row].array == training.dataset.values(of: id).map { S($0 / 8 - 1) })
      let oneHot = (0..<10).map { S($0 == training.dataset.label(of: id) ? 1 : 0) }
      #expect(targets[row].array == oneHot)
    }
    #expect(inputs[37].array == Array(repeating: 99, count: 64))
  }

  @Test func `a batch holds the samples of its positions, in Float`() throws { try checkFill(Float.self) }
  @Test func `a batch holds the samples of its positions, in Double`() throws { try checkFill(Double.self) }

  @Test(arguments: [false, true]) func `one pair of numbers for each feature is applied to it`(asBytes: Bool) throws {
    let scratch = try ScratchDirectory()
    let text = asBytes ? "1,2,0\n3,4,1\n" : "1,2,0\n3,4.5,1\n"
    let path = try scratch.write("a.csv", text)
    let subset = try DataSplit.csv(path: path, testPath: path).training
    #expect(subset.dataset.holdsBytes == asBytes)
    let inputs = Matrix<Float>(rows: 3, columns: 2)
    let map = InputMap(scaling: .standardise, scale: [10, 0.5], offset: [1, -1])
    let positions: [Int32] = [1, 0, 1]
    subset.fill(positions.span, inputs: inputs, map: map)
    let second: [Float] = [31, asBytes ? 1 : 1.25]
    #expect(inputs.array == [second, [11, 0], second])
  }

  @Test func `no positions fill no rows`() throws {
    let training = try DataSplit.digits().training
    let positions: [Int32] = []
    let inputs = Matrix<Double>(rows: 2, columns: 64)
    training.fill(positions.span, inputs: inputs.prefix(0), map: InputScaling.none.map(for: training))
    #expect(inputs.elements.array.allSatisfy { $0 == 0 })
  }
}
