/// The ranks that share this rank's machine, and this rank's counterparts on the other machines.
///
/// Valid inside ``Communicator/withNode(colour:_:)``, which frees the node's groups and windows afterwards.
public final class Node {
  /// The ranks of this machine.
  public let local: Communicator
  /// The ranks of all machines that have the same number in their ``local`` group as this rank.
  public let cross: Communicator
  /// The numbers of the ``local`` ranks in the whole group; they need not be consecutive.
  public let members: [Int]
  /// The number of ranks in the whole group.
  public let ranks: Int
  /// Whether every machine has the same number of ranks.
  public let isUniform: Bool

  private var windows: [SharedWindow] = []

  fileprivate init(of world: borrowing Communicator, colour: Int?) throws(MPIError) {
    let machine = try world.ranksOfThisMachine()
    if let colour {
      local = try machine.part(colour: colour)
      try machine.free()
    } else {
      local = machine
    }
    cross = try world.part(colour: local.rank)
    members = try local.allGather(Int64(world.rank)).map { Int($0) }
    ranks = world.ranks
    let fewest = try world.allReduceMin(Int64(local.ranks))
    let most = try -world.allReduceMin(-Int64(local.ranks))
    isUniform = fewest == most
  }

  /// Collective over the whole group: allocates memory that the ranks of each machine share; nil on every rank if one
  /// of the machines does not have enough.
  public func makeWindow(byteCount: Int, on world: borrowing Communicator) throws(MPIError) -> SharedWindow? {
    let isRoom = local.rank != 0 || SharedWindow.isRoom(for: byteCount)
    guard try world.allReduceMin(isRoom ? 1 : 0) == 1 else { return nil }
    let made = Result { () throws(MPIError) in try SharedWindow(byteCount: byteCount, on: local) }
    guard try world.allReduceMin((try? made.get()) == nil ? 0 : 1) == 1 else {
      // On one machine, either all ranks have the window or none has; otherwise the library would have waited for ever.
      if case .success(let window) = made { try window.free() }
      return nil
    }
    let window = try made.get()
    windows.append(window)
    return window
  }

  /// Collective: frees everything, the windows before the groups on which they were made.
  ///
  /// MPI_Win_free waits for all ranks of the machine, so that no rank loses memory that another still uses.
  fileprivate func free() throws(MPIError) {
    while var window = windows.popLast() {
      precondition(isKnownUniquelyReferenced(&window), "a vector over shared memory must not outlive its node")
      try window.free()
    }
    try cross.free()
    try local.free()
  }
}

extension Communicator {
  /// Collective: calls `body` with this rank's machine. All ranks must leave `body` in the same way.
  ///
  /// The shared windows are freed afterwards, so no vector over such a window may leave `body`. If `body` throws
  /// anything but an ``AgreedFailure``, the other ranks may be waiting somewhere else. Then nothing is freed, since the
  /// job ends.
  ///
  /// - Parameter colour: for tests: ranks of one machine that pass different numbers are treated as ranks of different
  ///   machines.
  public func withNode<Result>(colour: Int? = nil, _ body: (Node) throws -> Result) throws -> Result {
    let node = try Node(of: self, colour: colour)
    let result: Result
    do {
      result = try body(node)
    } catch let failure as AgreedFailure {
      try node.free()
      throw failure
    }
    try node.free()
    return result
  }
}
