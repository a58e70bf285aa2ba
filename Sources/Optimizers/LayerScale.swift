/// How long a block's step is: as long as its formula says, or a given length.
public enum LayerScale: String, Codable, CaseIterable, Sendable {
  /// The step as it is.
  case none
  /// (M16) Every weight matrix and bias vector moves by λ in root mean square: Δw ← λ Δw/(rms(Δw) + 1e-12).
  case unit

  /// (M16) λ/(rms(Δw) + 1e-12).
  ///
  /// - Parameters:
  ///   - squares: ‖Δw‖² of the block, summed in Double.
  ///   - count: the number of parameters in the block.
  static func unitFactor(rate: Double, squares: Double, count: Int) -> Double {
    rate / ((squares / Double(count)).squareRoot() + 1e-12)
  }
}
