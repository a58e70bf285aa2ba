internal import Kernels
internal import Networks

/// A network with its workspaces at one place of a chain, for one set of samples.
///
/// A chain has a station for each set. The values of a forward pass therefore stay until the next one at the same
/// place, and a backward or forward-mode pass can follow later.
final class Station<Scalar: Real> {
  let network: Network<Scalar>
  let loss: Loss
  private var tangents: Tangents<Scalar>?
  /// The rows of the tangents' workspaces.
  private var tangentRows = 0
  /// ∂f/∂y and h of each sample, [samples × outputs].
  private var slopes: Matrix<Scalar>
  private var curvatures: Matrix<Scalar>

  init(_ learner: Learner, loss: Loss) throws(NetworkError) {
    network = try Network(learner.layers, inputShape: learner.inputShape)
    self.loss = loss
    slopes = Matrix(rows: 0, columns: network.outputs)
    curvatures = slopes
  }

  /// The outputs, [rows × outputs]; batch normalisation uses its running averages.
  func forward(
    _ x: Matrix<Scalar>, at parameters: Vector<Scalar>, masks: Pass.DropoutMasks? = nil, ids: Span<Int32>
  ) -> Matrix<Scalar> {
    // A rank may have no rows, but it still needs workspaces.
    network.reserve(samples: max(1, x.rows))
    guard let masks else { return network.forward(x, parameters: parameters) }
    do {
      return try network.forward(
        x, parameters: parameters, pass: Pass(normalization: .running, updatesRunningAverages: false, dropout: masks),
        samples: x.rows, ids: ids, over: SingleRank())
    } catch {
      preconditionFailure("a pass with running averages does not communicate: \(error)")
    }
  }

  /// The outputs of the last forward pass, whose input was x.
  func outputs(_ x: Matrix<Scalar>) -> Matrix<Scalar> { network.outputs(of: x) }

  /// ẏ along a direction at the last forward pass, [rows × outputs].
  func tangent(_ x: Matrix<Scalar>, at parameters: Vector<Scalar>, along v: Vector<Scalar>) -> Matrix<Scalar> {
    if tangents == nil || tangentRows < x.rows {
      tangents = Tangents(network, samples: x.rows)
      tangentRows = x.rows
    }
    guard let tangents else { preconditionFailure("tangents have just been made") }
    return tangents.outputs(along: v, inputs: x, parameters: parameters)
  }

  /// Calls `body` with the loss of each sample at the given outputs; ``slope(of:)`` then holds its derivative with
  /// respect to them.
  func losses(
    _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ body: (_ row: Int, _ loss: Double) -> Void
  ) {
    if slopes.rows < outputs.rows {
      slopes = Matrix(rows: outputs.rows, columns: outputs.columns)
      curvatures = Matrix(rows: outputs.rows, columns: outputs.columns)
    }
    loss.evaluateRows(
      outputs: outputs, targets: targets, gradient: slopes.prefix(outputs.rows),
      curvature: curvatures.prefix(outputs.rows), body)
  }

  /// The sides of the network's kinks in the last forward pass, and of the loss's kinks in the last ``losses(_:_:_:)``.
  func kinkSides(_ rows: Int) -> KinkSides {
    network.kinkSides(samples: rows, loss: loss, outputGradient: slopes.prefix(min(rows, slopes.rows)))
  }

  /// ∂f/∂y of one sample of the last ``losses(_:_:_:)``.
  func slope(of row: Int) -> Vector<Scalar> { slopes[row] }
}
