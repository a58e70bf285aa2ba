import Kernels
import Optimizers
import Testing

/// (M17) The trajectories of PyTorch's optimizers on the same gradients.
@Suite struct PyTorchTests {
  @Test func `all rules that PyTorch has are in the golden, with and without l2`() throws {
    let golden = try PyTorchGolden.load()
    for name in ["sgd", "momentum", "rmsprop", "adam"] {
      let runs = golden.runs.filter { $0.rule == name }
      #expect(runs.contains { $0.l2 == 0 } && runs.contains { $0.l2 > 0 })
    }
    #expect(golden.runs.allSatisfy { $0.parameters.count == 10 && $0.parameters.allSatisfy { $0.count == 6 } })
  }

  @Test(arguments: Precision.allCases)
  func `every run agrees with PyTorch's after each step`(precision: Precision) throws {
    let golden = try PyTorchGolden.load()
    for run in golden.runs {
      let found = try golden.steps(of: run, rule: #require(run.updateRule)).trajectory(in: precision)
      // Ten steps of some eight roundings each, of parameters and steps of at most 4.
      #expect(isClose(found, run.parameters, in: precision, ulps: 128), "\(run.rule), \(run.settings)")
    }
  }

  @Test func `settings that differ by one part in a thousand would be seen`() throws {
    let golden = try PyTorchGolden.load()
    for run in golden.runs {
      var others = run.settings.keys.map { key in
        var other = run
        // 1e-8 is nothing to a root of 0.01 but something to that of a gradient of 0.
        other.settings[key, default: 0] *= key == "epsilon" && run.settings[key] == 1e-8 ? 1000 : 0.999
        return other
      }
      var rate = run
      rate.rate *= 1.001
      others.append(rate)
      // A constant gradient has the average that it has with every decay.
      if run.repeatsFirstGradient { others.removeFirst() }
      for other in others {
        let found = try golden.steps(of: other, rule: #require(other.updateRule)).trajectory(in: .float64)
        #expect(!isClose(found, run.parameters, in: .float64, ulps: 128), "\(other.rule), \(other.settings)")
      }
    }
  }
}
