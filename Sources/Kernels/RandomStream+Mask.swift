extension RandomStream {
  /// (M21) The dropout mask of one sample and layer: `1[r_k < keep]/keep` for unit k, r_k = ``uniform(_:)`` of k.
  ///
  /// - Parameters:
  ///   - keep: the probability that a unit is kept, in (0, 1].
  /// - Complexity: one hash for each unit; allocates nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func fillMask<Scalar: Real>(_ mask: Vector<Scalar>, keep: Double) {
    precondition(keep > 0 && keep <= 1, "the probability of keeping a unit must lie in (0, 1]")
    // r = b·2⁻⁵³ < keep for a whole number b where b < ⌈keep·2⁵³⌉; both products are exact.
    let limit = UInt64((keep * 0x1p53).rounded(.up))
    let scale = Scalar(1 / keep)
    mask.withMutableSpan { mask in
      for unit in mask.indices { mask[unit] = self[unit] >> 11 < limit ? scale : 0 }
    }
  }
}
