public import Datasets
public import Kernels
public import RunRecords

/// The weight of each training example, and its loss and margin in the trained network: `weights.csv` and
/// `weights.safetensors`.
public struct WeightRecords<Scalar: Real>: Sendable {
  /// One example.
  public struct Example: Equatable, Sendable {
    /// Its position in the dataset.
    public let id: Int
    /// The class that it had in training; nil if the targets are not classes.
    public let label: String?
    /// Its class before noise; nil if it is not known.
    public let trueLabel: String?
    public let weight: Scalar
    public let loss: Scalar
    /// The output of ``label`` minus the greatest of the other outputs.
    public let margin: Scalar?
  }

  public let training: Subset
  /// The same samples with their true labels, if they are known.
  public let trueTraining: Subset?
  /// One number for each sample, in the order of ``training``.
  public let weights: [Scalar]
  public let losses: [Scalar]
  /// nil if the samples have no classes, or the network only one output.
  public let margins: [Scalar]?

  /// - Parameter examination: the result of `LearningProblem.examine` for the training set.
  /// - Precondition: one weight, one loss and, if there are margins, one margin for each training sample.
  public init(_ split: DataSplit, weights: [Scalar], examination: (losses: [Scalar], margins: [Scalar]?)) {
    let count = split.training.count
    precondition(
      weights.count == count && examination.losses.count == count && examination.margins?.count ?? count == count,
      "each training sample must have one of each number")
    (training, trueTraining, self.weights) = (split.training, split.trueTraining, weights)
    (losses, margins) = examination
  }

  /// The example at a position of the training set.
  public func example(at position: Int) -> Example {
    let names = training.dataset.classNames
    return Example(
      id: training.id(at: position), label: names.isEmpty ? nil : names[training.label(at: position)],
      trueLabel: trueTraining.map { names[$0.label(at: position)] }, weight: weights[position],
      loss: losses[position], margin: margins?[position])
  }

  /// The `count` examples of least weight, in ascending order, or all examples if there are fewer. Among equal weights
  /// the greater loss comes first, then the lower identifier.
  public func lowest(_ count: Int) -> [Example] {
    let order = weights.indices.sorted { a, b in
      if weights[a] != weights[b] { return weights[a] < weights[b] }
      if losses[a] != losses[b] { return losses[a] > losses[b] }
      return training.id(at: a) < training.id(at: b)
    }
    return order.prefix(count).map(example)
  }

  /// A row for each training sample, with classes by name and numbers with the fewest digits that reproduce them
  /// exactly.
  public var csv: String {
    let hasLabels = training.classes > 0
    var csv = CSVText(
      header: ["id"] + (hasLabels ? ["label"] : []) + ["weight", "loss"] + (margins == nil ? [] : ["margin"])
        + (trueTraining == nil ? [] : ["trueLabel"]))
    for position in weights.indices {
      let example = example(at: position)
      csv.append(
        ["\(example.id)"] + (example.label.map { [$0] } ?? []) + ["\(example.weight)", "\(example.loss)"]
          + (example.margin.map { ["\($0)"] } ?? []) + (example.trueLabel.map { [$0] } ?? []))
    }
    return csv.text
  }

  /// The same data as tensors [training samples]: `id`, `weight` and `loss`; `label` and, if known, `trueLabel` as
  /// class numbers, if there are classes; and `margin`, if there are margins. The metadata `classes` is the list of the
  /// classes' names as JSON.
  public var safetensors: SafetensorsFile {
    let shape = [weights.count]
    func integers(_ name: String, _ value: (Int) -> Int) -> SafetensorsTensor {
      SafetensorsTensor(name: name, shape: shape, integers: weights.indices.map(value))
    }
    var tensors = [integers("id", training.id)]
    if training.classes > 0 { tensors.append(integers("label", training.label)) }
    tensors.append(SafetensorsTensor(name: "weight", shape: shape, values: weights))
    tensors.append(SafetensorsTensor(name: "loss", shape: shape, values: losses))
    if let margins { tensors.append(SafetensorsTensor(name: "margin", shape: shape, values: margins)) }
    if let trueTraining { tensors.append(integers("trueLabel", trueTraining.label)) }
    let names = training.dataset.classNames
    guard !names.isEmpty, let text = try? jsonText(names) else { return SafetensorsFile(tensors: tensors) }
    return SafetensorsFile(tensors: tensors, metadata: ["classes": text])
  }

  /// Writes both files to a run folder; each file is either complete or absent.
  ///
  /// - Throws: `RunRecordError`, `SafetensorsError`.
  public func write(to folder: RunFolder) throws {
    try writeWhole(csv, to: folder.weightTable)
    try safetensors.write(to: folder.weights)
  }
}
