import TestSupport

extension BadInput {
  /// Settings of the reduction, and links and files of the scaling benchmark, that cannot be used.
  static let scaling: [BadInput] = [
    BadInput(
      name: "curvature of few bits for an optimizer without one",
      arguments: "--set optimizer={name:␣adam} --set reduction.curvaturePrecision=bfloat16", exitCode: 64,
      says: ["reduction.curvaturePrecision is bfloat16", "adam has no curvature", "residualPartitioning"]),
    BadInput(
      name: "curvature of few bits in Double",
      arguments: "--set training.precision=float64 --set reduction={curvaturePrecision:␣bfloat16}", exitCode: 64,
      says: ["reduction.curvaturePrecision is bfloat16", "training.precision is float64", "float32"]),
    BadInput(
      name: "an unknown precision of curvature", arguments: "--set reduction.curvaturePrecision=bfloat", exitCode: 64,
      says: ["reduction.curvaturePrecision", "'bfloat'", "did you mean 'bfloat16'"]),
    BadInput(
      name: "pieces of sums that are none", arguments: "--set reduction.pieceBytes=halves", exitCode: 64,
      says: ["reduction.pieceBytes", "auto, whole, or a number of bytes"]),
    BadInput(
      name: "pieces of sums that are too small", arguments: "--set reduction.pieceBytes=100", exitCode: 64,
      says: ["reduction.pieceBytes is 100", "1024"]),
    BadInput(
      name: "pieces of sums that are none, for the network", arguments: "bench network --piece-bytes 64K",
      exitCode: 64, says: ["'64K'", "auto, whole, or a number of bytes"]),
    BadInput(
      name: "a link without a latency", arguments: "bench scaling --link 10Gbit", exitCode: 64,
      says: ["'10Gbit'", "10Gbit:20us"]),
    BadInput(
      name: "a network file that is none", arguments: "bench scaling --network DIR/net.json", exitCode: 65,
      says: ["net.json", "bench network --json"], files: { _ = try $0.write("{}".utf8, to: "net.json") }),
    BadInput(
      name: "a network file that is not there", arguments: "bench scaling --network DIR/net.json", exitCode: 66,
      says: ["net.json"]),
    BadInput(
      name: "scaling of data without a shape", arguments: "bench scaling --preset linear", exitCode: 64,
      says: ["data.set is linear"]),
  ]
}
