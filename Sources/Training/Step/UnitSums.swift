internal import Kernels
internal import Networks
internal import Optimizers
internal import Ranks

/// (M29) The sums over the samples of a minibatch that g and A of every layer are made of.
///
/// Every rank forms those of its samples, and one reduction adds them up: however Ẇ is reduced, every rank has all of them.
final class UnitSums<Scalar: Real> {
  let sums: SampleSums<Scalar>
  private let workspace: UnitSumsWorkspace<Scalar>
  /// Whether the network has trained parameters of other layers, with Ẅ of their own.
  let leavesOthers: Bool

  init(_ network: Network<Scalar>, capacity: Int) {
    sums = SampleSums(count: network.unitSumsCount)
    workspace = UnitSumsWorkspace(network.unitLayers, samples: capacity)
    leavesOthers = network.layout.hasOthers(network.unitLayers)
  }

  /// Forms the sums of the minibatch of the last backward pass. Collective.
  ///
  /// - Parameters:
  ///   - inputs: this rank's.
  ///   - samples: the size of the global minibatch.
  func form(
    _ network: Network<Scalar>, _ inputs: Matrix<Scalar>, samples: Int, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    try sums.add(rows: inputs.rows, samples: samples, over: ranks) { rows, sums in
      network.formUnitSums(of: rows, inputs: inputs, into: sums, workspace: workspace)
    }
  }
}
