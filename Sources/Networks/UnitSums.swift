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
  /// The blocks of inputs within which A is kept: as few of one size as hold at most ``mostOfBlock`` inputs each.
  public let inputBlocks: [Range<Int>]
  /// g, and what is kept of A, in the vector of ``Network/formUnitSums(of:inputs:into:workspace:)``: the lower triangle of
  /// each input block, one after the other, then with a bias A's last row.
  public let curvature: Range<Int>
  public let moment: Range<Int>
  let step: Int

  /// n, the number of entries of ỹ: the inputs, and 1 for the bias.
  public var width: Int { inputs + (hasBias ? 1 : 0) }

  /// The most inputs of a block: the roots of larger ones cost more than they bring.
  public static var mostOfBlock: Int { 256 }

  static func inputBlocks(of inputs: Int) -> [Range<Int>] {
    let count = (inputs + mostOfBlock - 1) / mostOfBlock
    return (0..<count).map { $0 * inputs / count..<($0 + 1) * inputs / count }
  }

  /// The place of an input block's triangle, relative to the start of ``moment``.
  public func place(ofBlock index: Int) -> Range<Int> {
    var start = 0
    for block in inputBlocks[..<index] { start += Matrix<Float>.triangleCount(block.count) }
    return start..<start + Matrix<Float>.triangleCount(inputBlocks[index].count)
  }

  /// The place of A's last row, likewise; empty without a bias.
  public var placeOfLastRow: Range<Int> { moment.count - (hasBias ? width : 0)..<moment.count }

  /// The inputs of the largest block.
  public var largestBlock: Int { inputBlocks.map(\.count).max() ?? 0 }
}

/// Memory in which the moments of a network's layers are formed.
public final class UnitSumsWorkspace<Scalar: Real> {
  /// Rows of y, each times a number, [samples × inputs of the widest layer].
  fileprivate let rows: Vector<Scalar>
  /// [inputs × inputs of the largest block].
  fileprivate let moment: Vector<Scalar>
  /// [samples].
  fileprivate let norms: Vector<Scalar>

  public init(_ layers: [UnitLayer], samples: Int) {
    let (widest, largest) = Self.sizes(layers)
    rows = Arena(count: samples * widest).all
    moment = Arena(count: largest * largest).all
    norms = Arena(count: samples).all
  }

  /// How many numbers it holds.
  public static func count(_ layers: [UnitLayer], samples: Int) -> Int {
    let (widest, largest) = sizes(layers)
    return samples * (widest + 1) + largest * largest
  }

  private static func sizes(_ layers: [UnitLayer]) -> (widest: Int, largest: Int) {
    (layers.map(\.inputs).max() ?? 0, layers.map(\.largestBlock).max() ?? 0)
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
      let blocks = UnitLayer.inputBlocks(of: affine.inputs)
      let moment = place + affine.outputs
      place =
        moment + blocks.reduce(0) { $0 + Matrix<Scalar>.triangleCount($1.count) }
        + (affine.hasBias ? affine.inputs + 1 : 0)
      found.append(
        UnitLayer(
          address: plan.steps[step].address, inputs: affine.inputs, outputs: affine.outputs, hasBias: affine.hasBias,
          isFirst: found.isEmpty,
          blocks: layout.blocks.indices.filter { layout.blocks[$0].step == step }, parameters: layout.slices[step],
          inputBlocks: blocks, curvature: moment - affine.outputs..<moment, moment: moment..<place, step: step))
    }
    return found
  }

  /// The length of the vector of ``formUnitSums(of:inputs:into:workspace:)``.
  public var unitSumsCount: Int { unitLayers.last?.moment.upperBound ?? 0 }

  /// (M29) The sums over some rows of the last backward pass that g and A of every layer are made of: Σ_s Z_si, and the parts
  /// of Σ_s (mean_i Z_si)/‖ỹ_s‖₂ ỹ_s ỹ_sᵀ that ``UnitLayer/moment`` names; 0/0 = 0.
  ///
  /// The ``Pass/partition`` of the forward pass must have been ``Partition/unit``, and the backward pass one with curvature.
  /// Never communicates.
  ///
  /// - Parameters:
  ///   - rows: some of this rank's rows.
  ///   - inputs: this rank's inputs, those of the forward pass.
  ///   - sums: overwritten, [``unitSumsCount``]; the places are those of ``unitLayers``.
  ///   - workspace: for as many samples.
  /// - Complexity: a product of y by itself for each block of b inputs, rows · b² operations. Allocates nothing.
  public func formUnitSums(
    of rows: Range<Int>, inputs: Matrix<Scalar>, into sums: Vector<Scalar>, workspace: UnitSumsWorkspace<Scalar>
  ) {
    precondition(pass.partition == .unit, "statistics by unit need a total gradient by unit")
    for layer in unitLayers {
      guard let affine = layers[layer.step]?.statistics.separable else { preconditionFailure("a unit layer is affine") }
      affine.formUnitSums(
        input: value(at: links[layer.step].input, inputs)[rows], z: own(zs[layer.step + 1], inputs.rows)[rows],
        layer, into: sums, workspace: workspace)
    }
  }
}

extension AffineStatistics {
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  fileprivate func formUnitSums(
    input x: Matrix<Scalar>, z: Matrix<Scalar>, _ layer: UnitLayer, into sums: Vector<Scalar>,
    workspace: UnitSumsWorkspace<Scalar>
  ) {
    z.sumRows(into: sums[layer.curvature], accumulating: false)
    let (moment, norms) = (sums[layer.moment], workspace.norms[0..<x.rows])
    parameterInputs(of: x, .unit, into: norms)
    let rows = workspace.rows[0..<x.rows * inputs].matrix(rows: x.rows, columns: inputs)
    let lastRow = moment[layer.placeOfLastRow]
    lastRow.fill(0)
    for row in 0..<x.rows {
      let (scaled, y, norm) = (rows[row], x[row], norms[row])
      let mean = sum(z[row]) / Scalar(outputs)
      // In deep networks the inputs can be so large that the quotient itself would be too small.
      let ratio = mean / norm
      let root =
        norm == 0 ? 0 : ratio.isNormal ? ratio.squareRoot() : mean.squareRoot() / norm.squareRoot()
      map(y, into: scaled) { root * $0 }
      guard hasBias else { continue }
      update(lastRow[0..<inputs], scaled) { $0 + root * $1 }
      lastRow[inputs] += root * root
    }
    for (index, columns) in layer.inputBlocks.enumerated() {
      let place = workspace.moment[0..<columns.count * columns.count]
      let square = place.matrix(rows: columns.count, columns: columns.count)
      multiplyByItself(transposed: rows, columns: columns, into: square)
      square.packLowerTriangle(into: moment[layer.place(ofBlock: index)])
    }
  }
}

/// Σ x.
@inline(__always)
private func sum<Scalar: Real>(_ x: Vector<Scalar>) -> Scalar {
  var total: Scalar = 0
  for k in 0..<x.count { total += x[k] }
  return total
}
