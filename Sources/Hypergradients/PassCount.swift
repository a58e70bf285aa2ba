/// The numbers of passes that one rank has done, each over its rows of a set of samples.
public struct PassCount: Equatable, Sendable {
  public var forward: Int
  public var backward: Int
  /// Forward-mode passes along one direction.
  public var forwardMode: Int

  public init(forward: Int = 0, backward: Int = 0, forwardMode: Int = 0) {
    (self.forward, self.backward, self.forwardMode) = (forward, backward, forwardMode)
  }

  public static func + (a: PassCount, b: PassCount) -> PassCount {
    PassCount(
      forward: a.forward + b.forward, backward: a.backward + b.backward, forwardMode: a.forwardMode + b.forwardMode)
  }
}
