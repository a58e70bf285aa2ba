public import Kernels
public import Networks
public import RunRecords

/// The statistics of residual partitioning of one batch: what `rp-dist statistics` writes.
public struct StatisticsReport {
  public var loss: Loss
  public var bound: Bound
  public var partition: LossPartition
  /// The network of a model file without metadata; wins over the metadata.
  public var layers: [LayerConfiguration]?

  public init(loss: Loss, bound: Bound, partition: LossPartition, layers: [LayerConfiguration]?) {
    (self.loss, self.bound, self.partition, self.layers) = (loss, bound, partition, layers)
  }

  /// Reads a model and a batch, and computes (M3–M10, M13) in one precision.
  ///
  /// The batch holds `inputs` [samples × …], as the network sees them (scaled), and `targets` [samples × outputs].
  ///
  /// - Returns: `meanLoss` [] without regularisation, `outputs` and `outputTotalGradient` [samples × outputs], and for each
  ///   layer with parameters Ẇ and Ẅ, divided by the number of samples, as `layers.N.weight.wDot` and so on.
  /// - Throws: `SafetensorsError` when a file cannot be read or does not fit.
  public func compute<Scalar: Real>(
    model modelPath: String, batch batchPath: String, as precision: Scalar.Type
  ) throws(SafetensorsError) -> SafetensorsFile {
    let model = try ModelFile<Scalar>(contentsOf: modelPath, layers: layers)
    let (network, layout) = (model.network, model.network.layout)
    let batch = try SafetensorsFile(contentsOf: batchPath)
    let inputs: Matrix<Scalar> = try rows("inputs", of: batch, path: batchPath, columns: network.inputs)
    let targets: Matrix<Scalar> = try rows("targets", of: batch, path: batchPath, columns: network.outputs)
    guard inputs.rows == targets.rows else {
      throw SafetensorsError(
        path: batchPath, kind: .content, tensor: "targets",
        problem: "it has \(targets.rows) rows, but inputs has \(inputs.rows)",
        remedy: "give one row of targets for each row of inputs")
    }

    try checkDistributions(targets, path: batchPath)
    network.reserve(samples: inputs.rows)
    let sums = Arena<Scalar>(count: 2 * layout.count)
    let (wDot, wDDot) = (sums.all[0..<layout.count], sums.all[layout.count..<2 * layout.count])
    let outputs = network.forward(inputs, parameters: model.parameters.all)
    let total = network.addStatistics(
      inputs: inputs, targets: targets, parameters: model.parameters.all, loss: loss, partition: partition,
      bound: bound, into: StatisticsSlice(wDot: wDot, wDDot: wDDot))
    let totalGradient = network.totalGradient(inputs, parameters: model.parameters.all)

    let samples = Scalar(inputs.rows)
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
            name: "\(name).\(statistic)", shape: block.shape, values: values[block.range].array.map { $0 / samples }))
      }
    }
    return SafetensorsFile(
      tensors: tensors, metadata: ["loss": loss.rawValue, "bound": bound.rawValue, "lossPartition": partition.rawValue])
  }

  /// The softmax loss and its Hessian are those of targets that are distributions.
  private func checkDistributions<Scalar: Real>(
    _ targets: Matrix<Scalar>, path: String
  ) throws(SafetensorsError) {
    guard loss == .softmaxCrossEntropy else { return }
    for row in 0..<targets.rows {
      let values = targets[row].array.map { Double($0) }
      // A sum of numbers that were rounded to Float.
      guard values.allSatisfy({ $0 >= 0 }), abs(values.reduce(0, +) - 1) <= 1e-4 else {
        throw SafetensorsError(
          path: path, kind: .content, tensor: "targets", problem: "row \(row) is no distribution",
          remedy: "for \(loss.rawValue) each row must be nonnegative and add to 1")
      }
    }
  }

  /// A tensor of the batch, one row for each sample, whatever the shape of a sample.
  private func rows<Scalar: Real>(
    _ name: String, of batch: SafetensorsFile, path: String, columns: Int
  ) throws(SafetensorsError) -> Matrix<Scalar> {
    guard let tensor = batch.tensor(named: name), let samples = tensor.shape.first else {
      throw SafetensorsError(
        path: path, kind: .content, tensor: name, problem: "there is no such tensor with one row for each sample",
        remedy: "a batch holds inputs and targets")
    }
    guard samples > 0 else {
      throw SafetensorsError(
        path: path, kind: .content, tensor: name, problem: "it has no rows", remedy: "give at least one sample")
    }
    // Not the product of the shape's rest, which may overflow where a tensor is empty.
    let found = tensor.count / samples
    guard found == columns else {
      throw SafetensorsError(
        path: path, kind: .content, tensor: name,
        problem: "each row has \(found) numbers, but the network has \(columns) \(name == "inputs" ? name : "outputs")",
        remedy: "check that model and batch belong together")
    }
    let matrix = Matrix<Scalar>(rows: samples, columns: columns)
    matrix.elements.copy(from: tensor.values(as: Scalar.self))
    guard matrix.elements.array.allSatisfy(\.isFinite) else {
      throw SafetensorsError(
        path: path, kind: .content, tensor: name, problem: "it holds numbers that are not finite",
        remedy: "give finite numbers only")
    }
    return matrix
  }
}
