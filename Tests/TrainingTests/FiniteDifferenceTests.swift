import Kernels
import Networks
import TestSupport
import Testing
import Training

/// The gradient by forward differences: right to order ε, until rounding takes over.
struct FiniteDifferenceTests {
  static let problems: [(ReferenceActivation, ReferenceLoss)] = [
    (.sigmoid, .squaredError), (.tanh, .softmaxCrossEntropy), (.softplus, .squaredError),
  ]

  private func differences(_ problem: SmoothProblem, step: Double) -> [Double] {
    let wDot = Arena<Double>(count: problem.parameters.count).all
    wDot.fill(.nan)
    _ = problem.network.finiteDifferenceGradient(
      inputs: problem.inputs, targets: problem.targets, parameters: problem.parameters, loss: problem.loss,
      step: step, into: wDot)
    return wDot.array
  }

  @Test(arguments: problems) func `the error of each weight is ε/2 times its second derivative, plus order ε²`(
    activation: ReferenceActivation, loss: ReferenceLoss
  ) throws {
    let problem = try SmoothProblem(widths: [3, 4, 2], activation, loss, seed: 5)
    let model = problem.reference.taylorModel(boundedBy: .full)
    let samples = Double(problem.inputs.rows)
    let curvature = model.hessian.indices.map { model.hessian[$0][$0] * samples }
    let gradient = problem.gradient
    let scale = curvature.reduce(0) { max($0, $1.magnitude) }
    // ((C(w + ε) − C(w))/ε − C')/ε = C''/2 + O(ε). Down to 2⁻¹³ the rounding of C, below 1e-14, divided by ε² is far
    // below ε.
    for power in 6...13 {
      let step = 0x1p0 / Double(1 << power)
      let found = differences(problem, step: step)
      #expect(found.count == gradient.count)
      for (k, value) in found.enumerated() {
        #expect(abs((value - gradient[k]) / step - curvature[k] / 2) <= 3 * scale * step, "weight \(k), 2^-\(power)")
      }
    }
  }

  @Test(arguments: problems) func `the error halves with ε until rounding makes it grow`(
    activation: ReferenceActivation, loss: ReferenceLoss
  ) throws {
    let problem = try SmoothProblem(widths: [3, 4, 2], activation, loss, seed: 6)
    let gradient = problem.gradient
    func error(_ step: Double, from gradient: [Double]) -> Double {
      zip(differences(problem, step: step), gradient).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    }
    let steps = (8...18).map { 0x1p0 / Double(1 << $0) }
    let errors = steps.map { error($0, from: gradient) }
    for (coarse, fine) in zip(errors, errors.dropFirst()) { #expect(abs(coarse / fine - 2) < 0.1) }
    #expect(error(1e-14, from: gradient) > 10 * error(1e-8, from: gradient), "rounding, divided by ε")
    // A gradient that is wrong by a thousandth is not converged to.
    let wrong = errors.indices.suffix(2).map { error(steps[$0], from: gradient.map { 1.001 * $0 }) }
    #expect(wrong[0] / wrong[1] < 1.5)
  }

  @Test func `the parameters keep their bits, and the loss is the minibatch's`() throws {
    let problem = try SmoothProblem(widths: [3, 4, 2], .sigmoid, .squaredError, seed: 7)
    // 0.1 + 1e-3 − 1e-3 is not 0.1: subtracting the step would show.
    problem.parameters.fill(0.1)
    let wDot = Arena<Double>(count: problem.parameters.count).all
    _ = problem.network.forward(problem.inputs, parameters: problem.parameters)
    let expected = problem.network.loss(problem.loss, targets: problem.targets)
    let loss = problem.network.finiteDifferenceGradient(
      inputs: problem.inputs, targets: problem.targets, parameters: problem.parameters, loss: problem.loss, step: 1e-3,
      into: wDot)
    #expect(loss == expected)
    #expect(problem.parameters.array.allSatisfy { $0 == 0.1 })
  }

  @Test func `the results of shards add up to that of the whole minibatch, and no rows give zeros`() throws {
    let problem = try SmoothProblem(widths: [3, 4, 2], .tanh, .softmaxCrossEntropy, seed: 8)
    let whole = differences(problem, step: 1e-3)
    var sum = [Double](repeating: 0, count: whole.count)
    for rows in [0..<2, 2..<2, 2..<5] {
      let (inputs, targets) = (
        Matrix<Double>(rows: rows.count, columns: 3), Matrix<Double>(rows: rows.count, columns: 2)
      )
      inputs.elements.copy(from: Array(problem.reference.inputs[rows].joined()))
      targets.elements.copy(from: Array(problem.reference.targets[rows].joined()))
      let wDot = Arena<Double>(count: whole.count).all
      wDot.fill(.nan)
      _ = problem.network.finiteDifferenceGradient(
        inputs: inputs, targets: targets, parameters: problem.parameters, loss: problem.loss, step: 1e-3, into: wDot)
      for k in sum.indices { sum[k] += wDot[k] }
      if rows.isEmpty { #expect(wDot.array.allSatisfy { $0 == 0 }) }
    }
    // Rounding of C, some 1e-15, divided by ε.
    #expect(relativeDifference(sum, whole) <= 1e-11)
  }

  @Test func `in Float with the default step it has two or three digits`() throws {
    let problem = try SmoothProblem(widths: [3, 4, 2], .sigmoid, .squaredError, seed: 9)
    let network = try Network<Float>(problem.network.configuration, inputs: 3)
    network.reserve(samples: 5)
    let (inputs, targets) = (Matrix<Float>(rows: 5, columns: 3), Matrix<Float>(rows: 5, columns: 2))
    inputs.elements.copy(from: problem.inputs.elements.array.map { Float($0) })
    targets.elements.copy(from: problem.targets.elements.array.map { Float($0) })
    let parameters = Arena<Float>(count: network.layout.count).all
    parameters.copy(from: problem.parameters.array.map { Float($0) })
    let wDot = Arena<Float>(count: parameters.count).all
    _ = network.finiteDifferenceGradient(
      inputs: inputs, targets: targets, parameters: parameters, loss: .squaredError, step: 1e-3, into: wDot)
    let difference = relativeDifference(wDot.array.map { Double($0) }, problem.gradient)
    // ε/2 · C'' and 6e-8 · C/ε, both some 1e-3 of the largest element; in Double only the first is left.
    #expect(difference < 1e-2)
    #expect(difference > 1e-6)
  }
}
