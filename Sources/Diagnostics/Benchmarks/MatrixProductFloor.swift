internal import Kernels
internal import Networks

/// The matrix products of one step by OpenBLAS, on matrices of their own and with nothing between them.
struct MatrixProductFloor<Scalar: Real> {
  private struct Layer {
    let x, y, w: Matrix<Scalar>
    /// Where products go, so that the factors stay what they are.
    let xResult, yResult, wResult: Matrix<Scalar>
    /// The first affine layer needs no product for u and passes nothing on.
    let isFirst: Bool
  }

  private let layers: [Layer]

  /// - Parameter samples: this rank's share of the minibatch.
  init(_ network: Network<Scalar>, samples: Int) {
    func filled(_ rows: Int, _ columns: Int) -> Matrix<Scalar> {
      let matrix = Matrix<Scalar>(rows: rows, columns: columns)
      matrix.elements.fill(0.5)
      return matrix
    }
    layers = network.layout.blocks.filter { $0.shape.count == 2 }.enumerated().map { index, block in
      let (outputs, inputs) = (block.shape[0], block.shape[1])
      return Layer(
        x: filled(samples, inputs), y: filled(samples, outputs), w: filled(outputs, inputs),
        xResult: filled(samples, inputs), yResult: filled(samples, outputs), wResult: filled(outputs, inputs),
        isFirst: index == 0)
    }
  }

  /// - Parameter withCurvature: whether the products for u, Ẅ and Z are among them; without, they are those of a gradient.
  func run(withCurvature: Bool) {
    for layer in layers {
      // (M1), and (M4) where u below is not zero
      multiply(layer.x, transposed: layer.w, into: layer.yResult)
      if withCurvature && !layer.isFirst { multiply(layer.x, transposed: layer.w, into: layer.yResult) }
    }
    for layer in layers.reversed() {
      // (M9): Ẇ and Ẅ
      multiply(transposed: layer.y, layer.x, into: layer.wResult)
      if withCurvature { multiply(transposed: layer.y, layer.x, into: layer.wResult) }
      // (M10): Ẏ and Z
      guard !layer.isFirst else { continue }
      multiply(layer.y, layer.w, into: layer.xResult)
      if withCurvature { multiply(layer.y, layer.w, into: layer.xResult) }
    }
  }
}
