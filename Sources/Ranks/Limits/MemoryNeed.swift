/// The memory that a training takes of one rank beside what its process has already, in bytes.
public struct MemoryNeed: Codable, Equatable, Sendable {
  /// What the rank touches for itself.
  public var resident = 0
  /// The address space of that: also what it reserves and never touches.
  public var reserved = 0
  /// What the ranks of its host share: there once.
  public var shared = 0
  /// What rank 0 takes more to write a checkpoint, or to read one.
  public var checkpoint = 0
  /// The parameters, and the most samples that the rank gets of one minibatch, for messages.
  public var parameters = 0
  public var samples = 0

  public init(
    resident: Int = 0, reserved: Int = 0, shared: Int = 0, checkpoint: Int = 0, parameters: Int = 0, samples: Int = 0
  ) {
    (self.resident, self.reserved, self.shared, self.checkpoint) = (resident, reserved, shared, checkpoint)
    (self.parameters, self.samples) = (parameters, samples)
  }
}
