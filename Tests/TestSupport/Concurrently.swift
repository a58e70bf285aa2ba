private import Foundation
private import Synchronization

/// Does the same for each item, several at a time, and returns the results in the items' order.
///
/// For work that mostly waits: a launcher whose ranks have failed sleeps for seconds before it ends.
public func concurrently<Item: Sendable, Result: Sendable>(
  _ items: [Item], atMost limit: Int = 8, _ body: @escaping @Sendable (Item) throws -> Result
) throws -> [Result] {
  let results = Mutex<[Swift.Result<Result, any Error>?]>(Array(repeating: nil, count: items.count))
  let queue = OperationQueue()
  queue.maxConcurrentOperationCount = limit
  for (place, item) in items.enumerated() {
    queue.addOperation {
      let result = Swift.Result { try body(item) }
      results.withLock { $0[place] = result }
    }
  }
  queue.waitUntilAllOperationsAreFinished()
  return try results.withLock { $0 }.compactMap { try $0?.get() }
}
