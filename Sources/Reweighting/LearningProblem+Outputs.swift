package import Configurations
internal import Datasets
package import Kernels
package import Networks
internal import Training

extension LearningProblem {
  /// The network of a student, checked against the data.
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

  /// Gives the outputs of a network for this rank's share of a subset to `body`, each with its position.
  ///
  /// Passes are shared out whole, each of the same samples for any number of ranks: an output has the same bits whoever
  /// computes it.
  ///
  /// - Parameters:
  ///   - chunk: the samples of one forward pass.
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
