import Kernels
import Networks
import Testing

/// A diverging run must show: not-a-number anywhere in the parameters or the inputs reaches the loss.
@Suite struct NonFiniteTests {
  @Test(arguments: Activation.allCases, Loss.allCases)
  func `not-a-number in any parameter gives a loss that is not finite`(activation: Activation, loss: Loss) throws {
    func check<S: Real>(_: S.Type) throws {
      for withOutputActivation in [false, true] {
        let step = try Step<S>(activation, loss, withOutputActivation: withOutputActivation)
        #expect(step.loss.isFinite)
        for p in 0..<step.parameters.count {
          let kept = step.parameters[p]
          step.parameters[p] = .nan
          #expect(!step.loss.isFinite, "parameter \(p), \(S.self)")
          step.parameters[p] = kept
        }
        // Nothing stays behind.
        #expect(step.loss.isFinite)
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test(arguments: Activation.allCases, Loss.allCases)
  func `not-a-number in any input gives a loss that is not finite`(activation: Activation, loss: Loss) throws {
    let step = try Step<Float>(activation, loss, withOutputActivation: true)
    for k in 0..<step.inputs.elements.count {
      let kept = step.inputs.elements[k]
      step.inputs.elements[k] = .nan
      #expect(!step.loss.isFinite, "input \(k)")
      step.inputs.elements[k] = kept
    }
  }

  @Test(arguments: Loss.allCases)
  func `not-a-number and infinite outputs give a loss that is not finite`(loss: Loss) {
    func value<S: Real>(_ outputs: [S], _ targets: [S]) -> Double {
      let count = outputs.count
      let (y, t) = (Matrix<S>(rows: 1, columns: count), Matrix<S>(rows: 1, columns: count))
      let (gradient, curvature) = (Matrix<S>(rows: 1, columns: count), Matrix<S>(rows: 1, columns: count))
      y.elements.copy(from: outputs)
      t.elements.copy(from: targets)
      return loss.evaluate(outputs: y, targets: t, gradient: gradient, curvature: curvature)
    }
    #expect(!value([Double.nan], [1]).isFinite)
    for target in 0..<3 {
      let targets = (0..<3).map { $0 == target ? 1.0 : 0 }
      for place in 0..<3 {
        func outputs(_ broken: Double) -> [Double] { (0..<3).map { $0 == place ? broken : Double($0) } }
        #expect(!value(outputs(.nan), targets).isFinite)
        #expect(!value(outputs(.nan).map { Float($0) }, targets.map { Float($0) }).isFinite)
        #expect(value(outputs(7), targets).isFinite)
      }
      #expect(!value([.nan, .nan, .nan], targets).isFinite)
      // An infinite logit of a wrong class costs without limit.
      let wrong = (target + 1) % 3
      #expect(!value((0..<3).map { $0 == wrong ? Double.infinity : 0 }, targets).isFinite)
    }
  }
}

/// The loss of two samples in a network of two dense layers.
private struct Step<S: Real> {
  let network: Network<S>
  let parameters: Vector<S>
  let inputs: Matrix<S>
  private let targets: Matrix<S>
  private let function: Loss

  init(_ activation: Activation, _ loss: Loss, withOutputActivation: Bool) throws {
    let hidden: [LayerConfiguration] = [
      .dense(inputs: nil, outputs: 3), .activation(activation), .dense(inputs: nil, outputs: 2),
    ]
    network = try Network(withOutputActivation ? hidden + [.activation(activation)] : hidden, inputs: 2)
    network.reserve(samples: 2)
    parameters = network.initialParameters(.uniform, seed: 8).all
    inputs = Matrix(rows: 2, columns: 2)
    // Zeros too: 0 times not-a-number is not a number.
    inputs.elements.copy(from: [0.5, 0, -1, 2])
    targets = Matrix(rows: 2, columns: 2)
    targets.elements.copy(from: [1, 0, 0, 1])
    function = loss
  }

  var loss: Double {
    _ = network.forward(inputs, parameters: parameters)
    return network.loss(function, targets: targets)
  }
}
