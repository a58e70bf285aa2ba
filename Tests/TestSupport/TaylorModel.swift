/// A second-order Taylor polynomial of J in all parameters: value, gradient and dense Hessian.
///
/// Computed forward over reverse: the backward pass runs in dual numbers, once for each parameter, so there is no step
/// size and no truncation error. R is not included. The gradient is that of J for both kinds of affine layers.
public struct TaylorModel: Sendable, Equatable {
  public enum AffineLayers: String, CaseIterable, Sendable {
    /// z = w y + b: the polynomial of J itself.
    case exact
    /// z = w₀ ŷ + (w − w₀) y₀ + b, y₀ the unperturbed input: J̃ of (M12), without the product Δw Δy.
    case withoutProducts
  }

  /// J at Δw = 0.
  public var value: Double
  /// In the order of ``ReferenceNetwork/parameters``.
  public var gradient: [Double]
  /// [parameters × parameters]; symmetric up to rounding.
  public var hessian: [[Double]]

  /// - Parameters:
  ///   - inputs: [samples × inputs].
  ///   - targets: [samples × outputs].
  /// - Complexity: O(samples · parameters²).
  public init(
    _ network: ReferenceNetwork, _ loss: ReferenceLoss, inputs: [[Double]], targets: [[Double]],
    affineLayers: AffineLayers
  ) {
    let count = network.parameters.count
    value = network.meanLoss(loss, inputs: inputs, targets: targets)
    gradient = [Double](repeating: 0, count: count)
    hessian = []
    let samples = Double(inputs.count)
    for p in 0..<count {
      var direction = [Double](repeating: 0, count: count)
      direction[p] = 1
      let pass = DualBackpropagation(network, direction: direction, affineLayers: affineLayers)
      var row = [Double](repeating: 0, count: count)
      for s in inputs.indices {
        let duals = pass.gradient(loss, input: inputs[s], target: targets[s])
        for q in row.indices { row[q] += duals[q].dot / samples }
        gradient[p] += duals[p].value / samples
      }
      hessian.append(row)
    }
  }

  /// The polynomial at Δw.
  public func value(at step: [Double]) -> Double {
    precondition(step.count == gradient.count, "A step has one number for each parameter.")
    var sum = value
    for p in step.indices {
      sum += gradient[p] * step[p]
      for q in step.indices { sum += 0.5 * step[p] * hessian[p][q] * step[q] }
    }
    return sum
  }
}
