private import Hypergradients
public import Kernels
public import Networks
public import RunRecords

/// The statistics of residual partitioning of one batch: the output of `rp-dist statistics`.
public struct StatisticsReport {
  public var loss: Loss
  public var bound: Bound
  public var partition: LossPartition
  /// The network of a model file without metadata; it takes precedence over the metadata.
  public var layers: [LayerConfiguration]?

  public init(loss: Loss, bound: Bound, partition: LossPartition, layers: [LayerConfiguration]?) {
    (self.loss, self.bound, self.partition, self.layers) = (loss, bound, partition, layers)
  }

  /// Reads a model and a batch, and computes (M3–M10, M13) in one precision.
  ///
  /// The batch holds `inputs` [samples × …], in the form that the network sees (scaled), and `targets` [samples ×
  /// outputs].
  ///
  /// - Returns: `meanLoss` [] without regularisation, `outputs` and `outputTotalGradient` [samples × outputs], and for
  ///   each layer with parameters Ẇ and Ẅ, divided by the number of samples, as `layers.N.weight.wDot` and so on.
  /// - Throws: `SafetensorsError` where a file cannot be read or does not fit.
  public func compute<Scalar: Real>(
    model modelPath: String, batch batchPath: String, as precision: Scalar.Type
  ) throws(SafetensorsError) -> SafetensorsFile {
    let model = try ModelFile<Scalar>(contentsOf: modelPath, layers: layers)
    let (network, layout) = (model.network, model.network.layout)
    let batch = try SampleFile(contentsOf: batchPath, contents: "a batch holds inputs and targets")
    let samples = try batch.samples("inputs", "targets", of: network, loss: loss)
    let (inputs, targets) = (samples.inputs, samples.targets)
    network.reserve(samples: inputs.rows)
    let sums = Arena<Scalar>(count: 2 * layout.count)
    let (wDot, wDDot) = (sums.all[0..<layout.count], sums.all[layout.count..<2 * layout.count])
    let outputs = network.forward(inputs, parameters: model.parameters.all)
    let total = network.addStatistics(
      inputs: inputs, targets: targets, parameters: model.parameters.all, loss: loss, partition: partition,
      bound: bound, into: StatisticsSlice(wDot: wDot, wDDot: wDDot))
    let totalGradient = network.totalGradient(inputs, parameters: model.parameters.all)

    let count = Scalar(inputs.rows)
    let shape = [outputs.rows, outputs.columns]
    var tensors = [
      SafetensorsTensor(name: "meanLoss", shape: [], values: [Scalar(total / Double(inputs.rows))]),
      SafetensorsTensor(name: "outputs", shape: shape, values: outputs.elements.array),
      SafetensorsTensor(name: "outputTotalGradient", shape: shape, values: totalGradient.elements.array),
    ]
    for (name, block) in zip(model.names, layout.blocks) where block.isTrained {
      for (statistic, values) in [("wDot", wDot), ("wDDot", wDDot)] {
        tensors.append(
          SafetensorsTensor(
            name: "\(name).\(statistic)", shape: block.shape, values: values[block.range].array.map { $0 / count }))
      }
    }
    return SafetensorsFile(
      tensors: tensors, metadata: ["loss": loss.rawValue, "bound": bound.rawValue, "lossPartition": partition.rawValue])
  }
}
