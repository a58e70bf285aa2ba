import Kernels
import Networks
import TestSupport
import Testing

/// (M21): masks are 1[r < keep]/keep, addressed by (seed, epoch, sample, layer, unit), alike forward, backward and for u.
@Suite struct DropoutTests {
  private static let units = 400

  @Test(arguments: [0.1, 0.5, 0.9, 1]) func `a mask is 0 or 1/keep and its mean is 1`(keep: Double) throws {
    let masks = try Masks(keep: keep)
    let values = try masks.rows(ids: (0..<100).map { $0 }).joined()
    #expect(values.allSatisfy { $0 == 0 || $0 == 1 / keep })
    // Four standard errors of a mean of n numbers of variance (1 − keep)/keep.
    let count = Double(values.count)
    let error = 4 * ((1 - keep) / keep / count).squareRoot()
    #expect((values.reduce(0, +) / count - 1).magnitude <= error)
    #expect(keep == 1 || values.contains(0))
  }

  @Test func `a mask is that of its definition, and another rule would be seen`() throws {
    let values = try Masks(keep: 0.7).rows(ids: [3, 8], seed: 5, epoch: 4)
    func expected(layer: Int) -> [[Double]] {
      [3, 8].map { id in
        let stream = RandomStream(seed: 5, .dropout, 4, id, layer)
        return (0..<Self.units).map { stream.uniform($0) < 0.7 ? 1 / 0.7 : 0 }
      }
    }
    #expect(values == expected(layer: 1))
    #expect(values != expected(layer: 0))
  }

  @Test func `the same address has the same mask, any other its own`() throws {
    let masks = try Masks(keep: 0.5)
    let first = try masks.rows(ids: [1, 2])
    #expect(try masks.rows(ids: [1, 2]) == first)
    #expect(first[0] != first[1])
    #expect(try masks.rows(ids: [1, 2], seed: 2) != first)
    #expect(try masks.rows(ids: [1, 2], epoch: 2) != first)
    // Units differ: a row is not constant.
    #expect(Set(first[0]).count == 2)
    let other = try Masks(keep: 0.5, layersBelow: 2).rows(ids: [1, 2])
    #expect(other != first)
    // Independent masks of 400 fair units agree in 200 ± 10: fewer than 6 standard errors off.
    for (a, b) in [(first[0], first[1]), (first[0], other[0])] {
      let equal = zip(a, b).count { $0 == $1 }
      #expect((equal - 200).magnitude < 60)
    }
  }

  @Test func `the order and the sharding of a minibatch permute its masks`() throws {
    let masks = try Masks(keep: 0.5)
    let whole = try masks.rows(ids: [4, 0, 9, 2])
    #expect(try masks.rows(ids: [2, 9, 4, 0]) == [whole[3], whole[2], whole[0], whole[1]])
    #expect(try masks.rows(ids: [9, 2]) == [whole[2], whole[3]])
    #expect(try masks.rows(ids: []).isEmpty)
  }

  @Test func `evaluation has no dropout`() throws {
    let masks = try Masks(keep: 0.25)
    _ = try masks.rows(ids: [1, 2])
    let values = masks.network.forward(masks.ones(2), parameters: masks.parameters).array
    #expect(values.joined().allSatisfy { $0 == 1 })
  }

  @Test(arguments: ReferenceBound.allCases, Precision.allCases)
  func `value, u, Ẏ and Z have one mask: statistics are those of plain loops, sample by sample`(
    bound: ReferenceBound, precision: Precision
  ) throws {
    var (dropped, kept) = (0, 0)
    for seed in 0..<60 {
      let problem = maskedProblem(UInt64(seed))
      let pass = Pass(
        normalization: .running, updatesRunningAverages: false, dropout: Pass.DropoutMasks(seed: 3, epoch: 7))
      let product = try ProductStatistics(problem, bound, in: precision, pass: pass, id: 6)
      var reference = problem
      reference.network = problem.network.masked(seed: 3, epoch: 7, sample: 6)
      let tolerance = roundingTolerance(problem, precision) / maskKeep
      #expect(product.difference(from: reference.statistics(bound), floor: 1) <= tolerance, "seed \(seed)")
      for case .mask(let mask) in reference.network.layers {
        dropped += mask.count { $0 == 0 }
        kept += mask.count { $0 != 0 }
      }
    }
    #expect(dropped > 50 && kept > 100)
  }

  @Test(arguments: [0, -0.5, 1.5, .nan, .infinity] as [Double])
  func `a share outside (0, 1] is refused`(keep: Double) throws {
    let layers: [LayerConfiguration] = [.dense(inputs: nil, outputs: 2), .dropout(keep: keep)]
    let error = try #require(throws: NetworkError.self) { try Network<Float>(layers, inputs: 2) }
    #expect(error.description.hasPrefix("network: layer 1 is dropout with keep \(keep); "))
  }

  private func maskedProblem(_ seed: UInt64) -> ReferenceProblem {
    var options = RandomProblemOptions()
    options.masks = 1
    options.losses = [.squaredError, .softmaxCrossEntropy, .sigmoidCrossEntropy]
    var random = SmallRandom(seed: seed)
    return random.problem(options)
  }

  /// Dropout on ones: its outputs are its masks.
  private struct Masks {
    let network: Network<Double>
    let parameters: Vector<Double>

    init(keep: Double, layersBelow: Int = 1) throws {
      let identities = [LayerConfiguration](repeating: .activation(.identity), count: layersBelow)
      // Behind dropout a normalisation in use, with mean 0 and variance 1 − ε: the identity, something to train.
      network = try Network(identities + [.dropout(keep: keep), .batchNorm], inputs: units)
      network.reserve(samples: 100)
      parameters = network.initialParameters(.uniform, seed: 1).all
      parameters[3 * units..<4 * units].fill(1 - 1e-5)
    }

    func ones(_ rows: Int) -> Matrix<Double> {
      let matrix = Matrix<Double>(rows: rows, columns: units)
      matrix.elements.fill(1)
      return matrix
    }

    func rows(ids: [Int32], seed: UInt64 = 1, epoch: Int = 1) throws -> [[Double]] {
      let pass = Pass(
        normalization: .running, updatesRunningAverages: false, dropout: Pass.DropoutMasks(seed: seed, epoch: epoch))
      return try network.forward(
        ones(ids.count), parameters: parameters, pass: pass, samples: max(1, ids.count), ids: ids.span,
        over: SingleRank()
      ).array
    }
  }
}
