/// How long a block's step is: as long as its formula says, or a given length.
public enum LayerScale: String, Codable, CaseIterable, Sendable {
  /// The step as it is.
  case none
  /// (M16) Every weight matrix and bias vector moves by λ in root mean square: Δw ← λ Δw/(rms(Δw) + 1e-12).
  case unit
  /// Every weight matrix and bias vector moves by about λ: Δw ← λ Δw/√n̂ where n averages, with decay 0.999 and corrected
  /// for its start, the mean square of what the step would be of the present gradient alone, without smoothing. Steps
  /// that agree with each other come out longer than steps that do not.
  case adaptive

  /// The decay of n.
  static var decay: Double { 0.999 }

  /// (M16) λ/(rms(Δw) + 1e-12).
  ///
  /// - Parameters:
  ///   - squares: ‖Δw‖² of the block, summed in Double.
  ///   - count: the number of parameters in the block.
  static func unitFactor(rate: Double, squares: Double, count: Int) -> Double {
    rate / ((squares / Double(count)).squareRoot() + 1e-12)
  }
}
