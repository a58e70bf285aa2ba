extension BadInput {
  /// Settings and data that no weights can be learned with.
  static let reweighting: [BadInput] = [
    BadInput(
      name: "weights without a validation set", arguments: "reweight", exitCode: 64,
      says: ["data.validation is 0", "200"]),
    BadInput(
      name: "four levels", arguments: "\(digits) reweight.levels=4", exitCode: 64,
      says: ["reweight.levels is 4", "2 or 3"]),
    BadInput(
      name: "cycles of three levels", arguments: "\(levels) reweight.cycles=2", exitCode: 64,
      says: ["reweight.cycles is 2", "three levels", "reweight.cycles to 1"]),
    BadInput(
      name: "a student without samples", arguments: "\(digits) reweight.levels=3", exitCode: 64,
      says: ["reweight.levels 3 needs unlabelled samples", "reweight.unlabelled"]),
    BadInput(
      name: "more hidden labels than labels", arguments: "\(levels) reweight.unlabelled=5000", exitCode: 64,
      says: ["reweight.unlabelled is 5000", "1238 samples", "at most 1237"]),
    BadInput(
      name: "a student with other classes", arguments: "\(levels) reweight.student.network=[{dense:␣7}]", exitCode: 64,
      says: ["reweight.student.network", "7 outputs", "10 classes"]),
    BadInput(
      name: "a student that takes no soft labels", arguments: "\(levels) reweight.student.loss=hinge", exitCode: 64,
      says: ["loss hinge takes no soft labels", "softmaxCrossEntropy"]),
    BadInput(
      name: "a student's rate of 0",
      arguments: "\(levels) reweight.student.optimizer={name:␣sgd,learningRate:␣0}", exitCode: 64,
      says: ["reweight.student: optimizer.learningRate is 0.0"]),
    BadInput(
      name: "a student of two levels", arguments: "\(digits) reweight.unlabelled=100", exitCode: 64,
      says: ["three levels", "reweight.levels to 3"]),
    BadInput(
      name: "a grid that is none", arguments: "\(digits) reweight.grid=4by2", exitCode: 64,
      says: ["reweight.grid", "'4by2'", "4x2"]),
    BadInput(
      name: "a grid of other ranks", arguments: "\(digits) reweight.grid=4x2", exitCode: 64,
      says: ["reweight.grid", "4x2 has 8 places"]),
    BadInput(
      name: "blocks without layers", arguments: "\(digits) reweight.blocks=encoder=7-9", exitCode: 64,
      says: ["reweight: block encoder", "no layer from 7 to 9"]),
    BadInput(
      name: "misspelt blocks", arguments: "\(digits) reweight.blocks=layer", exitCode: 64,
      says: ["reweight.blocks", "'layer'", "did you mean 'layers'"]),
    BadInput(
      name: "a radius of 0", arguments: "\(digits) reweight.radius=0", exitCode: 64, says: ["reweight.radius is 0.0"]),
    BadInput(
      name: "an unknown constraint", arguments: "\(digits) reweight.constraint=nonegative", exitCode: 64,
      says: ["reweight.constraint", "did you mean 'nonnegative'"]),
    BadInput(
      name: "an unknown key of reweight", arguments: "\(digits) reweight.rate=1", exitCode: 64,
      says: ["reweight", "'rate'"]),
    BadInput(
      name: "an average that takes up nothing", arguments: "\(digits) reweight.validationDecay=1", exitCode: 64,
      says: ["reweight.validationDecay is 1.0", "below 1"]),
    BadInput(
      name: "a warm-up of the whole run", arguments: "\(digits) reweight.warmup=40", exitCode: 64,
      says: ["reweight.warmup is 40", "training.epochs"]),
    BadInput(
      name: "a mean of weights of both signs", arguments: "\(digits) reweight.constraint=none", exitCode: 64,
      says: ["reweight.normalisation", "nonnegative"]),
    BadInput(
      name: "weights and early stopping", arguments: "\(digits) training.stopEarly={patience:␣3}", exitCode: 64,
      says: ["training.stopEarly must be left out"]),
    BadInput(
      name: "weights for gradients by differences",
      arguments: "\(digits) training.gradient=finiteDifference", exitCode: 64,
      says: ["weights need training.gradient backpropagation"]),
    BadInput(
      name: "a minibatch of one, whose weight is always 1",
      arguments: "\(digits) training.batch=1 --set reweight.centring=none", exitCode: 64,
      says: ["training.batch 1", "reweight.normalisation"]),
    BadInput(
      name: "weights for a file that is not there", arguments: "reweight no.yml", exitCode: 66,
      says: ["no.yml does not exist"]),
  ]

  private static let digits = "reweight --preset noisy-digits-reweight --set"
  private static let levels = "reweight --preset teacher-student --set"
}
