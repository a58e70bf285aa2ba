private import Foundation
public import Ranks

/// A fact that will make a run fail, or that is probably not intended.
public struct DoctorProblem: Codable, Equatable, Sendable {
  public enum Severity: String, Codable, Sendable { case failure, warning }

  public var severity: Severity
  /// The problem and its place, in one sentence.
  public var problem: String
  /// The command or setting that solves it.
  public var remedy: String

  static func failure(_ problem: String, _ remedy: String) -> DoctorProblem {
    DoctorProblem(severity: .failure, problem: problem, remedy: remedy)
  }

  static func warning(_ problem: String, _ remedy: String) -> DoctorProblem {
    DoctorProblem(severity: .warning, problem: problem, remedy: remedy)
  }
}

extension DoctorProblem {
  /// A message of a run: the problem, and after a semicolon the remedy.
  static func failure(sentence: String) -> DoctorProblem { DoctorProblem(.failure, sentence) }

  /// The same for a warning with which a run still begins.
  static func warning(sentence: String) -> DoctorProblem {
    DoctorProblem(.warning, sentence.hasPrefix("note: ") ? String(sentence.dropFirst(6)) : sentence)
  }

  private init(_ severity: Severity, _ sentence: String) {
    let parts = sentence.components(separatedBy: "; ")
    let remedy = parts.dropFirst().joined(separator: "; ")
    self.init(
      severity: severity, problem: parts[0],
      remedy: remedy.isEmpty ? "see rp-dist train --help for all settings" : remedy)
  }
}

/// The report of `rp-dist doctor` for a launch line: facts, and the problems that follow from them.
public struct DoctorReport: Codable, Equatable, Sendable {
  /// The place of the run folders.
  public struct RunPlace: Codable, Equatable, Sendable {
    public var folder: String
    /// Why rank 0 cannot write there.
    public var problem: String?
    public var freeBytes: Int?

    public init(folder: String, problem: String? = nil, freeBytes: Int? = nil) {
      (self.folder, self.problem, self.freeBytes) = (folder, problem, freeBytes)
    }
  }

  /// The time that an allreduce takes on all ranks.
  public struct AllReduce: Codable, Equatable, Sendable {
    public var bytes: Int
    /// On the slowest rank, in seconds.
    public var median: Double

    public init(bytes: Int, median: Double) { (self.bytes, self.median) = (bytes, median) }
  }

  public var ranks: [RankFacts]
  public var launch: LaunchLine
  public var place: RunPlace
  /// `training.batch`, `training.threads`, `reduction.method`, `training.reproducible` of the configuration.
  public var batch: Int
  public var threads: Int
  public var reduction: String
  public var reproducible: Bool
  /// nil for a single rank.
  public var allReduces: [AllReduce]?
  /// The seconds until the Slurm job ends; nil outside a Slurm job, or where it has no time limit.
  public var slurmSecondsLeft: Int?
  /// The message with which the run would end before its first step, where no rule explains it.
  var refusal: String? {
    didSet { problems = sorted }
  }
  /// The messages of the run before its first step.
  var notes: [String] = [] {
    didSet { problems = sorted }
  }
  /// Failures before warnings.
  public internal(set) var problems: [DoctorProblem] = []

  public init(
    ranks: [RankFacts], launch: LaunchLine, place: RunPlace, batch: Int, threads: Int = 1, reduction: String = "auto",
    reproducible: Bool = false, allReduces: [AllReduce]? = nil, slurmSecondsLeft: Int? = nil
  ) {
    precondition(!ranks.isEmpty, "there is at least one rank")
    (self.ranks, self.launch, self.place, self.batch) = (ranks, launch, place, batch)
    (self.threads, self.reduction, self.reproducible) = (threads, reduction, reproducible)
    (self.allReduces, self.slurmSecondsLeft) = (allReduces, slurmSecondsLeft)
    problems = sorted
  }

  private var sorted: [DoctorProblem] { rules.sorted { $0.severity == .failure && $1.severity == .warning } }

  /// The number of problems that make a run fail.
  public var failures: Int { problems.count { $0.severity == .failure } }

  /// The hosts in the order of their first ranks, each with its ranks.
  public var hosts: [(name: String, ranks: [RankFacts])] {
    var names: [String] = []
    var members: [String: [RankFacts]] = [:]
    for facts in ranks {
      if members[facts.host] == nil { names.append(facts.host) }
      members[facts.host, default: []].append(facts)
    }
    return names.map { ($0, members[$0] ?? []) }
  }
}
