import Hypergradients
import Kernels
import Networks
import TestSupport

extension HypergradientGolden {
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
      layers: layers.flatMap { layer -> [LayerConfiguration] in
        guard let activation = Activation(rawValue: layer.activation) else {
          preconditionFailure("the golden has the activation \(layer.activation)")
        }
        return [.dense(inputs: nil, outputs: layer.bias.count, bias: true), .activation(activation)]
      },
      inputs: layers[0].weight[0].count, loss: .softmaxCrossEntropy)
  }

  private func parameters(_ layers: [Layer]) -> [Double] { layers.flatMap { Array($0.weight.joined()) + $0.bias } }
}
