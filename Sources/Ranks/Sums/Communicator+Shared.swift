private import Foundation
internal import MPI
private import RunRecords

extension Communicator {
  /// A value that rank `root` has, on every rank. Collective.
  package func shared<Value: Codable>(_ value: Value?, from root: Int) throws -> Value {
    let text = try broadcast(rank == root ? try jsonText(value) : "", from: root)
    return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
  }
}

extension RankGroup {
  /// A value that rank `root` has, on every rank. Collective.
  package func shared<Value: Codable>(_ value: Value?, from root: Int) throws -> Value {
    try communicator.shared(value, from: root)
  }
}
