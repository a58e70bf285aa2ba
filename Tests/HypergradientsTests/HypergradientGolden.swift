import Foundation
import Hypergradients
import Kernels
import Networks
import TestSupport

/// A chain with float64 hypergradients that another implementation computed.
struct HypergradientGolden: Decodable {
  struct Layer: Decodable {
    var weight: [[Double]]
    var bias: [Double]
    var activation: Activation
  }

  struct Rows: Decodable {
    var inputs: [[Double]]
    var targets: [[Double]]
    /// a of the training examples, κ of the pairs.
    var weights: [Double]?
    var weight: Double?
  }

  struct Expected: Decodable {
    var threeLevel, twoLevel: [Double]
    var validationLossThree, validationLossTwo: Double
  }

  var teacher, student: [Layer]
  var training, pairs, validation: Rows
  var unlabelled: [[Double]]
  var teacherRate, studentRate: Double
  var expected: Expected

  init() throws {
    let file = Golden.directory.appendingPathComponent("hypergradient-teacher-student-small.json")
    self = try JSONDecoder().decode(HypergradientGolden.self, from: Data(contentsOf: file))
  }

  /// The chain of two or three levels at the golden's parameters.
  func problem(levels: Int) -> ChainProblem {
    ChainProblem(
      chain: Chain(
        teacher: learner(teacher), student: levels == 3 ? learner(student) : nil, validationLoss: .softmaxCrossEntropy),
      teacher: parameters(teacher), student: levels == 3 ? parameters(student) : [],
      weights: training.weights ?? [],
      training: (training.inputs, training.targets), unlabelled: unlabelled, pairs: (pairs.inputs, pairs.targets),
      pairWeight: pairs.weight ?? 0, validation: (validation.inputs, validation.targets), teacherRate: teacherRate,
      studentRate: studentRate)
  }

  private func learner(_ layers: [Layer]) -> Learner {
    Learner(
      layers: layers.flatMap { [.dense(inputs: nil, outputs: $0.bias.count, bias: true), .activation($0.activation)] },
      inputs: layers[0].weight[0].count, loss: .softmaxCrossEntropy)
  }

  private func parameters(_ layers: [Layer]) -> [Double] { layers.flatMap { Array($0.weight.joined()) + $0.bias } }
}
