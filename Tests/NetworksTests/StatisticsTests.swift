import Kernels
import Networks
import TestSupport
import Testing

/// Loss, outputs, u, Ẇ and Ẅ of random problems against the explicit partition of the reference.
@Suite struct StatisticsTests {
  @Test(arguments: ProblemKind.allCases, ReferenceBound.allCases)
  func `statistics agree with the explicit partition`(kind: ProblemKind, bound: ReferenceBound) throws {
    for generalPartition in [false, true] {
      for seed in kind.seeds {
        let problem = kind.problem(seed)
        let reference = problem.statistics(bound, generalPartition: generalPartition)
        let condition = problem.condition(bound, generalPartition, scale: kind.scale)
        for precision in Precision.allCases {
          let product = try ProductStatistics(problem, bound, in: precision, generalPartition: generalPartition)
          let difference = product.difference(from: reference, floor: kind.scale)
          let tolerance = roundingTolerance(problem, precision, condition: condition)
          #expect(difference <= tolerance, "seed \(seed), \(precision)")
        }
      }
    }
  }

  @Test func `the random problems contain every activation, every loss and one sample`() {
    let problems = ProblemKind.allCases.flatMap { kind in kind.seeds.map { kind.problem($0) } }
    #expect(Set(problems.flatMap { $0.network.activations }).count == ReferenceActivation.allCases.count)
    #expect(Set(problems.map { $0.loss }).count == ReferenceLoss.allCases.count)
    #expect(problems.contains { $0.inputs.count == 1 })
    #expect(problems.count >= 300)
  }

  @Test(arguments: Precision.allCases)
  func `Ẅ of the other bound would be seen`(precision: Precision) throws {
    // With one dense layer there is no product of two parameters, and both bounds are the same.
    for problem in ProblemKind.plain.problems where problem.network.denseLayers > 1 {
      let product = try ProductStatistics(problem, .paper, in: precision)
      let difference = relativeDifference(
        product.layers, problem.statistics(.full).layers, floor: ProblemKind.plain.scale)
      // With no margin violated the hinges have no gradient and no curvature.
      let vanishes = product.curvature.allSatisfy { $0 == 0 } && product.gradient.allSatisfy { $0 == 0 }
      #expect(vanishes || difference > roundingTolerance(problem, precision))
    }
  }

  @Test(arguments: Precision.allCases)
  func `the other partition would be seen where the loss has several outputs`(precision: Precision) throws {
    for problem in ProblemKind.plain.problems where problem.loss == .squaredError {
      let general = try ProductStatistics(problem, .paper, in: precision, generalPartition: true)
      let difference = general.difference(from: problem.statistics(.paper), floor: ProblemKind.plain.scale)
      #expect(problem.targets[0].count == 1 || difference > roundingTolerance(problem, precision))
    }
  }

  @Test func `a single element that is off by ten tolerances would be seen`() throws {
    for problem in ProblemKind.plain.problems {
      let product = try ProductStatistics(problem, .full, as: Double.self)
      let tolerance = roundingTolerance(problem, .float64)
      var wrong = problem.statistics(.full)
      let largest = wrong.layers[0].wDDot.joined().max() ?? 0
      wrong.layers[0].wDDot[0][0] += 10 * tolerance * max(largest, ProblemKind.plain.scale)
      #expect(product.difference(from: wrong, floor: ProblemKind.plain.scale) > tolerance)
    }
  }
}

/// What a set of random problems concentrates on.
enum ProblemKind: String, CaseIterable, Sendable {
  case plain, deadUnits, saturatedOutputs, softTargets, zeroInputs

  var seeds: Range<UInt64> { 0..<100 }

  var problems: [ReferenceProblem] { seeds.map { problem($0) } }

  /// The size of a statistic that is not cancelled: inputs, weights and targets are of size 1, and saturated outputs
  /// forty times as large. The reference loses digits too, for example in p − t of a confident softmax.
  var scale: Double { self == .saturatedOutputs ? 40 : 1 }

  func problem(_ seed: UInt64) -> ReferenceProblem {
    var options = RandomProblemOptions()
    switch self {
    case .plain: break
    case .deadUnits: options.deadUnits = true
    case .saturatedOutputs: options.saturatedOutputs = true
    case .softTargets:
      options.softTargets = true
      options.losses = [.softmaxCrossEntropy, .sigmoidCrossEntropy]
    case .zeroInputs: options.zeroInputs = 0.7
    }
    var random = SmallRandom(seed: seed)
    return random.problem(options)
  }
}

/// A first-order error bound for either precision, relative to a tensor's largest element or the problem's scale.
///
/// As ``floatTolerance(_:)``, with sums of random terms that cancel more: a condition of 12 is a sum of terms that are
/// sixteen times as large. Saturated tanh and elu have slopes with an absolute error of an ulp of 1 and no more digits
/// than that; where large weights amplify it (one random problem in a thousand) no such bound holds.
func roundingTolerance(_ problem: ReferenceProblem, _ precision: Precision, condition: Double = 12) -> Double {
  (4 + condition) / 4 * floatTolerance(problem) * (precision == .float32 ? 1 : 0x1p-29)
}

extension ReferenceProblem {
  /// How much more the statistics change, relatively, than the parameters and inputs do: measured by a small change.
  fileprivate func condition(_ bound: ReferenceBound, _ generalPartition: Bool, scale: Double) -> Double {
    var random = SmallRandom(seed: 1)
    func moved(_ values: [Double]) -> [Double] { values.map { $0 * (random.chance(0.5) ? 1 + 1e-7 : 1 - 1e-7) } }
    var other = self
    other.network = network.replacingParameters(moved(network.parameters))
    other.inputs = inputs.map { moved($0) }
    let (a, b) = (
      statistics(bound, generalPartition: generalPartition), other.statistics(bound, generalPartition: generalPartition)
    )
    let change = max(
      relativeDifference(b.layers, a.layers, floor: scale),
      relativeDifference([b.meanLoss], [a.meanLoss], floor: scale),
      relativeDifference(b.outputs, a.outputs, floor: scale),
      relativeDifference(b.outputTotalGradient, a.outputTotalGradient, floor: scale))
    return change / 1e-7
  }
}

extension ReferenceNetwork {
  var denseLayers: Int {
    layers.count { if case .dense = $0 { true } else { false } }
  }
}
