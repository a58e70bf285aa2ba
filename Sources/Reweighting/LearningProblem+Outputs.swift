package import Configurations
public import Datasets
public import Kernels
public import Networks
public import Training

extension LearningProblem {
  /// The network of a student; checks that it fits the data.
  ///
  /// - Parameter own: the configuration of the student.
  /// - Throws: ``ConfigurationError`` naming `reweight.student`.
  package func studentNetwork<Scalar: Real>(_ own: Configuration) throws(ConfigurationError) -> Network<Scalar> {
    do {
      let network = try Network<Scalar>(own.network, inputShape: shape)
      try check(outputs: network.outputs)
      return network
    } catch {
      throw ConfigurationError("reweight.student.\(error)")
    }
  }

  /// Calls `body` with the outputs of a network and the position, for each sample in this rank's share of a subset.
  ///
  /// Whole forward passes are divided among the ranks. Each pass has the same samples for any number of ranks, so an
  /// output has the same bits on whichever rank it is computed.
  ///
  /// - Parameters:
  ///   - chunk: the number of samples in one forward pass.
  ///   - body: called with a position in the subset and the outputs there, in Double.
  func forEachOutput<Scalar: Real>(
    _ network: Network<Scalar>, _ parameters: Arena<Scalar>, on subset: Subset, chunk: Int = 100,
    over ranks: borrowing some GlobalSum & ~Copyable, _ body: (_ position: Int, _ outputs: [Double]) -> Void
  ) {
    network.reserve(samples: chunk)
    let inputs = Matrix<Scalar>(rows: chunk, columns: network.inputs)
    let targets = target == .input ? inputs : Matrix<Scalar>(rows: chunk, columns: network.outputs)
    var row = [Double](repeating: 0, count: network.outputs)
    for pass in ranks.shard(0..<(subset.count + chunk - 1) / chunk) {
      let positions = (pass * chunk..<min((pass + 1) * chunk, subset.count)).map { Int32($0) }
      let x = inputs.prefix(positions.count)
      fill(subset, positions.span, inputs: x, targets: targets.prefix(positions.count))
      let outputs = network.forward(x, parameters: parameters.all)
      for (k, position) in positions.enumerated() {
        copy(outputs[k], into: &row)
        body(Int(position), row)
      }
    }
  }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func copy<Scalar: Real>(_ outputs: Vector<Scalar>, into row: inout [Double]) {
  for c in row.indices { row[c] = Double(outputs[c]) }
}

extension LearningProblem {
  /// The loss of each sample of a subset, in the order of the subset, and its margin: the output of its class minus the
  /// greatest of the other outputs. Collective.
  ///
  /// - Parameter chunk: the number of samples in one forward pass.
  /// - Returns: the same on every rank; no margins if the samples have no classes, or the network only one output.
  public func examine<Scalar: Real>(
    _ network: Network<Scalar>, _ parameters: Arena<Scalar>, _ loss: Loss, on subset: Subset, chunk: Int = 200,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> (losses: [Scalar], margins: [Scalar]?) {
    network.reserve(samples: chunk)
    let (columns, hasMargins) = (network.outputs, target == .label && network.outputs > 1)
    let inputs = Matrix<Scalar>(rows: chunk, columns: network.inputs)
    let targets = target == .input ? inputs : Matrix<Scalar>(rows: chunk, columns: columns)
    let gradient = Matrix<Scalar>(rows: chunk, columns: columns)
    let curvature = Matrix<Scalar>(rows: chunk, columns: columns)
    // Losses, then margins. A rank writes the numbers of its own samples and leaves the others 0 for the sum.
    let found = Arena<Scalar>(count: (hasMargins ? 2 : 1) * subset.count)
    let own = ranks.shard(0..<subset.count)
    let positions = own.map { Int32($0) }
    for start in stride(from: 0, to: positions.count, by: chunk) {
      let part = positions.span.extracting(start..<min(start + chunk, positions.count))
      let (x, t) = (inputs.prefix(part.count), targets.prefix(part.count))
      fill(subset, part, inputs: x, targets: t)
      let outputs = network.forward(x, parameters: parameters.all)
      loss.evaluateRows(
        outputs: outputs, targets: t, gradient: gradient.prefix(part.count), curvature: curvature.prefix(part.count)
      ) { row, loss in
        let position = own.lowerBound + start + row
        found.all[position] = Scalar(loss)
        guard hasMargins else { return }
        found.all[subset.count + position] = margin(outputs[row], label: subset.label(at: position))
      }
    }
    try ranks.sum(found.all)
    let values = found.all.array
    return (
      Array(values.prefix(subset.count)), hasMargins ? Array(values.suffix(subset.count)) : nil
    )
  }
}

/// y_label − max_{k ≠ label} y_k: positive if the sample is classified correctly.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func margin<Scalar: Real>(_ y: Vector<Scalar>, label: Int) -> Scalar {
  var greatest = -Scalar.infinity
  for k in 0..<y.count where k != label { greatest = max(greatest, y[k]) }
  return y[label] - greatest
}
