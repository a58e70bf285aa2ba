private import Foundation
internal import Kernels
internal import Networks

/// Refuses a network that cannot be held: an allocation that the system grants and cannot keep would end the process
/// without a word.
///
/// - Parameters:
///   - samples: the most samples that a rank gets of one minibatch.
///   - subtrees: the most subtrees of lanes that a rank has; 0 without lanes.
/// - Throws: ``ConfigurationError`` that says how much is needed and how much there is.
func requireMemory<Scalar: Real>(
  for network: Network<Scalar>, samples: Int, subtrees: Int = 0
) throws(ConfigurationError) {
  // Parameters, Ẇ, Ẅ, m, v, two of the distance estimate, the last good and the best parameters, and |W|; for each
  // sample y, u, Ẏ, Z, σ', σ'' at every boundary. With lanes a rank has Ẇ and Ẅ of each subtree, and what it gathers of those
  // of all ranks is no more than that again.
  let numbers =
    Double(10 + 4 * subtrees) * Double(network.layout.count) + Double(network.numbersPerSample) * Double(samples)
  let (needed, present) = (numbers * Double(MemoryLayout<Scalar>.stride), ProcessInfo.processInfo.physicalMemory)
  guard needed > Double(present) else { return }
  let gibibytes = { (bytes: Double) in "\(Int((bytes / 0x1p30).rounded(.up)))" }
  throw ConfigurationError(
    "network: its \(network.layout.count) weights and a batch of \(samples) samples on a rank need "
      + "\(gibibytes(needed)) GiB, but this machine has \(gibibytes(Double(present))) GiB; make it smaller")
}
