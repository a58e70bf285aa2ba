internal import Datasets
internal import Foundation
internal import Kernels
internal import TestSupport
internal import Testing

/// One feature column of samples in one class.
private func column(_ values: [Double], features: Int = 1) -> Dataset {
  Dataset(
    source: "test", shape: [features], classNames: ["a"], values: values,
    labels: Array(repeating: 0, count: values.count / features))
}

/// The scaled features of all samples.
private func scaled<S: Real>(_ subset: Subset, _ map: InputMap, _: S.Type = Double.self) -> [[S]] {
  let inputs = Matrix<S>(rows: subset.count, columns: subset.features)
  let positions = (0..<Int32(subset.count)).map(\.self)
  subset.fill(positions.span, inputs: inputs, map: map)
  return inputs.array
}

@Suite struct ScalingTests {
  @Test(arguments: [[0.0, 255], [0, 16], [-3, 5], [2, 4], [-0x1p1023, 0x1p1023], [0, 0x1p-1000]])
  func `the symmetric scaling takes the ends of the training data to −1 and 1`(ends: [Double]) {
    let training = column([ends[0], ends[0] / 2 + ends[1] / 2, ends[1]]).all
    let map = InputScaling.symmetric.map(for: training)
    #expect(scaled(training, map) == [[-1], [0], [1]])
    #expect(scaled(training, map, Float.self) == [[-1], [0], [1]])
  }

  @Test(arguments: [[0.0, 255], [0, 16], [-4, 4], [2, 4], [-0x1p1023, 0x1p1023]])
  func `the unit scaling takes the ends of the training data to 0 and 1`(ends: [Double]) {
    let training = column([ends[0], ends[0] / 2 + ends[1] / 2, ends[1]]).all
    #expect(scaled(training, InputScaling.unit.map(for: training)) == [[0], [0.5], [1]])
  }

  @Test(arguments: [[-1e308, 1e308], [0, 1e-300], [-0.3, 0.7], [0.1, 0.3], [-1e-9, 1e5], [-7, -3]])
  func `the ends of any data become −1 and 1 but for rounding`(ends: [Double]) {
    let training = column(ends).all
    let rows = scaled(training, InputScaling.symmetric.map(for: training))
    // Half the range R and the centre, the scale, the offset, the product and the sum are rounded: five roundings of
    // numbers up to 1 + 2 max|x| / R.
    let size = 1 + 2 * max(abs(ends[0]), abs(ends[1])) / (ends[1] / 2 - ends[0] / 2)
    #expect(abs(rows[0][0] + 1) <= 5 * 0x1p-53 * size)
    #expect(abs(rows[1][0] - 1) <= 5 * 0x1p-53 * size)
  }

  @Test func `every byte is scaled to the nearest number of its precision`() throws {
    let scratch = try ScratchDirectory()
    let images = idx([1, 16, 16], (0...255).map(\.self))
    try SmallMNIST.write(
      to: scratch,
      replacing: [
        "train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": idx([1], [0]),
        "t10k-images-idx3-ubyte": images, "t10k-labels-idx1-ubyte": idx([1], [0]),
      ])
    let training = try DataSplit.mnist(directory: scratch.path).training
    let map = InputScaling.symmetric.map(for: training)
    let (single, double) = (scaled(training, map, Float.self)[0], scaled(training, map)[0])
    for byte in 0...255 {
      // Two roundings of numbers up to 2 in Double: at most 2⁻⁵² off; for Float only the last one is left.
      let exact = (2 * Double(byte) - 255) / 255
      #expect(abs(double[byte] - exact) <= 0x1p-52)
      #expect(single[byte] == Float(double[byte]))
    }
    #expect((double[0], double[255]) == (-1, 1))
  }

  @Test func `standardised training data have mean 0 and variance 1 in each feature`() {
    var values: [Double] = []
    for sample in 0..<1000 {
      values += [1e6 + sin(Double(sample)), Double(sample % 7) - 3, 0.25 * Double(sample * sample % 11)]
    }
    let training = column(values, features: 3).all
    let map = InputScaling.standardise.map(for: training)
    #expect(map.scale.count == 3)
    let rows = scaled(training, map)
    for feature in 0..<3 {
      let mean = rows.reduce(0) { $0 + $1[feature] } / 1000
      let variance = rows.reduce(0) { $0 + $1[feature] * $1[feature] } / 1000
      // x·scale − μ·scale of numbers near 10⁶ lose 10⁶ · 2⁻⁵³ each; 1e-8 under the root is 2e-8 of the variance.
      #expect(abs(mean) < 1e-9)
      #expect(abs(variance - 1) < 1e-7)
      #expect(abs(variance - 1) > 1e-12, "the 1e-8 under the root must show")
    }
  }

  @Test func `standardising uses the formula`() {
    // Feature 0: mean 2, variance 1; feature 1: constant.
    let training = column([1, 0.1, 3, 0.1], features: 2).all
    let map = InputScaling.standardise.map(for: training)
    let expected = 1 / (1 + 1e-8).squareRoot()
    #expect(map.scale[0] == expected)
    #expect(map.offset[0] == -2 * expected)
    #expect(scaled(training, map) == [[-expected, 0], [expected, 0]])
  }

  @Test(
    arguments: InputScaling.allCases,
    [[7.0, 7, 7], [0, 0], [-1e308, -1e308], [0.1], [.leastNonzeroMagnitude, 0], [1e200, -1e200]])
  func `data without a usable spread give finite inputs`(scaling: InputScaling, values: [Double]) {
    let map = scaling.map(for: column(values).all)
    for row in scaled(column(values).all, map) { #expect(row[0].isFinite) }
  }

  @Test func `test data are scaled by the training data's numbers`() {
    let dataset = column([0, 10, 5, 20])
    let (training, test) = (dataset.subset([0, 1]), dataset.subset([2, 3]))
    #expect(scaled(test, InputScaling.symmetric.map(for: training)) == [[0], [3]])
    #expect(scaled(test, InputScaling.unit.map(for: training)) == [[0.5], [2]])
    #expect(scaled(test, InputScaling.none.map(for: training)) == [[5], [20]])
    let standard = scaled(test, InputScaling.standardise.map(for: training))
    #expect(abs(standard[1][0] - 3) < 1e-8)
  }

  @Test func `bytes and doubles have the same map`() throws {
    let digits = try DataSplit.digits()
    let dataset = digits.training.dataset
    let doubles = Dataset(
      source: "test", shape: [64], classNames: dataset.classNames, values: (0..<dataset.count).flatMap(dataset.values),
      labels: (0..<dataset.count).map(dataset.label))
    #expect(!doubles.holdsBytes)
    let ids = (0..<digits.training.count).map { Int32(digits.training.id(at: $0)) }
    for scaling in InputScaling.allCases {
      #expect(scaling.map(for: digits.training) == scaling.map(for: doubles.subset(ids)))
    }
  }

  @Test(arguments: InputScaling.allCases) func `a map comes back from JSON bit for bit`(scaling: InputScaling) throws {
    let map = scaling.map(for: column([0.1, 0.7, 1 / 3, -5, 1e-9, 12], features: 2).all)
    let json = try JSONEncoder().encode(map)
    #expect(String(decoding: json, as: UTF8.self).contains("\"name\":\"\(scaling.rawValue)\""))
    #expect(try JSONDecoder().decode(InputMap.self, from: json) == map)
  }

  @Test(arguments: [
    #"{"name":"unit","scale":[],"offset":[]}"#, #"{"name":"unit","scale":[1,2],"offset":[0]}"#,
    #"{"name":"other","scale":[1],"offset":[0]}"#,
  ])
  func `JSON that is no map is refused`(json: String) {
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(InputMap.self, from: Data(json.utf8)) }
  }
}
