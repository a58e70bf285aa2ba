extension Checkpoint {
  /// The SHA-256 of the bytes of all tensors.
  public var tensorsSHA256: String {
    let hash = Fingerprint()
    for file in CollectedState.File.allCases {
      for tensor in tensors[file] ?? [] { hash.add(tensor.bytes) }
    }
    return hash.hexadecimal
  }

  /// The first tensor in which two checkpoints differ by a bit, in a few words; nil where they have the same.
  public func firstDifference(from other: Checkpoint) -> String? {
    for file in CollectedState.File.allCases {
      let (own, others) = (tensors[file] ?? [], other.tensors[file] ?? [])
      guard own.map(\.name) == others.map(\.name) else { return "\(file.name) has other tensors" }
      for (a, b) in zip(own, others) where a != b {
        guard a.shape == b.shape, a.dtype == b.dtype else { return "\(a.name) in \(file.name) has another shape" }
        let byte = zip(a.bytes, b.bytes).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
        return "\(a.name) in \(file.name), element \(byte / a.dtype.byteCount)"
      }
    }
    return nil
  }
}

extension SafetensorsTensor {
  public var byteCount: Int { bytes.count }
}
