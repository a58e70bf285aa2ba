import Kernels
import Networks
import Optimizers
import Testing

/// (M2) R(w) = ½ ρ₂ ‖w‖² + ρ₁ ‖w‖₁.
@Suite struct RegularizationTests {
  @Test(arguments: Precision.allCases)
  func `the value is that of hand-made numbers`(precision: Precision) throws {
    // Weights 3 and −4, bias 2.
    let parameters = [3.0, -4, 2]
    #expect(try value(Regularization(), parameters, precision) == 0)
    #expect(try value(Regularization(l2: 0.5), parameters, precision) == 0.25 * (9 + 16 + 4))
    #expect(try value(Regularization(l1: 0.5), parameters, precision) == 0.5 * (3 + 4 + 2))
    #expect(try value(Regularization(l2: 0.5, l1: 0.25), parameters, precision) == 7.25 + 2.25)
    #expect(try value(Regularization(l2: 0.5, includingBiases: false), parameters, precision) == 6.25)
    #expect(try value(Regularization(l1: 0.5, includingBiases: false), parameters, precision) == 3.5)
  }

  @Test func `its slope is what the step adds to the gradient`() throws {
    // With Ẇ = 0, Ẅ = 1 − λ ρ₂ and λ = ½ the step is −½ ∇R.
    let (l2, l1, h) = (0.75, 0.5, 1e-6)
    let regularization = Regularization(l2: l2, l1: l1)
    let parameters = [3.0, -4, 2, -0.5]
    let curvature = Array(repeating: 1 - l2 / 2, count: 4)
    let step = try OneStep(
      parameters: parameters, wDot: [0, 0, 0, 0], wDDot: curvature, learningRate: 0.5, regularization: regularization
    ).step()
    for k in parameters.indices {
      var (above, below) = (parameters, parameters)
      above[k] += h
      below[k] -= h
      let slope =
        (try value(regularization, above, .float64) - value(regularization, below, .float64)) / (2 * h)
      // Rounding of R ≈ 20 by 2⁻⁵³, divided by h.
      #expect((step[k] + slope / 2).magnitude < 1e-8)
      #expect((step[k] + slope / 2 * 1.001).magnitude > 1e-8)
    }
  }

  @Test func `running averages are never regularised`() throws {
    let layout = try Network<Double>([.batchNorm], inputs: 1).layout
    let parameters = Arena<Double>(count: layout.count).all
    // γ, β, running mean, running variance.
    parameters.copy(from: [3, -4, 100, 1000])
    #expect(Regularization(l2: 0.5, l1: 2).value(parameters, layout) == 6.25 + 14)
    #expect(Regularization(l2: 0.5, includingBiases: false).value(parameters, layout) == 2.25)
  }

  @Test func `squares of Float weights are summed in Double`() throws {
    // In Float, 1 added to 2²⁴ is lost.
    let parameters = [4096.0] + Array(repeating: 1, count: 1000)
    #expect(try value(Regularization(l2: 2), parameters, .float32) == 16_777_216 + 1000)
  }

  @Test func `magnitudes of Float weights are summed in Double`() throws {
    let parameters = [16_777_216.0] + Array(repeating: 1, count: 1000)
    #expect(try value(Regularization(l1: 1), parameters, .float32) == 16_777_216 + 1000)
  }

  @Test(arguments: Precision.allCases)
  func `not-a-number shows in the value`(precision: Precision) throws {
    #expect(try value(Regularization(l2: 1), [1, .nan, 2], precision).isNaN)
    #expect(try value(Regularization(l1: 1), [1, .nan, 2], precision).isNaN)
  }

  /// R of weights and, as the last parameter, a bias.
  private func value(
    _ regularization: Regularization, _ parameters: [Double], _ precision: Precision
  ) throws -> Double {
    func value<S: Real>(_: S.Type) throws -> Double {
      let layout = try Network<S>([.dense(inputs: nil, outputs: 1)], inputs: parameters.count - 1).layout
      return regularization.value(vector(parameters, as: S.self), layout)
    }
    return switch precision {
    case .float32: try value(Float.self)
    case .float64: try value(Double.self)
    }
  }
}
