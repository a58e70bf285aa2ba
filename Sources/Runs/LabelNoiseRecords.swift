internal import Configurations
internal import Datasets
internal import RunRecords
internal import Training

extension LearningProblem {
  /// The training samples whose labels were made wrong, as a run folder's `label-noise.csv` lists them: the identifier,
  /// the label that was trained on, and the true one. nil without label noise.
  var labelNoiseCSV: String? {
    guard let truth = split.trueTraining, let isFlipped = split.isFlipped else { return nil }
    let names = split.training.dataset.classNames
    var csv = CSVText(header: ["id", "label", "trueLabel"])
    for position in isFlipped.indices where isFlipped[position] {
      csv.append([
        "\(truth.id(at: position))", names[split.training.label(at: position)], names[truth.label(at: position)],
      ])
    }
    return csv.text
  }
}

extension Manifest.LabelNoise {
  /// The noise in a problem's labels; nil where there is none.
  init?(_ configuration: DataConfiguration, _ problem: LearningProblem) {
    guard let noise = configuration.labelNoise, let isFlipped = problem.split.isFlipped else { return nil }
    self.init(kind: noise.kind.rawValue, rate: noise.rate, seed: noise.seed, flipped: isFlipped.count { $0 })
  }
}
