/// The ranks that share this rank's machine, and its counterparts on the other machines.
///
/// Valid inside ``Communicator/withNode(colour:_:)``, which gives its groups and windows back to MPI.
public final class Node {
  /// The ranks of this machine.
  public let local: Communicator
  /// The ranks that have this rank's number in the ``local`` group of their machine.
  public let cross: Communicator
  /// The ranks of ``local`` as the whole group numbers them; they need not follow one another.
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

  /// Collective over the whole group: memory that the ranks of each machine share; nil on every rank where one of the
  /// machines does not have it.
  public func makeWindow(byteCount: Int, on world: borrowing Communicator) throws(MPIError) -> SharedWindow? {
    let isRoom = local.rank != 0 || SharedWindow.isRoom(for: byteCount)
    guard try world.allReduceMin(isRoom ? 1 : 0) == 1 else { return nil }
    let made = Result { () throws(MPIError) in try SharedWindow(byteCount: byteCount, on: local) }
    guard try world.allReduceMin((try? made.get()) == nil ? 0 : 1) == 1 else {
      // Every rank of a machine has its window or none has, or the library itself would have waited for ever.
      if case .success(let window) = made { try window.free() }
      return nil
    }
    let window = try made.get()
    windows.append(window)
    return window
  }

  /// Collective: gives everything back, the windows before the groups that they were made on.
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
  /// Collective: gives this rank's machine to `body`, which all ranks leave alike.
  ///
  /// What lies in shared windows is gone after it: no vector over one may leave it. Where `body` throws anything but an
  /// ``AgreedFailure`` the other ranks may be waiting somewhere else, and nothing is given back: the job ends then.
  ///
  /// - Parameter colour: for tests: ranks of one machine that pass different numbers are taken for ranks of different
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
