extension BadInput {
  /// Settings that the ranks of a machine cannot share memory with.
  static let reductions: [BadInput] = [
    BadInput(
      name: "a misspelt reduction", arguments: "--set reduction=nod", exitCode: 64,
      says: ["reduction.method", "'nod'", "did you mean 'node'"]),
    BadInput(
      name: "a misspelt key of the reduction", arguments: "--set reduction={metod:␣node}", exitCode: 64,
      says: ["reduction", "'metod'", "did you mean 'method'"]),
    BadInput(
      name: "a reduction that is a list", arguments: "--set reduction=[node]", exitCode: 64,
      says: ["reduction: expected"]),
    BadInput(
      name: "shared memory with a trust ratio",
      arguments: "--set reduction=node --set optimizer.trustRatio=on", exitCode: 64,
      says: ["reduction.method node", "optimizer.trustRatio needs all of them", "auto or mpi"]),
    BadInput(
      name: "shared memory with another gradient",
      arguments: "--preset gates --set reduction=node --set training.gradient=layerTargets", exitCode: 64,
      says: ["reduction.method node", "training.gradient layerTargets needs all of them"]),
    BadInput(
      name: "shared memory with weights", arguments: "\(digitsReweight) reduction=node", exitCode: 64,
      says: ["weights need all sums", "reduction.method node", "auto or mpi"]),
  ]

  private static let digitsReweight = "reweight --preset noisy-digits-reweight --set"
}
