private import Foundation

/// How long a Slurm job may still run.
public enum SlurmTime {
  /// The seconds of a time left as `squeue -o %L` writes it: `4:59`, `23:04:59`, `1-03:00:00`; nil for words such as
  /// `UNLIMITED` and `INVALID`.
  public static func seconds(_ text: String) -> Int? {
    let days = text.split(separator: "-", omittingEmptySubsequences: false)
    guard days.count <= 2, let clock = days.last else { return nil }
    let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard (2...3).contains(parts.count), parts.allSatisfy({ $0.map { $0 >= 0 } ?? false }) else { return nil }
    let ofDays = days.count == 2 ? Int(days[0]) : 0
    guard let ofDays, ofDays >= 0 else { return nil }
    return parts.compactMap(\.self).reduce(0) { $0 * 60 + $1 } + ofDays * 86_400
  }

  /// What Slurm's controller says of a job; nil where it does not answer within ten seconds, or there is no end.
  static func left(job: String) -> Int? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["timeout", "10", "squeue", "--noheader", "--jobs=\(job)", "--format=%L"]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let output = try? pipe.fileHandleForReading.readToEnd()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    let lines = String(decoding: output ?? Data(), as: UTF8.self).split(separator: "\n")
    return lines.first.flatMap { seconds($0.trimmingCharacters(in: .whitespaces)) }
  }
}
