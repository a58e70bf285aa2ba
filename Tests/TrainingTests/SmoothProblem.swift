import Configurations
import Kernels
import Networks
import TestSupport
import Testing

/// A random problem on a smooth network, and the product's network and matrices of it in Double.
struct SmoothProblem {
  let reference: ReferenceProblem
  let network: Network<Double>
  let loss: Loss
  let inputs, targets: Matrix<Double>
  let parameters: Vector<Double>

  /// - Parameters:
  ///   - widths: units from the input to the output; behind each dense layer comes the activation, also behind the last.
  init(widths: [Int], _ activation: ReferenceActivation, _ loss: ReferenceLoss, samples: Int = 5, seed: UInt64) throws {
    var random = SmallRandom(seed: seed)
    func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in random.normal() } }
    let layers = zip(widths, widths.dropFirst()).flatMap { inputs, outputs -> [ReferenceNetwork.Layer] in
      [.dense(weight: (0..<outputs).map { _ in numbers(inputs) }, bias: numbers(outputs)), .activation(activation)]
    }
    let outputs = widths[widths.count - 1]
    reference = ReferenceProblem(
      network: ReferenceNetwork(layers: layers), loss: loss, inputs: (0..<samples).map { _ in numbers(widths[0]) },
      targets: (0..<samples).map { sample in
        loss == .softmaxCrossEntropy ? (0..<outputs).map { $0 == sample % outputs ? 1 : 0 } : numbers(outputs)
      })
    let name = try #require(Activation(rawValue: activation.rawValue))
    network = try Network(
      widths.dropFirst().flatMap { [.dense(inputs: nil, outputs: $0), .activation(name)] }, inputs: widths[0])
    network.reserve(samples: samples)
    self.loss = try #require(Loss(rawValue: loss.rawValue))
    inputs = Matrix(rows: samples, columns: widths[0])
    inputs.elements.copy(from: Array(reference.inputs.joined()))
    targets = Matrix(rows: samples, columns: outputs)
    targets.elements.copy(from: Array(reference.targets.joined()))
    parameters = Arena<Double>(count: network.layout.count).all
    parameters.copy(from: reference.network.parameters)
  }

  /// The sums Ẇ over the samples, by the reference implementation.
  var gradient: [Double] { reference.statistics(.paper).gradient.map { $0 * Double(inputs.rows) } }
}
