extension BadInput {
  /// Settings of optimizers, schedules, early stopping and comparisons that cannot be used.
  static let optimizers: [BadInput] = [
    BadInput(
      name: "a key of another optimizer", arguments: "--set optimizer={name:␣adam,momentum:␣0.9}", exitCode: 64,
      says: ["optimizer.momentum", "momentum, residualPartitioning", "optimizer.name is adam"]),
    BadInput(
      name: "an unknown optimizer", arguments: "--set optimizer.name=addam", exitCode: 64,
      says: ["'addam'", "did you mean 'adam'"]),
    BadInput(
      name: "a momentum of 1", arguments: "--set optimizer.momentum=1", exitCode: 64,
      says: ["optimizer.momentum is 1.0", "below 1"]),
    BadInput(
      name: "a learning rate of 0", arguments: "--set optimizer={name:␣sgd,learningRate:␣0}", exitCode: 64,
      says: ["optimizer.learningRate is 0.0", "above 0"]),
    BadInput(
      name: "a learning rate that is infinite in float32", arguments: "--set optimizer.learningRate=1e39", exitCode: 64,
      says: ["optimizer.learningRate is 1e+39, which is infinite in float32", "make it smaller", "float64"]),
    BadInput(
      name: "an epsilon that is 0 in float32", arguments: "--set optimizer={name:␣adam,epsilon:␣1e-50}", exitCode: 64,
      says: ["optimizer.epsilon is 1e-50, which is 0 in float32", "make it larger"]),
    BadInput(
      name: "no steps between refreshes", arguments: "--set optimizer.curvatureEvery=0", exitCode: 64,
      says: ["optimizer.curvatureEvery is 0", "at least 1"]),
    BadInput(
      name: "an unknown partition", arguments: "--set optimizer.partition=units", exitCode: 64,
      says: ["optimizer.partition", "'units'", "did you mean 'unit'"]),
    BadInput(
      name: "an adaptive scale by unit", arguments: "--set optimizer={partition:␣unit,layerScale:␣adaptive}",
      exitCode: 64,
      says: ["optimizer.partition unit", "optimizer.layerScale must be unit, not adaptive"]),
    BadInput(
      name: "measured lengths beside a learning rate", arguments: "--set optimizer={lengths:␣measured,learningRate:␣1}",
      exitCode: 64,
      says: ["optimizer.lengths measured needs no learning rate", "leave it out", "optimizer.lengths to found"]),
    BadInput(
      name: "measured lengths beside a trust ratio", arguments: "--set optimizer={lengths:␣measured,trustRatio:␣on}",
      exitCode: 64, says: ["optimizer.trustRatio changes a learning rate", "lengths measured", "leave one of them out"]),
    BadInput(
      name: "measured lengths with a scale of another kind",
      arguments: "--set optimizer={lengths:␣measured,layerScale:␣none}", exitCode: 64,
      says: ["optimizer.lengths measured", "optimizer.layerScale must be unit, not none"]),
    BadInput(
      name: "an unknown way to find lengths", arguments: "--set optimizer.lengths=mesured", exitCode: 64,
      says: ["optimizer.lengths", "'mesured'", "did you mean 'measured'"]),
    BadInput(
      name: "a partition for adam", arguments: "--set optimizer={name:␣adam,partition:␣unit}", exitCode: 64,
      says: ["optimizer.partition", "belongs to residualPartitioning"]),
    BadInput(
      name: "an unknown schedule", arguments: "--set schedule.name=cosin", exitCode: 64,
      says: ["schedule.name", "'cosin'", "did you mean 'cosine'"]),
    BadInput(
      name: "a negative warm-up", arguments: "--set schedule.warmup=-1", exitCode: 64, says: ["schedule.warmup is -1"]),
    BadInput(
      name: "early stopping without a validation set", arguments: "--set training.stopEarly={patience:␣3}",
      exitCode: 64, says: ["training.stopEarly needs a validation set", "data.validation"]),
    BadInput(
      name: "no patience", arguments: "--set training.stopEarly={patience:␣0} --set data.validation=100", exitCode: 64,
      says: ["training.stopEarly.patience is 0"]),
    BadInput(
      name: "an unknown optimizer to compare", arguments: "compare --optimizers adam,sdg", exitCode: 64,
      says: ["'sdg'", "did you mean 'sgd'"]),
    BadInput(
      name: "an optimizer to compare twice", arguments: "compare --optimizers adam,adam", exitCode: 64,
      says: ["twice", "adam,adam"]),
    BadInput(
      name: "seeds backwards", arguments: "compare --optimizers adam --seeds 5..1", exitCode: 64,
      says: ["'5..1'", "1..5"]),
    BadInput(
      name: "an unknown budget", arguments: "compare --optimizers adam --budget times", exitCode: 64,
      says: ["'times'", "did you mean 'time'"]),
    BadInput(
      name: "an empty grid", arguments: "compare --optimizers adam --set compare.learningRates.adam=[]", exitCode: 64,
      says: ["compare.learningRates.adam is empty"]),
    BadInput(
      name: "a grid of an unknown optimizer",
      arguments: "compare --optimizers adam --set compare.learningRates.adm=[1]",
      exitCode: 64, says: ["'adm'", "did you mean 'adam'"]),
    BadInput(
      name: "records in a folder that is not there", arguments: "compare --optimizers adam --out no/such/file.json",
      exitCode: 74, says: ["no/such/file.json"]),
  ]
}
