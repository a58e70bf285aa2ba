private import BLAS
private import Datasets
public import Kernels
internal import Networks

/// The time of a step of residual partitioning on one rank, against the time of its matrix products alone.
public struct StepBenchmark {
  public struct Result: Sendable {
    public var network: String
    /// Medians, in milliseconds.
    public var step: Double
    public var products: Double
    public var ratio: Double { step / products }
  }

  public var batch: Int
  public var repeats: Int
  public var threads: Int

  public init(batch: Int, repeats: Int, threads: Int) {
    (self.batch, self.repeats, self.threads) = (batch, repeats, threads)
  }

  /// Times one preset's network on random samples. A step reads its samples, computes loss and statistics, and updates;
  /// step and products take turns, so that both see the same machine.
  public func measure<Scalar: Real>(_ preset: Preset, features: Int, as precision: Scalar.Type) throws -> Result {
    BLASLibrary.setThreads(threads)
    var source = ConfigurationSource(preset: preset)
    source.data = "unused"
    let configuration = try source.configuration()
    let samples = 4 * batch
    let noise = RandomStream(seed: 1, .benchmark)
    let dataset = Dataset(
      source: "random", shape: [features], classNames: (0..<10).map(String.init),
      values: (0..<samples * features).map { noise.uniform($0) }, labels: (0..<samples).map { $0 % 10 })
    let problem = LearningProblem(
      split: DataSplit(training: dataset.all, test: dataset.all), scale: configuration.data.scale,
      target: configuration.data.target)
    let network = try Network<Scalar>(configuration.network, inputs: features)
    let step = TrainingStep(
      configuration, problem: problem, network: network,
      parameters: network.initialParameters(.uniform, seed: 1), capacity: batch)
    let floor = MatrixProductFloor<Scalar>(network, samples: batch)
    let positions = (0..<Int32(samples)).map { $0 }

    let clock = ContinuousClock()
    var (steps, products): ([Double], [Double]) = ([], [])
    for turn in 0..<repeats + 5 {
      let first = turn % 4 * batch
      let stepTime = try clock.measure {
        _ = try step.computeStatistics(
          positions.span.extracting(first..<first + batch), samples: batch, epoch: 1, over: SingleRank())
        try step.update(factor: 1, over: SingleRank())
      }
      let productTime = clock.measure { floor.run() }
      // The first turns touch memory for the first time.
      if turn >= 5 {
        steps.append(stepTime / .milliseconds(1))
        products.append(productTime / .milliseconds(1))
      }
    }
    let sizes = [network.inputs] + network.layout.blocks.filter { $0.shape.count == 2 }.map { $0.shape[0] }
    return Result(
      network: sizes.map(String.init).joined(separator: "-"), step: median(steps), products: median(products))
  }
}

/// The matrix products of one step, on matrices of their own: what a step cannot be faster than with this BLAS.
struct MatrixProductFloor<Scalar: Real> {
  private struct Layer {
    let x, y, w: Matrix<Scalar>
    /// Where products go, so that the factors stay what they are.
    let xResult, yResult, wResult: Matrix<Scalar>
    /// The first affine layer needs no product for u and passes nothing on.
    let isFirst: Bool
  }

  private let layers: [Layer]

  init(_ network: Network<Scalar>, samples: Int) {
    func filled(_ rows: Int, _ columns: Int) -> Matrix<Scalar> {
      let matrix = Matrix<Scalar>(rows: rows, columns: columns)
      matrix.elements.fill(0.5)
      return matrix
    }
    layers = network.layout.blocks.filter { $0.shape.count == 2 }.enumerated().map { index, block in
      let (outputs, inputs) = (block.shape[0], block.shape[1])
      return Layer(
        x: filled(samples, inputs), y: filled(samples, outputs), w: filled(outputs, inputs),
        xResult: filled(samples, inputs), yResult: filled(samples, outputs), wResult: filled(outputs, inputs),
        isFirst: index == 0)
    }
  }

  func run() {
    for layer in layers {
      // (M1) and (M4)
      multiply(layer.x, transposed: layer.w, into: layer.yResult)
      if !layer.isFirst { multiply(layer.x, transposed: layer.w, into: layer.yResult) }
    }
    for layer in layers.reversed() {
      // (M9): Ẇ and Ẅ
      multiply(transposed: layer.y, layer.x, into: layer.wResult)
      multiply(transposed: layer.y, layer.x, into: layer.wResult)
      // (M10): Ẏ and Z
      guard !layer.isFirst else { continue }
      multiply(layer.y, layer.w, into: layer.xResult)
      multiply(layer.y, layer.w, into: layer.xResult)
    }
  }
}
