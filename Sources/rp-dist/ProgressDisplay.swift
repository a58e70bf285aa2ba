internal import Foundation
internal import Training

/// Shows how far a run is: a bar with rate and time left on a terminal, plain lines elsewhere.
final class ProgressDisplay: RunObserver {
  private let isInteractive: Bool
  private let isSilent: Bool
  private var shownAt = -Double.infinity

  /// - Parameter isSilent: whether progress and the names of trainings are not shown.
  init(isInteractive: Bool = Terminal.isInteractive, isSilent: Bool) {
    (self.isInteractive, self.isSilent) = (isInteractive, isSilent)
  }

  func note(_ text: String) { Program.say(text) }

  func begin(_ phase: String) {
    guard !isSilent else { return }
    shownAt = -Double.infinity
    print(phase)
  }

  func report(_ progress: TrainingProgress) {
    guard !isSilent else { return }
    let isLast = progress.step == progress.steps
    let since = progress.seconds - shownAt
    // A terminal can be redrawn; a file gets a line a second at the end of epochs, or ten seconds within one.
    guard isLast || since >= (isInteractive ? 0.1 : progress.endsEpoch ? 1 : 10) else { return }
    shownAt = progress.seconds
    let rate = Double(progress.step) / max(progress.seconds, 1e-9)
    let left = Double(progress.steps - progress.step) / rate
    // Fits 80 columns together with the bar: a wider line would scroll a terminal at every step.
    let hasCycles = progress.cycles > 1
    let text =
      (hasCycles ? "cycle \(progress.cycle)/\(progress.cycles) " : "")
      + "epoch \(progress.epoch)/\(progress.epochs) step \(progress.step)/\(progress.steps) "
      + "loss \(Format.loss(progress.loss)) "
      + (hasCycles && isInteractive ? "" : "\(Format.fixed(rate, 0)) steps/s ") + "\(Self.time(left)) left"
    if isInteractive {
      let width = 12
      let filled = width * progress.step / progress.steps
      let bar = String(repeating: "=", count: filled) + String(repeating: ".", count: width - filled)
      write("\r\u{1B}[K[\(bar)] \(text)" + (isLast ? "\n" : ""))
    } else {
      write(text + "\n")
    }
  }

  private func write(_ text: String) {
    print(text, terminator: "")
    fflush(nil)
  }

  /// Seconds as minutes:seconds, or hours:minutes:seconds.
  private static func time(_ seconds: Double) -> String {
    let total = Int(min(seconds, 1e9).rounded(.up))
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    let two = { (value: Int) in value < 10 ? "0\(value)" : "\(value)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }
}
