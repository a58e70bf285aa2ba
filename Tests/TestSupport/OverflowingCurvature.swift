/// Trainings whose Ẅ overflows Float in spite of its exponents (M32): inputs of 1e-20 leave the units of a deep tanh network where
/// their slope is 1, and u and Z grow faster than with the samples from which the exponents are chosen.
public struct OverflowingCurvature {
  /// The settings, without the optimizer's.
  public let settings: [String]

  /// Writes the samples into a folder.
  ///
  /// - Parameter keep: of dropout above the first layer, whose masks make infinite Z NaN, which ends the training; where nil,
  ///   parameters without a finite Ẅ stand still.
  public init(in folder: ScratchFolder, keep: Double? = 0.5) throws {
    var random = SmallRandom(seed: 1)
    func rows(_ count: Int) -> String {
      (0..<count).map { row in
        (0..<4).map { _ in "\(1e-20 * random.uniform(-1...1))," }.joined() + "\(row % 2)\n"
      }.joined()
    }
    let training = try folder.write(rows(40).utf8, to: "tiny.csv")
    let test = try folder.write(rows(20).utf8, to: "test.csv")
    let layers = String(repeating: "{dense: 32}, tanh, ", count: 120)
    settings = [
      "network=[{dense: 32}, " + (keep.map { "{dropout: \($0)}, " } ?? "") + "tanh, \(layers){dense: 2}]",
      "data={set: csv, path: \(training), test: \(test), scale: none}",
      "training={batch: 10, epochs: 3, initialization: he}",
    ]
  }
}
