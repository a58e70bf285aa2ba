/// What a process has of memory, what it will need, and what it may take.
public struct MemoryFacts: Codable, Equatable, Sendable {
  public var need: MemoryNeed
  var present: ProcessState
  var limits: [MemoryLimit]

  public init(need: MemoryNeed, present: ProcessState, limits: [MemoryLimit]) {
    (self.need, self.present, self.limits) = (need, present, limits)
  }

  /// Those of this process, with what it will need.
  package init(need: MemoryNeed) { self.init(need: need, present: .own, limits: MemoryLimit.own) }
}
