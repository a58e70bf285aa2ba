import Foundation
import Optimizers
import TestSupport

/// What PyTorch's optimizers and schedules computed, from `Tests/goldens/optimizers-pytorch.json`; its generator,
/// `scripts/goldens/optimizers.py`, says how PyTorch's settings correspond to (M17).
struct PyTorchGolden: Decodable {
  struct Run: Decodable {
    var rule: String
    var rate: Double
    var l2: Double
    var settings: [String: Double]
    var repeatsFirstGradient: Bool
    /// After each step.
    var parameters: [[Double]]
  }

  struct Factors: Decodable {
    var name: String
    var steps: Int
    var stepsPerEpoch: Int
    var factors: [Double]
  }

  var start: [Double]
  /// One row for each step.
  var gradients: [[Double]]
  var runs: [Run]
  var schedules: [Factors]

  static func load() throws -> PyTorchGolden {
    let data = try Data(contentsOf: Golden.directory.appendingPathComponent("optimizers-pytorch.json"))
    return try JSONDecoder().decode(PyTorchGolden.self, from: data)
  }

  /// The same run here.
  func steps(of run: Run, rule: any Optimizer) -> SeveralSteps {
    let gradients = run.repeatsFirstGradient ? Array(repeating: gradients[0], count: gradients.count) : gradients
    return SeveralSteps(
      rule: rule, rate: run.rate, parameters: start, sums: gradients.map { ($0, nil) },
      regularization: Regularization(l2: run.l2))
  }
}

extension PyTorchGolden.Run {
  /// The rule with the settings of the run; nil for a rule or a setting that is not known here.
  var updateRule: (any Optimizer)? {
    switch (rule, settings["momentum"], settings["decay"], settings["epsilon"]) {
    case ("sgd", nil, nil, nil): SGD()
    case ("momentum", nil, let decay?, nil): Momentum(decay: decay)
    case ("rmsprop", nil, let decay?, let epsilon?): RMSprop(decay: decay, epsilon: epsilon)
    case ("adam", let momentum?, let decay?, let epsilon?): Adam(momentum: momentum, decay: decay, epsilon: epsilon)
    default: nil
    }
  }
}
