/// The `--set` pairs that make residual partitioning the paper's plain step (M11), with λ as the only choice.
public let paperStep = [
  "optimizer.trustRatio=off", "optimizer.momentum=0", "optimizer.curvatureDecay=0", "optimizer.layerScale=none",
  "schedule.name=constant",
]
