public import Kernels

/// A layer with affine statistics where the residual is shared out by unit, and the places of its numbers.
public struct UnitLayer: Equatable, Sendable {
  public let address: LayerAddress
  public let inputs: Int
  public let outputs: Int
  public let hasBias: Bool
  /// Whether it reads the network's inputs, as they are or through layers without affine statistics.
  public let isFirst: Bool
  /// The numbers of its blocks in the network's layout: the weights, and the biases where there are any.
  public let blocks: [Int]
  /// The weights, followed by the biases, in the arenas of parameters.
  public let parameters: Range<Int>
  /// g and the lower triangle of A in the vector of ``Network/formUnitSums(of:inputs:into:workspace:)``.
  public let curvature: Range<Int>
  public let moment: Range<Int>
  let step: Int

  /// n, the number of entries of ỹ: the inputs, and 1 for the bias.
  public var width: Int { inputs + (hasBias ? 1 : 0) }
}

/// Memory in which the moments of a network's layers are formed.
public final class UnitSumsWorkspace<Scalar: Real> {
  /// Rows of ỹ, each times a number, [samples × n of the widest layer].
  fileprivate let rows: Vector<Scalar>
  /// [n × n of the widest layer].
  fileprivate let moment: Vector<Scalar>
  /// [samples].
  fileprivate let norms: Vector<Scalar>

  public init(_ layers: [UnitLayer], samples: Int) {
    let widest = layers.map(\.width).max() ?? 0
    rows = Arena(count: samples * widest).all
    moment = Arena(count: widest * widest).all
    norms = Arena(count: samples).all
  }

  /// How many numbers it holds.
  public static func count(_ layers: [UnitLayer], samples: Int) -> Int {
    let widest = layers.map(\.width).max() ?? 0
    return samples * (widest + 1) + widest * widest
  }
}

extension Network {
  /// The layers with affine statistics, in the order of the forward pass.
  static func unitLayers(
    _ plan: SignalPlan, _ layout: ParameterLayout, _ layers: [(any Layer<Scalar>)?]
  ) -> [UnitLayer] {
    var (found, place) = ([UnitLayer](), 0)
    for (step, layer) in layers.enumerated() {
      guard let affine = layer?.statistics.separable else { continue }
      let n = affine.inputs + (affine.hasBias ? 1 : 0)
      let moment = place + affine.outputs
      found.append(
        UnitLayer(
          address: plan.steps[step].address, inputs: affine.inputs, outputs: affine.outputs, hasBias: affine.hasBias,
          isFirst: found.isEmpty,
          blocks: layout.blocks.indices.filter { layout.blocks[$0].step == step }, parameters: layout.slices[step],
          curvature: place..<moment, moment: moment..<moment + Matrix<Scalar>.triangleCount(n), step: step))
      place = moment + Matrix<Scalar>.triangleCount(n)
    }
    return found
  }

  /// The length of the vector of ``formUnitSums(of:inputs:into:workspace:)``.
  public var unitSumsCount: Int { unitLayers.last?.moment.upperBound ?? 0 }

  /// (M29) The sums over some rows of the last backward pass that g and A of every layer are made of: Σ_s Z_si, and the lower
  /// triangle of Σ_s (mean_i Z_si)/‖ỹ_s‖₂ ỹ_s ỹ_sᵀ; 0/0 = 0.
  ///
  /// The ``Pass/partition`` of the forward pass must have been ``Partition/unit``, and the backward pass one with curvature.
  /// Never communicates.
  ///
  /// - Parameters:
  ///   - rows: some of this rank's rows.
  ///   - inputs: this rank's inputs, those of the forward pass.
  ///   - sums: overwritten, [``unitSumsCount``]; the places are those of ``unitLayers``.
  ///   - workspace: for as many samples.
  /// - Complexity: a product of ỹ by itself for each layer, rows · n² operations. Allocates nothing.
  public func formUnitSums(
    of rows: Range<Int>, inputs: Matrix<Scalar>, into sums: Vector<Scalar>, workspace: UnitSumsWorkspace<Scalar>
  ) {
    precondition(pass.partition == .unit, "statistics by unit need a total gradient by unit")
    for layer in unitLayers {
      guard let affine = layers[layer.step]?.statistics.separable else { preconditionFailure("a unit layer is affine") }
      affine.formUnitSums(
        input: value(at: links[layer.step].input, inputs)[rows], z: own(zs[layer.step + 1], inputs.rows)[rows],
        curvature: sums[layer.curvature], moment: sums[layer.moment], workspace: workspace)
    }
  }
}

extension AffineStatistics {
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  fileprivate func formUnitSums(
    input x: Matrix<Scalar>, z: Matrix<Scalar>, curvature: Vector<Scalar>, moment packed: Vector<Scalar>,
    workspace: UnitSumsWorkspace<Scalar>
  ) {
    let n = inputs + (hasBias ? 1 : 0)
    z.sumRows(into: curvature, accumulating: false)
    let norms = workspace.norms[0..<x.rows]
    parameterInputs(of: x, .unit, into: norms)
    let rows = workspace.rows[0..<x.rows * n].matrix(rows: x.rows, columns: n)
    for row in 0..<x.rows {
      let (scaled, y, norm) = (rows[row], x[row], norms[row])
      let mean = sum(z[row]) / Scalar(outputs)
      // In deep networks the inputs can be so large that the quotient itself would be too small.
      let ratio = mean / norm
      let root =
        norm == 0 ? 0 : ratio.isNormal ? ratio.squareRoot() : mean.squareRoot() / norm.squareRoot()
      map(y, into: scaled[0..<inputs]) { root * $0 }
      if hasBias { scaled[inputs] = root }
    }
    let moment = workspace.moment[0..<n * n].matrix(rows: n, columns: n)
    if x.rows == 0 { moment.elements.fill(0) } else { multiplyByItself(transposed: rows, into: moment) }
    moment.packLowerTriangle(into: packed)
  }
}

/// Σ x.
@inline(__always)
private func sum<Scalar: Real>(_ x: Vector<Scalar>) -> Scalar {
  var total: Scalar = 0
  for k in 0..<x.count { total += x[k] }
  return total
}
