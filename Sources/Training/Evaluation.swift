internal import Configurations
public import Datasets
public import Kernels
public import Networks

/// The quality of a network on a set of samples.
public struct Evaluation: Equatable, Sendable {
  /// The mean loss, without regularisation.
  public let loss: Double
  /// The share of samples whose greatest output belongs to their class; nil for reconstruction.
  public let accuracy: Double?
}

extension LearningProblem {
  /// The number of samples in one forward pass of an evaluation.
  public static var chunk: Int { 200 }

  /// Evaluates a network on a subset, whose samples are shared among the ranks. Collective.
  ///
  /// - Parameters:
  ///   - chunk: the number of samples in one forward pass.
  public func evaluate<Scalar: Real>(
    _ network: Network<Scalar>, _ parameters: Arena<Scalar>, _ loss: Loss, on subset: Subset, chunk: Int = Self.chunk,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Evaluation {
    network.reserve(samples: chunk)
    let inputs = Matrix<Scalar>(rows: chunk, columns: network.inputs)
    let targets = target == .input ? inputs : Matrix<Scalar>(rows: chunk, columns: network.outputs)
    let positions = ranks.shard(0..<subset.count).map { Int32($0) }
    let sums = SampleSums<Double>(count: 2)
    try sums.add(rows: positions.count, samples: subset.count, over: ranks) { rows, sums in
      var (total, correct) = (0.0, 0)
      for start in stride(from: rows.lowerBound, to: rows.upperBound, by: chunk) {
        let part = positions.span.extracting(start..<min(start + chunk, rows.upperBound))
        let (x, t) = (inputs.prefix(part.count), targets.prefix(part.count))
        fill(subset, part, inputs: x, targets: t)
        let outputs = network.forward(x, parameters: parameters.all)
        total += network.loss(loss, targets: t)
        if target == .label { correct += correctPredictions(outputs: outputs, targets: t) }
      }
      sums.copy(from: [total, Double(correct)])
    }
    let count = Double(subset.count)
    return Evaluation(
      loss: sums.values[0] / count, accuracy: target == .label ? sums.values[1] / count : nil)
  }
}
