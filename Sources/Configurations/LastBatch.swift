/// `training.lastBatch`: how an epoch is cut into batches when its samples are not a whole number of them.
public enum LastBatch: String, Codable, CaseIterable, Sendable {
  /// All batches share the samples: their sizes differ by at most one.
  case spread
  /// The last batch is shorter.
  case keep
  /// The samples that do not fill a batch are left out. The next epoch's order leaves out others.
  case drop
}
