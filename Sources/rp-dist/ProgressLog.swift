internal import Foundation
internal import Ranks
internal import Synchronization

/// Standard output that goes to a file: lines that begin with the time, at least one a minute.
///
/// A thread of its own writes where the run is when nothing else was written for a minute: a long step, a validation or a
/// checkpoint looks other than a job that hangs.
final class ProgressLog: Sendable {
  /// The longest silence, in seconds.
  private static let longest = 60.0

  /// When the last line was written, or the log begun, in milliseconds of a clock that never jumps.
  private let writtenAt = Atomic<Int>(ProgressLog.now)

  private static var now: Int { Int(ProcessInfo.processInfo.systemUptime * 1000) }

  /// Whether so many seconds have passed since the last line.
  func isTime(for seconds: Double) -> Bool {
    Double(Self.now - writtenAt.load(ordering: .relaxed)) >= 1000 * seconds
  }

  func write(_ line: String) {
    writtenAt.store(Self.now, ordering: .relaxed)
    let time = Date().formatted(
      Date.ISO8601FormatStyle(timeZone: .current).year().month().day().dateTimeSeparator(.space)
        .time(includingFractionalSeconds: false))
    print("\(time) \(line)")
    fflush(nil)
  }

  /// Begins to follow the run, until the process ends.
  func follow(_ place: RunPlace) {
    Thread.detachNewThread {
      while true {
        Thread.sleep(forTimeInterval: Self.longest / 12)
        guard self.isTime(for: Self.longest * 11 / 12) else { continue }
        self.write("step \(place.step): \(place.phase.name)")
      }
    }
  }
}
