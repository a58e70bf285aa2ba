private import Configurations
private import Hypergradients
public import Kernels
public import Networks
public import RunRecords
private import Training

/// The statistics of residual partitioning of one batch: the output of `rp-dist statistics`.
public struct StatisticsReport {
  public var loss: Loss
  public var bound: Bound
  public var partition: Partition
  public var lossPartition: LossPartition
  /// Whether the exact blocks of every unit are written, with ``Partition/unit``.
  public var wantsBlocks: Bool
  /// The network of a model file without metadata; it takes precedence over the metadata.
  public var layers: [LayerConfiguration]?

  public init(
    loss: Loss, bound: Bound, partition: Partition = .weight, lossPartition: LossPartition = .automatic,
    wantsBlocks: Bool = false, layers: [LayerConfiguration]? = nil
  ) {
    (self.loss, self.bound, self.partition, self.lossPartition) = (loss, bound, partition, lossPartition)
    (self.wantsBlocks, self.layers) = (wantsBlocks, layers)
  }

  /// Reads a model and a batch, and computes (M3–M10, M13), by unit with (M27–M29), in one precision.
  ///
  /// The batch holds `inputs` [samples × …], in the form that the network sees (scaled), and `targets` [samples ×
  /// outputs].
  ///
  /// - Returns: `meanLoss` [] without regularisation, `outputs` and `outputTotalGradient` [samples × outputs], and for
  ///   each layer with parameters Ẇ and Ẅ, divided by the number of samples, as `layers.N.weight.wDot` and so on. By
  ///   unit, layers with affine statistics have g [outputs] and A [n × n] in place of Ẅ, as `layers.N.unitCurvature` and
  ///   `layers.N.inputMoment`, and on request H [outputs × n × n] as `layers.N.blocks`; n counts the inputs and the bias,
  ///   which is last. Where the numbers of u, Ẅ, g or H would leave 2^±40 (float64: 2^±340), `NAME.exponent` [] gives
  ///   the power of two by which `NAME` is to be multiplied (M32).
  /// - Throws: `SafetensorsError` where a file cannot be read or does not fit, `ConfigurationError` where the memory for
  ///   the blocks is missing.
  public func compute<Scalar: Real>(
    model modelPath: String, batch batchPath: String, as precision: Scalar.Type
  ) throws -> SafetensorsFile {
    let model = try ModelFile<Scalar>(contentsOf: modelPath, layers: layers)
    let (network, layout) = (model.network, model.network.layout)
    let batch = try SampleFile(contentsOf: batchPath, contents: "a batch holds inputs and targets")
    let samples = try batch.samples("inputs", "targets", of: network, loss: loss)
    let (inputs, targets) = (samples.inputs, samples.targets)
    if partition == .unit {
      // The numbers, and what is made of them: their means, and the bytes of the file.
      try requireMemory(
        for: network, samples: inputs.rows, beside: 4 * network.unitStatisticsCount(wantsBlocks: wantsBlocks))
    }
    network.reserve(samples: inputs.rows)
    let sums = Arena<Scalar>(count: 2 * layout.count)
    let statistics = StatisticsSlice(
      wDot: sums.all[0..<layout.count], wDDot: sums.all[layout.count..<2 * layout.count])
    var units: [UnitStatistics<Scalar>] = []
    let total: Double
    network.chooseExponents(model.parameters.all, pass: .evaluation.sharing(partition), bound: bound)
    _ = try network.forward(
      inputs, parameters: model.parameters.all, pass: .evaluation.sharing(partition), samples: inputs.rows, ids: Span(),
      over: SingleRank())
    switch partition {
    case .weight:
      total = network.addStatistics(
        inputs: inputs, targets: targets, parameters: model.parameters.all, loss: loss, partition: lossPartition,
        bound: bound, into: statistics)
    case .unit:
      (total, units) = network.unitStatistics(
        inputs: inputs, targets: targets, parameters: model.parameters.all, loss: loss, lossPartition: lossPartition,
        bound: bound, into: statistics, wantsBlocks: wantsBlocks)
    }
    let outputs = network.outputs(of: inputs)
    let totalGradient = network.totalGradient(inputs, parameters: model.parameters.all)

    let count = Scalar(inputs.rows)
    let shape = [outputs.rows, outputs.columns]
    var tensors = [
      SafetensorsTensor(name: "meanLoss", shape: [], values: [Scalar(total / Double(inputs.rows))]),
      SafetensorsTensor(name: "outputs", shape: shape, values: outputs.elements.array),
      SafetensorsTensor(name: "outputTotalGradient", shape: shape, values: totalGradient.elements.array),
    ]
    func add(exponent: Int, of name: String) {
      if exponent != 0 { tensors.append(SafetensorsTensor(name: "\(name).exponent", exponent: exponent)) }
    }
    add(exponent: network.outputExponent, of: "outputTotalGradient")
    func means(_ sums: Vector<Scalar>) -> [Scalar] { sums.array.map { $0 / count } }
    for (index, (name, block)) in zip(model.names, layout.blocks).enumerated() where block.isTrained {
      let unit = units.first { $0.address == block.address }
      tensors.append(
        SafetensorsTensor(name: "\(name).wDot", shape: block.shape, values: means(statistics.wDot[block.range])))
      guard let unit else {
        guard let wDDot = statistics.wDDot else { continue }
        tensors.append(
          SafetensorsTensor(name: "\(name).wDDot", shape: block.shape, values: means(wDDot[block.range])))
        add(exponent: network.curvatureExponents[index], of: "\(name).wDDot")
        continue
      }
      guard block.role == .weight else { continue }
      let (layer, n) = (String(name.dropLast(".weight".count)), unit.inputMoment.columns)
      tensors += [
        SafetensorsTensor(
          name: "\(layer).unitCurvature", shape: [unit.unitCurvature.count], values: means(unit.unitCurvature)),
        SafetensorsTensor(name: "\(layer).inputMoment", shape: [n, n], values: unit.normalizedMoment),
      ]
      add(exponent: unit.exponent, of: "\(layer).unitCurvature")
      if let blocks = unit.blocks {
        tensors.append(
          SafetensorsTensor(
            name: "\(layer).blocks", shape: [unit.unitCurvature.count, n, n], values: means(blocks.elements)))
        add(exponent: unit.exponent, of: "\(layer).blocks")
      }
    }
    return SafetensorsFile(
      tensors: tensors,
      metadata: [
        "loss": loss.rawValue, "bound": bound.rawValue, "partition": partition.rawValue,
        "lossPartition": lossPartition.rawValue,
      ])
  }
}
