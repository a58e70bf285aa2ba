import Hypergradients
import Kernels
import Networks
import TestSupport

extension ChainProblem {
  /// A chain on random samples, at random parameters.
  ///
  /// - Parameters:
  ///   - loss: that of the student and Ψ; the teacher's and L where `teacherLoss` and `validationLoss` are not given.
  ///   - layers: the teacher's and the student's network, for 4 inputs and 3 outputs.
  init(
    seed: UInt64, levels: Int, loss: Loss = .softmaxCrossEntropy, teacherLoss: Loss? = nil, validationLoss: Loss? = nil,
    layers: [LayerConfiguration] = [
      .dense(inputs: nil, outputs: 5), .activation(.tanh), .dense(inputs: nil, outputs: 3),
    ],
    studentLayers: [LayerConfiguration]? = nil, hasDiagonals: Bool = false
  ) throws {
    var random = SmallRandom(seed: seed)
    let (inputs, outputs) = (4, 3)
    func rows(_ count: Int, _ columns: Int) -> [[Double]] {
      (0..<count).map { _ in (0..<columns).map { _ in random.normal() } }
    }
    /// Rows of numbers that are positive and add to 1: targets of every loss, soft ones among them.
    func targets(_ count: Int) -> [[Double]] {
      (0..<count).map { row in
        let values = (0..<outputs).map { _ in random.uniform(0.05...1) }
        return row % 2 == 0
          ? values.map { $0 / values.reduce(0, +) } : (0..<outputs).map { $0 == row % outputs ? 1 : 0 }
      }
    }
    func parameters(_ layers: [LayerConfiguration]) throws -> [Double] {
      let layout = try Network<Double>(layers, inputs: inputs).layout
      return layout.blocks.flatMap { block in
        block.range.map { _ in block.role == .runningVariance ? random.uniform(0.5...2) : 0.6 * random.normal() }
      }
    }
    /// P: 0 for what is not trained, as a step does not move it.
    func diagonal(_ layers: [LayerConfiguration]) throws -> [Double] {
      let layout = try Network<Double>(layers, inputs: inputs).layout
      return layout.blocks.flatMap { block in
        block.range.map { _ in block.isTrained ? random.uniform(0.05...0.5) : 0 }
      }
    }
    let studentLayers = studentLayers ?? layers
    chain = Chain(
      teacher: Learner(layers: layers, inputs: inputs, loss: teacherLoss ?? loss),
      student: levels == 3 ? Learner(layers: studentLayers, inputs: inputs, loss: loss) : nil,
      validationLoss: validationLoss ?? loss)
    teacher = try parameters(layers)
    student = levels == 3 ? try parameters(studentLayers) : []
    weights = (0..<7).map { _ in random.uniform(0.2...1.5) }
    training = (rows(7, inputs), targets(7))
    unlabelled = rows(5, inputs)
    pairs = (rows(3, inputs), targets(3))
    pairWeight = 0.5
    validation = (rows(6, inputs), targets(6))
    (teacherRate, studentRate) = (0.3, 0.4)
    if hasDiagonals {
      teacherDiagonal = try diagonal(layers)
      studentDiagonal = levels == 3 ? try diagonal(studentLayers) : nil
    }
  }

  /// ∂L/∂a by central differences of the chain itself: nothing but forward passes and first gradients.
  ///
  /// The error is of order ε²; Richardson's extrapolation of ε and 2ε makes it ε⁴.
  func differences(step: Double = 1e-3) throws -> [Double] {
    let hypergradient = try Hypergradient<Double>(chain, strategy: .exact)
    func loss(_ index: Int, _ change: Double) throws -> Double {
      var moved = self
      moved.weights[index] += change
      return try moved.compute(with: hypergradient, over: SingleRank()).loss
    }
    func quotient(_ index: Int, _ step: Double) throws -> Double {
      (try loss(index, step) - loss(index, -step)) / (2 * step)
    }
    return try weights.indices.map { (4 * (try quotient($0, step)) - (try quotient($0, 2 * step))) / 3 }
  }
}
