internal import Configurations
public import Kernels
public import Networks

/// The published recursion that forms a new cost at every layer (mathematics.md, end of section 4), for networks of
/// sigmoid neurons and `squaredError`, and its working memory.
///
/// With layer l = affine + sigmoid, l = 1…m, per sample, k over the units of layer l:
///
///     δ^(m) = a^(m) − t
///     δ_j^(l−1) = Σ_k 2 δ_k^(l) a_k (1 − a_k) w_kj
///     Ẇ_kj^(l) = Σ_samples 2 δ_k^(l) a_k (1 − a_k) a_j^(l−1), biases the same without a_j
///
/// The δ of a layer is a distance to a target of that layer. The recursion squares this distance again, which doubles
/// the derivative: Ẇ of layer l is 2^(m−l) times the gradient.
public final class LayerTargets<Scalar: Real> {
  private struct Level {
    /// The number of the level's dense layer; the sigmoid layer follows it.
    let dense: Int
    let outputs, inputs: Int
    let weights: Range<Int>
    let biases: Range<Int>?
    /// δ, [samples × outputs].
    let delta: Matrix<Scalar>
  }

  private let network: Network<Scalar>
  /// In order from the input to the output.
  private let levels: [Level]

  /// Allocates memory for minibatches of up to `samples` rows, for which the network must have reserved memory too.
  ///
  /// - Precondition: `GradientMethod.layerTargetsFit` the network's layers.
  public init(_ network: Network<Scalar>, samples: Int) {
    precondition(GradientMethod.layerTargetsFit(network.configuration), "layer targets need layers of sigmoid neurons")
    self.network = network
    let blocks = network.layout.blocks
    levels = blocks.filter { $0.role == .weight }.map { weights in
      Level(
        dense: weights.layer, outputs: weights.shape[0], inputs: weights.shape[1], weights: weights.range,
        biases: blocks.first { $0.layer == weights.layer && $0.role == .bias }?.range,
        delta: Matrix(rows: samples, columns: weights.shape[0]))
    }
  }

  /// Writes, in place of the gradient, the recursion's sums over the rows. Allocates nothing.
  ///
  /// - Parameters:
  ///   - inputs: [rows × inputs].
  ///   - targets: [rows × outputs].
  ///   - wDot: Ẇ, [parameters]; overwritten.
  /// - Returns: the sum of the rows' losses, `squaredError`.
  /// - Complexity: one forward pass, and two matrix products of the size of each layer's weights; no communication.
  public func gradient(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, into wDot: Vector<Scalar>
  ) -> Double {
    let rows = inputs.rows
    let outputs = network.forward(inputs, parameters: parameters)
    subtract(targets.elements, from: outputs.elements, into: levels[levels.count - 1].delta.prefix(rows).elements)
    for (index, level) in levels.enumerated().reversed() {
      let delta = level.delta.prefix(rows)
      multiplyByTwiceSlope(delta.elements, values: network.value(above: level.dense + 1, of: inputs).elements)
      multiply(
        transposed: delta, level.dense == 0 ? inputs : network.value(above: level.dense - 1, of: inputs),
        into: wDot[level.weights].matrix(rows: level.outputs, columns: level.inputs))
      if let biases = level.biases { delta.sumRows(into: wDot[biases], accumulating: false) }
      if index > 0 {
        let weights = parameters[level.weights].matrix(rows: level.outputs, columns: level.inputs)
        multiply(delta, weights, into: levels[index - 1].delta.prefix(rows))
      }
    }
    return network.loss(.squaredError, targets: targets)
  }
}

/// δ ← a − t.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func subtract<Scalar: Real>(_ t: Vector<Scalar>, from a: Vector<Scalar>, into delta: Vector<Scalar>) {
  map(a, t, into: delta) { $0 - $1 }
}

/// δ ← 2 δ a (1 − a), where a (1 − a) is the slope of a = σ(z).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func multiplyByTwiceSlope<Scalar: Real>(_ delta: Vector<Scalar>, values a: Vector<Scalar>) {
  update(delta, a) { 2 * $0 * $1 * (1 - $1) }
}
