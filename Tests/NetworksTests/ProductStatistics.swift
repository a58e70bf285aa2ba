import Kernels
import Networks
import TestSupport
import Testing

/// The statistics of a reference problem, computed by the product in a chosen precision, as plain Double arrays.
struct ProductStatistics {
  let layers: [LayerStatistics]
  let meanLoss: Double
  let outputs: [[Double]]
  let outputTotalGradient: [[Double]]

  /// - Parameters:
  ///   - shards: the rows are given in this many parts, whose sums are added up.
  ///   - id: what the dropout masks of every row are addressed by.
  init<Scalar: Real>(
    _ problem: ReferenceProblem, _ bound: ReferenceBound, as precision: Scalar.Type, generalPartition: Bool = false,
    shards: Int = 1, pass: Pass = .evaluation, id: Int32 = 0
  ) throws {
    let network = try problem.productNetwork(as: precision)
    let samples = problem.inputs.count
    network.reserve(samples: samples)
    let parameters = Arena<Scalar>(count: network.layout.count)
    parameters.all.copy(from: problem.network.productParameters.map { Scalar($0) })
    let sums = Arena<Scalar>(count: 2 * network.layout.count)
    sums.all.fill(.nan)
    let wDot = sums.all[0..<network.layout.count]
    let wDDot = sums.all[network.layout.count..<2 * network.layout.count]

    var loss = 0.0
    var outputs: [[Double]] = []
    var totalGradient: [[Double]] = []
    for shard in 0..<shards {
      let rows = samples * shard / shards..<samples * (shard + 1) / shards
      let inputs = Matrix<Scalar>(rowsOf: problem.inputs[rows], columns: network.inputs)
      let targets = Matrix<Scalar>(rowsOf: problem.targets[rows], columns: network.outputs)
      let ids = [Int32](repeating: id, count: inputs.rows)
      let y = try network.forward(
        inputs, parameters: parameters.all, pass: pass, samples: inputs.rows, ids: ids.span, over: SingleRank())
      outputs += y.array.map { $0.map { Double($0) } }
      loss += network.addStatistics(
        inputs: inputs, targets: targets, parameters: parameters.all,
        loss: try #require(Loss(rawValue: problem.loss.rawValue)),
        partition: generalPartition ? .general : .automatic, bound: bound == .full ? .full : .paper,
        into: StatisticsSlice(wDot: wDot, wDDot: wDDot), accumulating: shard > 0)
      totalGradient += network.totalGradient(inputs, parameters: parameters.all).array.map { $0.map { Double($0) } }
    }

    func rows(_ values: Vector<Scalar>, _ block: ParameterLayout.Block) -> [[Double]] {
      let slice = values[block.range].array.map { Double($0) / Double(samples) }
      let columns = block.shape.count == 2 ? block.shape[1] : slice.count
      return stride(from: 0, to: slice.count, by: columns).map { Array(slice[$0..<$0 + columns]) }
    }
    layers = network.layout.blocks.filter { $0.role == .weight }.map(\.address).compactMap { address in
      func block(_ role: ParameterShape.Role) -> ParameterLayout.Block? {
        network.layout.blocks.first { $0.address == address && $0.role == role }
      }
      guard let weight = block(.weight) else { return nil }
      let bias = block(.bias)
      return LayerStatistics(
        wDot: rows(wDot, weight), wDDot: rows(wDDot, weight),
        biasDot: bias.map { rows(wDot, $0)[0] } ?? [], biasDDot: bias.map { rows(wDDot, $0)[0] } ?? [])
    }
    meanLoss = loss / Double(samples)
    self.outputs = outputs
    outputTotalGradient = totalGradient
  }

  /// Σ Ẅ over all parameters.
  var curvatureSum: Double {
    layers.reduce(0) { $0 + $1.wDDot.joined().reduce(0, +) + $1.biasDDot.reduce(0, +) }
  }

  /// Whether every number is finite.
  var isFinite: Bool {
    let statistics = layers.flatMap { Array($0.wDot.joined()) + $0.wDDot.joined() + $0.biasDot + $0.biasDDot }
    return meanLoss.isFinite && (statistics + outputs.joined() + outputTotalGradient.joined()).allSatisfy(\.isFinite)
  }

  /// The greatest difference of any tensor from the reference's, relative to that tensor's largest magnitude or to
  /// `floor`, whichever is greater.
  func difference(
    from layers: [LayerStatistics], meanLoss: Double, outputs: [[Double]], outputTotalGradient: [[Double]],
    floor: Double = 0
  ) -> Double {
    max(
      relativeDifference(self.layers, layers, floor: floor),
      relativeDifference([self.meanLoss], [meanLoss], floor: floor),
      relativeDifference(self.outputs, outputs, floor: floor),
      relativeDifference(self.outputTotalGradient, outputTotalGradient, floor: floor))
  }
}

extension ProductStatistics {
  /// The same in a precision that is chosen at run time.
  init(
    _ problem: ReferenceProblem, _ bound: ReferenceBound, in precision: Precision, generalPartition: Bool = false,
    shards: Int = 1, pass: Pass = .evaluation, id: Int32 = 0
  ) throws {
    switch precision {
    case .float32:
      try self.init(
        problem, bound, as: Float.self, generalPartition: generalPartition, shards: shards, pass: pass, id: id)
    case .float64:
      try self.init(
        problem, bound, as: Double.self, generalPartition: generalPartition, shards: shards, pass: pass, id: id)
    }
  }

  /// Ẇ and Ẅ of all parameters in the order of ``ReferenceNetwork/parameters``.
  var gradient: [Double] { layers.flatMap { $0.wDot.joined() + $0.biasDot } }
  var curvature: [Double] { layers.flatMap { $0.wDDot.joined() + $0.biasDDot } }

  func difference(from reference: ReferenceStatistics, floor: Double) -> Double {
    difference(
      from: reference.layers, meanLoss: reference.meanLoss, outputs: reference.outputs,
      outputTotalGradient: reference.outputTotalGradient, floor: floor)
  }

  /// The same for two results of the product, apart from the order of the samples.
  func difference(from other: ProductStatistics, floor: Double) -> Double {
    max(
      relativeDifference(layers, other.layers, floor: floor),
      relativeDifference([meanLoss], [other.meanLoss], floor: floor))
  }
}

/// What the product's dropout keeps where a reference has a mask.
let maskKeep = 0.7

extension ReferenceNetwork {
  /// The parameters in the product's order, with the running averages.
  var productParameters: [Double] {
    layers.flatMap { layer -> [Double] in
      switch layer {
      case .dense(let weight, let bias): weight.joined() + bias
      case .normalization(let layer): layer.scale + layer.shift + layer.mean + layer.variance
      case .residual(let branch): ReferenceNetwork(layers: branch).productParameters
      case .activation, .mask: []
      }
    }
  }

  /// The same network with the product's masks: (M21) 1[r < keep]/keep, r addressed by (seed, epoch, sample, layer, unit).
  func masked(seed: UInt64, epoch: Int, sample: Int) -> ReferenceNetwork {
    masked(RandomStream(seed: seed, .dropout, epoch, sample))
  }

  private func masked(_ parent: RandomStream) -> ReferenceNetwork {
    var result = self
    for (number, layer) in layers.enumerated() {
      let stream = parent.substream(number)
      if case .residual(let branch) = layer {
        result.layers[number] = .residual(ReferenceNetwork(layers: branch).masked(stream).layers)
      }
      guard case .mask(let mask) = layer else { continue }
      result.layers[number] = .mask(mask.indices.map { stream.uniform($0) < maskKeep ? 1 / maskKeep : 0 })
    }
    return result
  }
}

extension ReferenceProblem {
  func productNetwork<Scalar: Real>(as precision: Scalar.Type) throws -> Network<Scalar> {
    try Network(Self.productLayers(network.layers), inputs: inputs[0].count)
  }

  private static func productLayers(_ layers: [ReferenceNetwork.Layer]) throws -> [LayerConfiguration] {
    try layers.map { layer in
      switch layer {
      case .dense(let weight, let bias): .dense(inputs: nil, outputs: weight.count, bias: !bias.isEmpty)
      case .activation(let activation): .activation(try #require(Activation(rawValue: activation.rawValue)))
      case .normalization: .batchNorm
      case .mask: .dropout(keep: maskKeep)
      case .residual(let branch): .residual(try productLayers(branch))
      }
    }
  }
}

extension Matrix {
  init(rowsOf rows: some Collection<[Double]>, columns: Int) {
    self.init(rows: rows.count, columns: columns)
    elements.copy(from: rows.joined().map { Scalar($0) })
  }
}
