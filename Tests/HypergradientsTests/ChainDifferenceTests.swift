import Hypergradients
import Kernels
import Networks
import TestSupport
import Testing

/// The exact hypergradient against differences of the validation loss by the weights, through both steps.
///
/// With ε = 10⁻³ the extrapolated quotients are off by about ε⁴ ≈ 10⁻¹² and by rounding, 10⁻¹⁶ L/ε ≈ 10⁻¹³ where the
/// hypergradients are about 0.1; 10⁻⁹ leaves room for large higher derivatives, and is far below what a wrong factor gives.
struct ChainDifferenceTests {
  static let tolerance = 1e-9

  @Test(arguments: [2, 3], [Loss.softmaxCrossEntropy, .squaredError, .sigmoidCrossEntropy])
  func `every loss, with steps of one rate`(levels: Int, loss: Loss) throws {
    let problem = try ChainProblem(seed: 11, levels: levels, loss: loss)
    let (values, _) = try problem.compute(.exact, as: Double.self)
    #expect(relativeDifference(values, try problem.differences()) < Self.tolerance)
  }

  @Test func `a different loss at every place`() throws {
    let problem = try ChainProblem(
      seed: 12, levels: 3, loss: .squaredError, teacherLoss: .sigmoidCrossEntropy, validationLoss: .softmaxCrossEntropy)
    let (values, _) = try problem.compute(.exact, as: Double.self)
    #expect(relativeDifference(values, try problem.differences()) < Self.tolerance)
  }

  @Test(arguments: [2, 3]) func `steps with a preconditioner, or with block rates`(levels: Int) throws {
    var problem = try ChainProblem(seed: 13, levels: levels, hasDiagonals: true)
    let differences = try problem.differences()
    #expect(relativeDifference(try problem.compute(.exact, as: Double.self).values, differences) < Self.tolerance)
    // Without the preconditioner it is another hypergradient.
    problem.teacherDiagonal = nil
    #expect(relativeDifference(try problem.compute(.exact, as: Double.self).values, differences) > 1e-2)
  }

  @Test(arguments: [2, 3]) func `batch normalisation in use, and dropout masks that stay the same`(levels: Int) throws {
    var problem = try ChainProblem(
      seed: 14, levels: levels,
      layers: [
        .dense(inputs: nil, outputs: 8), .batchNorm, .activation(.softplus), .dropout(keep: 0.6),
        .dense(inputs: nil, outputs: 3),
      ], hasDiagonals: true)
    problem.maskEpoch = 4
    let (values, _) = try problem.compute(.exact, as: Double.self)
    #expect(relativeDifference(values, try problem.differences()) < Self.tolerance)
    // Other masks give another hypergradient.
    problem.maskEpoch = 5
    #expect(relativeDifference(try problem.compute(.exact, as: Double.self).values, values) > 1e-2)
  }

  @Test func `a student of another shape than the teacher`() throws {
    let problem = try ChainProblem(
      seed: 15, levels: 3, studentLayers: [.dense(inputs: nil, outputs: 3), .activation(.sigmoid)])
    let (values, _) = try problem.compute(.exact, as: Double.self)
    #expect(relativeDifference(values, try problem.differences()) < Self.tolerance)
  }

  @Test func `a forgotten pair term, and a sign, are seen`() throws {
    var problem = try ChainProblem(seed: 11, levels: 3)
    let differences = try problem.differences()
    problem.pairWeight = 0
    let (values, _) = try problem.compute(.exact, as: Double.self)
    #expect(relativeDifference(values, differences) > 1e-3)
    #expect(relativeDifference(values.map { -$0 }, differences) > 1)
  }
}
