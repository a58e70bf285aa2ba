internal import Foundation
internal import Ranks
internal import Runs
internal import Synchronization
internal import Training

/// Shows the progress of a run: a line that changes on a terminal, and lines with the time elsewhere.
final class ProgressDisplay: RunObserver {
  private let terminal: Terminal?
  private let isSilent: Bool
  /// The last reported step, and the time of the last display, in seconds of the steps.
  private var last: TrainingProgress?
  private var shownAt = -Double.infinity
  private var log: ProgressLog?

  /// - Parameter isSilent: whether progress and the names of trainings are not shown.
  init(isSilent: Bool) {
    self.isSilent = isSilent
    terminal = isSilent ? nil : Terminal()
    log = isSilent || terminal != nil ? nil : ProgressLog()
  }

  func note(_ text: String) { Program.say(text) }

  func follow(_ place: RunPlace) { log?.follow(place) }

  func begin(_ phase: String) {
    guard !isSilent else { return }
    (shownAt, last) = (-Double.infinity, nil)
    if let log { log.write(phase) } else { print(phase) }
  }

  /// A terminal can be redrawn. A log gets a line at the end of each epoch with its mean loss, see
  /// ``report(_:)-(EpochReport)``, and a line every ten seconds within a long epoch.
  func report(_ progress: TrainingProgress) {
    guard !isSilent else { return }
    last = progress
    if let terminal {
      let isLast = progress.step == progress.steps
      guard isLast || progress.seconds - shownAt >= 0.1 else { return }
      shownAt = progress.seconds
      Terminal.hasOpenLine.store(!isLast, ordering: .relaxed)
      print("\r\u{1B}[K\(Self.line(progress, columns: terminal.columns))", terminator: isLast ? "\n" : "")
      fflush(nil)
    } else if let log, !progress.endsEpoch, log.isTime(for: 10) {
      log.write(Self.fields(progress).joined(separator: " "))
    }
  }

  func report(_ epoch: EpochReport) {
    guard let log, let last, log.isTime(for: 1) || last.step == last.steps else { return }
    let validation = epoch.validation.map { validation in
      ["validation \(Format.loss(validation.loss))"] + (validation.accuracy.map { [Format.percent($0)] } ?? [])
    }
    log.write(Self.fields(last, loss: epoch.trainingLoss, more: validation ?? []).joined(separator: " "))
  }

  /// - Parameters:
  ///   - loss: the loss to show; nil for that of the step.
  ///   - more: the fields after the loss.
  private static func fields(_ progress: TrainingProgress, loss: Double? = nil, more: [String] = []) -> [String] {
    let rate = Double(progress.step) / max(progress.seconds, 1e-9)
    let left = Double(progress.steps - progress.step) / rate
    return (progress.cycles > 1 ? ["cycle \(progress.cycle)/\(progress.cycles)"] : [])
      + ["epoch \(progress.epoch)/\(progress.epochs)", "step \(progress.step)/\(progress.steps)"]
      + ["loss \(Format.loss(loss ?? progress.loss))"] + more
      + ["\(Format.fixed(rate, 0)) steps/s", "\(time(left)) left"]
  }

  /// The fields that fit into a line of a terminal: a longer line would scroll at every step. The least important ones
  /// are dropped first.
  private static func line(_ progress: TrainingProgress, columns: Int) -> String {
    let width = 12
    let filled = width * progress.step / progress.steps
    let bar = "[" + String(repeating: "=", count: filled) + String(repeating: ".", count: width - filled) + "]"
    var fields = [bar] + fields(progress)
    // The last column stays free: some terminals wrap to the next line as soon as it is written.
    func fits() -> Bool { fields.joined(separator: " ").count < columns }
    for dispensable in [" steps/s", "[", "step ", " left", "cycle ", "epoch "] where !fits() {
      fields.removeAll { $0.hasSuffix(dispensable) || $0.hasPrefix(dispensable) }
    }
    return String(fields.joined(separator: " ").prefix(max(0, columns - 1)))
  }

  /// Seconds as minutes:seconds, or hours:minutes:seconds.
  private static func time(_ seconds: Double) -> String {
    let total = Int(min(seconds, 1e9).rounded(.up))
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    let two = { (value: Int) in value < 10 ? "0\(value)" : "\(value)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }
}

/// Standard output that goes to a file: lines that begin with the time, at least one per minute.
///
/// A separate thread writes the run's place when nothing else was written for a minute, so that a long step, a
/// validation or a checkpoint looks different from a job that hangs.
final class ProgressLog: Sendable {
  /// The longest silence, in seconds.
  private static let longest = 60.0

  /// The time of the last line, or of the log's start, in milliseconds of a monotonic clock.
  private let writtenAt = Atomic<Int>(ProgressLog.now)

  private static var now: Int { Int(ProcessInfo.processInfo.systemUptime * 1000) }

  /// Whether `seconds` seconds have passed since the last line.
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

  /// Follows the run until the process ends.
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
