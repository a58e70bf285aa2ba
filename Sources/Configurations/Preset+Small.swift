/// The models that can be followed by hand, by gradient descent on all samples at once.
///
/// The learning rates were chosen by experiment: with seeds 1 to 5 each of them converges by backpropagation, by finite
/// differences and, where it is defined, by layer targets.
extension Preset {
  static let linear = Preset(
    name: "linear", summary: "the line y = 2 x by one weight, gradient descent",
    yaml: """
      data: {set: linear, target: value, scale: none}
      network: [{dense: {outputs: 1, bias: false}}]
      loss: squaredError
      optimizer: {name: sgd, learningRate: 0.05}
      training: {batch: 5, epochs: 40}
      """)

  static let gates = Preset(
    name: "gates", summary: "AND, OR and XOR of two bits, 2-4-3 sigmoid neurons, gradient descent",
    yaml: """
      data: {set: gates, target: value, scale: none}
      network: [{dense: 4}, sigmoid, {dense: 3}, sigmoid]
      loss: squaredError
      optimizer: {name: sgd, learningRate: 5}
      training: {batch: 4, epochs: 1000}
      """)

  static let sigmoidChain = Preset(
    name: "sigmoid-chain", summary: "a falling curve by three sigmoid neurons in a row, gradient descent",
    yaml: """
      data: {set: curve, target: value, scale: none}
      network: [{dense: 1}, sigmoid, {dense: 1}, sigmoid, {dense: 1}, sigmoid]
      loss: squaredError
      optimizer: {name: sgd, learningRate: 2}
      training: {batch: 5, epochs: 3000}
      """)
}
