/// What `rp-dist reweight` starts from: data with wrong labels, a clean validation set, and the network.
extension Preset {
  static let reweighting: [Preset] = [noisyDigits, noisyMNIST, teacherStudent]

  private static let noisyDigits = Preset(
    name: "noisy-digits-reweight",
    summary: "the built-in digits, 40 % of the labels wrong, one weight for each example",
    yaml: """
      data: {set: digits, validation: 200, labelNoise: {kind: uniform, rate: 0.4, seed: 1}}
      network: [{dense: 256}, relu, {dense: 10}]
      loss: softmaxCrossEntropy
      optimizer: {name: sgd, learningRate: 0.3}
      schedule: {name: linear}
      training: {batch: 100, epochs: 40}
      reweight: {levels: 2}
      """)

  private static let noisyMNIST = Preset(
    name: "noisy-mnist-reweight",
    summary: "mnist, 40 % of the labels wrong, one weight for each example (needs --data)",
    yaml: """
      data: {set: mnist, validation: 1000, labelNoise: {kind: uniform, rate: 0.4, seed: 1}}
      network: [{dense: 256}, relu, {dense: 10}]
      loss: softmaxCrossEntropy
      optimizer: {name: sgd, learningRate: 0.1}
      schedule: {name: linear}
      training: {batch: 100, epochs: 30}
      reweight: {levels: 2}
      """)

  private static let teacherStudent = Preset(
    name: "teacher-student",
    summary: "the built-in digits, a student learns a teacher's labels; few labels, 40 % wrong",
    yaml: """
      data: {set: digits, validation: 200, labelNoise: {kind: uniform, rate: 0.4, seed: 1}}
      network: [{dense: 128}, relu, {dense: 10}]
      loss: softmaxCrossEntropy
      optimizer: {name: sgd, learningRate: 0.1}
      schedule: {name: linear}
      training: {batch: 50, epochs: 150}
      reweight:
        levels: 3
        unlabelled: 738
        student: {optimizer: {name: sgd, learningRate: 0.3}, schedule: {name: linear}}
      """)
}
