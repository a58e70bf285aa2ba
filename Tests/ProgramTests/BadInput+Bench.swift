/// Benchmarks of what cannot be measured.
extension BadInput {
  static let benchmarks: [BadInput] = [
    BadInput(
      name: "a bench of an unknown network", arguments: "bench step --network mnist-clasifier", exitCode: 64,
      says: ["'mnist-clasifier'", "did you mean 'mnist-classifier'"]),
    BadInput(
      name: "a bench of an unknown optimizer", arguments: "bench step --optimizer rp-papper", exitCode: 64,
      says: ["'rp-papper'", "did you mean 'rp-paper'"]),
    BadInput(name: "a bench of no turns", arguments: "bench step --repeats 0", exitCode: 64, says: ["--repeats"]),
    BadInput(name: "a bench of no units", arguments: "bench step --width 0", exitCode: 64, says: ["--width"]),
    BadInput(
      name: "a bench with an unknown setting", arguments: "bench step --set training.bach=1", exitCode: 64,
      says: ["'bach'", "did you mean 'batch'"]),
    BadInput(
      name: "a bench whose loss is not finite",
      arguments: "bench step --network mnist-classifier --optimizer sgd --set optimizer.learningRate=1e30 --batch 9",
      exitCode: 1, says: ["sgd", "not finite", "optimizer.learningRate"]),
  ]
}
