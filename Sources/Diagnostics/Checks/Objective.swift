public import Kernels
public import Networks
public import Optimizers

/// J of (M2) for one network on one fixed minibatch, in Double: the function that the checks examine.
///
/// Every rank computes the whole minibatch by itself. Batch normalisation uses the minibatch's statistics, without
/// updating the running averages; dropout masks are fixed.
public final class Objective {
  public let network: Network<Double>
  public let parameters: Arena<Double>
  public let inputs: Matrix<Double>
  public let targets: Matrix<Double>
  public let loss: Loss
  public let regularization: Regularization
  /// The part of the dropout masks' address that all samples share; dropout is off where nil.
  private let masks: Pass.DropoutMasks?
  /// The part of that address that belongs to each sample.
  private let ids: [Int32]

  /// ∂f/∂y and h at the outputs, [samples × outputs].
  let outputGradient: Matrix<Double>
  private let outputCurvature: Matrix<Double>

  /// - Parameters:
  ///   - parameters: w, in the order of the network's layout; the checks change and restore them.
  ///   - inputs: the minibatch as the network sees it (scaled), [samples × inputs].
  ///   - targets: [samples × outputs].
  ///   - masks, ids: the address of the dropout masks, shared and for each sample; dropout is off without them.
  public init(
    _ network: Network<Double>, parameters: Arena<Double>, inputs: Matrix<Double>, targets: Matrix<Double>, loss: Loss,
    regularization: Regularization = Regularization(), masks: Pass.DropoutMasks? = nil, ids: [Int32] = []
  ) {
    precondition(inputs.rows == targets.rows, "every input row needs its target row")
    precondition(parameters.count == network.layout.count, "parameters must be those of the network")
    (self.network, self.parameters) = (network, parameters)
    (self.inputs, self.targets) = (inputs, targets)
    (self.loss, self.regularization) = (loss, regularization)
    (self.masks, self.ids) = (masks, ids)
    outputGradient = Matrix(rows: targets.rows, columns: targets.columns)
    outputCurvature = Matrix(rows: targets.rows, columns: targets.columns)
    network.reserve(samples: inputs.rows)
  }

  /// S, the number of samples.
  public var samples: Int { inputs.rows }

  /// A forward pass with the minibatch's own statistics, which are constants in Ẏ where frozen.
  ///
  /// - Returns: the outputs, [samples × outputs], valid until the next pass.
  func forward(
    _ normalization: Pass.Normalization = .minibatch, partition: Partition = .weight
  ) -> Matrix<Double> {
    let pass = Pass(normalization: normalization, updatesRunningAverages: false, dropout: masks)
    do {
      return try forward(pass.sharing(partition))
    } catch {
      preconditionFailure("a sum over one rank does not fail: \(error)")
    }
  }

  private func forward(_ pass: Pass) throws -> Matrix<Double> {
    // A local copy that lives until this function ends, also when it throws: a span of it must not outlive it.
    let ids = ids
    let outputs = try network.forward(
      inputs, parameters: parameters.all, pass: pass, samples: samples, ids: ids.span, over: SingleRank())
    return outputs
  }

  /// Computes f for each sample at the present parameters.
  ///
  /// - Parameters:
  ///   - losses: [samples], overwritten.
  /// - Returns: the sides of all kinks.
  func evaluate(into losses: Vector<Double>) -> KinkSides {
    loss.evaluateRows(
      outputs: forward(), targets: targets, gradient: outputGradient, curvature: outputCurvature
    ) { losses[$0] = $1 }
    return network.kinkSides(samples: samples, loss: loss, outputGradient: outputGradient)
  }

  /// Whether every sample's loss is a finite number.
  var isFinite: Bool {
    let losses = Arena<Double>(count: samples).all
    _ = evaluate(into: losses)
    return losses.array.allSatisfy(\.isFinite)
  }

  /// J(w) − J(w + Δw) with R, and R(w) − R(w + Δw) alone; the parameters are restored from a copy.
  ///
  /// The losses of each sample are subtracted before they are added up.
  func decrease(_ step: [Double]) -> (total: Double, regularization: Double) {
    let w = parameters.all
    let kept = w.array
    let (before, after) = (Arena<Double>(count: samples).all, Arena<Double>(count: samples).all)
    _ = evaluate(into: before)
    w.copy(from: zip(kept, step).map { $0 + $1 })
    _ = evaluate(into: after)
    var change = 0.0
    for block in network.layout.blocks {
      for k in block.range {
        change += regularization.value(of: kept[k], block.role) - regularization.value(of: w[k], block.role)
      }
    }
    w.copy(from: kept)
    let difference = (0..<samples).reduce(0) { $0 + before[$1] - after[$1] }
    return (difference / Double(samples) + change, change)
  }

  /// Four units in the last place of the mean loss plus the contributions of its outputs, `f + Σ |∂f/∂y_i y_i|`: the
  /// smallest change that a rounded loss can show.
  var lossResolution: Double {
    let losses = Arena<Double>(count: samples).all
    _ = evaluate(into: losses)
    let outputs = forward()
    var total = 0.0
    for sample in 0..<samples {
      let (y, slope) = (outputs[sample], outputGradient[sample])
      total += losses[sample] + (0..<y.count).reduce(0) { $0 + (y[$1] * slope[$1]).magnitude }
    }
    return 4 * Double.ulpOfOne * total / Double(samples)
  }

  /// Ẇ + ∇R, as backpropagation computes it, [parameters].
  func gradient() -> [Double] {
    let wDot = Arena<Double>(count: network.layout.count)
    _ = forward()
    _ = network.addStatistics(
      inputs: inputs, targets: targets, parameters: parameters.all, loss: loss, partition: .automatic, bound: .paper,
      into: StatisticsSlice(wDot: wDot.all, wDDot: nil))
    var gradient = wDot.all.array.map { $0 / Double(samples) }
    for block in network.layout.blocks where block.isTrained {
      for k in block.range { gradient[k] += regularization.slope(at: parameters.all[k], block.role) }
    }
    return gradient
  }
}

extension GlobalSum where Self: ~Copyable {
  /// Rank 0's numbers on every rank, bit by bit. Collective.
  ///
  /// Ranks on different kinds of processor may round differently; with these numbers they decide alike.
  ///
  /// - Parameters:
  ///   - count: the number of values.
  ///   - values: called on rank 0 only.
  func first(_ count: Int, _ values: () -> [Double]) throws -> [Double] {
    let shared = Arena<Double>(count: count)
    if rank == 0 { shared.all.copy(from: values()) }
    try sum(shared.all)
    return shared.all.array
  }
}
