import Configurations
import Diagnostics
import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

extension Matrix<Double> {
  init(rowsOf rows: [[Double]]) {
    self.init(rows: rows.count, columns: rows.first?.count ?? 0)
    elements.copy(from: Array(rows.joined()))
  }
}

extension ReferenceProblem {
  /// The same problem for the checks, with all its samples.
  func objective(_ regularization: Regularization = Regularization()) throws -> Objective {
    let layers: [LayerConfiguration] = try network.layers.map { layer in
      switch layer {
      case .dense(let weight, let bias): .dense(inputs: nil, outputs: weight.count, bias: !bias.isEmpty)
      case .activation(let activation): .activation(try #require(Activation(rawValue: activation.rawValue)))
      // Their parameters lie in another order with the running averages; randomObjective makes them.
      case .normalization, .mask, .residual: throw UnsupportedLayer()
      }
    }
    let product = try Network<Double>(layers, inputs: inputs[0].count)
    let parameters = Arena<Double>(count: product.layout.count)
    parameters.all.copy(from: network.parameters)
    return Objective(
      product, parameters: parameters, inputs: Matrix(rowsOf: inputs), targets: Matrix(rowsOf: targets),
      loss: try #require(Loss(rawValue: loss.rawValue)), regularization: regularization)
  }
}

/// A reference problem with a layer that ``ReferenceProblem/objective(_:)`` does not translate.
struct UnsupportedLayer: Error {}

/// Layers with random parameters on random samples with one-hot targets.
func randomObjective(
  _ layers: [LayerConfiguration], inputs: Int, samples: Int, loss: Loss = .softmaxCrossEntropy, seed: UInt64 = 1,
  regularization: Regularization = Regularization(), masks: Pass.DropoutMasks? = nil,
  wrapping wrap: ([LayerConfiguration]) -> [LayerConfiguration] = { $0 }
) throws -> Objective {
  let network = try Network<Double>(wrap(layers), inputs: inputs)
  var random = SmallRandom(seed: seed)
  let (outputs, rows) = (network.outputs, 0..<samples)
  return Objective(
    network, parameters: network.initialParameters(.uniform, seed: seed),
    inputs: Matrix(rowsOf: rows.map { _ in (0..<inputs).map { _ in random.normal() } }),
    targets: Matrix(rowsOf: rows.map { row in (0..<outputs).map { $0 == row % outputs ? 1 : 0 } }), loss: loss,
    regularization: regularization, masks: masks, ids: rows.map { Int32($0) })
}
