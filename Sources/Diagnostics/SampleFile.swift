internal import Hypergradients
internal import Kernels
internal import Networks
internal import RunRecords

/// A safetensors file of samples in the form that the networks see: scaled, one row of a tensor for each sample.
struct SampleFile {
  let path: String
  /// The content of such a file, as a sentence: the remedy where a tensor is missing.
  let contents: String
  private let file: SafetensorsFile

  init(contentsOf path: String, contents: String) throws(SafetensorsError) {
    (self.path, self.contents) = (path, contents)
    file = try SafetensorsFile(contentsOf: path)
  }

  func holds(_ name: String) -> Bool { file.tensor(named: name) != nil }

  /// Inputs and targets of a network, with the same number of rows.
  ///
  /// - Parameters:
  ///   - loss: softmaxCrossEntropy needs targets that are distributions.
  func samples<Scalar: Real>(
    _ inputs: String, _ targets: String, of network: Network<Scalar>, loss: Loss
  ) throws(SafetensorsError) -> Samples<Scalar> {
    let x: Matrix<Scalar> = try rows(inputs, columns: network.inputs, "inputs")
    let t: Matrix<Scalar> = try rows(targets, columns: network.outputs, "outputs")
    guard x.rows == t.rows else {
      throw refuse(
        targets, "it has \(t.rows) rows, but \(inputs) has \(x.rows)",
        "give one row of \(targets) for each row of \(inputs)")
    }
    try checkDistributions(t, targets, loss)
    return Samples(inputs: x, targets: t)
  }

  /// One row for each sample, whatever the shape of a sample.
  ///
  /// - Parameters:
  ///   - columns: the number of values in a row: the network's inputs or outputs.
  func rows<Scalar: Real>(
    _ name: String, columns: Int, _ unit: String
  ) throws(SafetensorsError) -> Matrix<Scalar> {
    guard let tensor = file.tensor(named: name), let samples = tensor.shape.first else {
      throw refuse(name, "there is no such tensor with one row for each sample", contents)
    }
    guard samples > 0 else { throw refuse(name, "it has no rows", "give at least one sample") }
    // Not the product of the remaining dimensions, which may overflow where a tensor is empty.
    let found = tensor.count / samples
    guard found == columns else {
      throw refuse(
        name, "each row has \(found) numbers, but the network has \(columns) \(unit)",
        "check that model and samples belong together")
    }
    let matrix = Matrix<Scalar>(rows: samples, columns: columns)
    matrix.elements.copy(from: try finite(tensor))
    return matrix
  }

  /// One number for each of some samples.
  ///
  /// - Parameters:
  ///   - samples: the name of the samples' tensor, which has `count` rows.
  func numbers<Scalar: Real>(
    _ name: String, for samples: String, count: Int
  ) throws(SafetensorsError) -> Vector<Scalar> {
    guard let tensor = file.tensor(named: name) else { throw refuse(name, "there is no such tensor", contents) }
    guard tensor.count == count else {
      throw refuse(
        name, "it has \(tensor.count) numbers, but \(samples) has \(count) rows", "give one number for each row")
    }
    let numbers = Arena<Scalar>(count: count).all
    numbers.copy(from: try finite(tensor))
    return numbers
  }

  private func finite<Scalar: Real>(_ tensor: SafetensorsTensor) throws(SafetensorsError) -> [Scalar] {
    let values = tensor.values(as: Scalar.self)
    guard values.allSatisfy(\.isFinite) else {
      throw refuse(tensor.name, "it holds numbers that are not finite", "give finite numbers only")
    }
    return values
  }

  /// The softmax loss and its Hessian hold only for targets that are distributions.
  private func checkDistributions<Scalar: Real>(
    _ targets: Matrix<Scalar>, _ name: String, _ loss: Loss
  ) throws(SafetensorsError) {
    guard loss.targets == .distribution else { return }
    for row in 0..<targets.rows {
      let values = targets[row].array.map { Double($0) }
      // The numbers were rounded to Float, so their sum may differ from 1.
      guard values.allSatisfy({ $0 >= 0 }), abs(values.reduce(0, +) - 1) <= 1e-4 else {
        throw refuse(
          name, "row \(row) is no distribution", "for \(loss.rawValue) each row must be nonnegative and add to 1")
      }
    }
  }

  private func refuse(_ tensor: String, _ problem: String, _ remedy: String) -> SafetensorsError {
    SafetensorsError(path: path, kind: .content, tensor: tensor, problem: problem, remedy: remedy)
  }
}
