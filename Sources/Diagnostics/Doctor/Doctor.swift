private import BLAS
internal import Configurations
private import Datasets
private import Foundation
private import Kernels
public import MPI
private import Networks
public import Ranks
private import RunRecords
public import Runs
internal import Training

/// Examines a launch line: its ranks, hosts and inputs, before a run depends on them.
public struct Doctor {
  /// The sizes of the timed allreduces, in bytes: one number, and the sums of a network of a hundred thousand weights.
  static let sizes = [4, 1 << 20]

  private let run: TrainingRun
  private var configuration: Configuration { run.configuration }

  /// - Parameter run: the run to prepare for.
  public init(_ run: TrainingRun) { self.run = run }

  /// Gathers the facts of all ranks and, where these show no reason for a failure, does everything that the run does
  /// before its first step. Collective; leaves no files behind.
  ///
  /// - Parameters:
  ///   - launch: the launch line of this process.
  /// - Returns: the same on every rank, except for the facts that only rank 0 can know: its place for runs, and Slurm's
  ///   time.
  public func examine(
    launch: LaunchLine, on world: borrowing Communicator, describe: ErrorDescription
  ) throws -> DoctorReport {
    var own = try facts(of: world, describe: describe)
    let (place, probe) = world.rank == 0 ? runPlace(describe: describe) : (DoctorReport.RunPlace(folder: ""), "")
    let shared = try world.broadcast(probe, from: 0)
    own.seesRunFolder = shared.isEmpty || FileManager.default.fileExists(atPath: shared)
    let all = try world.allGather(try jsonText(own)).map { text in
      try JSONDecoder().decode(RankFacts.self, from: Data(text.utf8))
    }
    // All ranks have looked for the file.
    if world.rank == 0, !probe.isEmpty { try? FileManager.default.removeItem(atPath: probe) }
    let network = try NetworkBenchmark(sizes: Self.sizes, repeats: 200, seconds: 0.5)
      .measure(inPieces: configuration.reduction.pieceBytes, on: world)
    var report = DoctorReport(
      ranks: all, launch: launch, place: place, batch: configuration.training.batch,
      threads: configuration.training.threads, reduction: configuration.reduction.method.rawValue,
      reproducible: configuration.training.reproducible,
      allReduces: network.world?.times.map { DoctorReport.AllReduce(bytes: $0.bytes, median: $0.median) },
      slurmSecondsLeft: world.rank == 0 ? launch.slurmJob.flatMap(SlurmTime.left) : nil)
    // Where a failure is already known, the ranks might not even reach the same calls.
    if try world.broadcast(report.failures == 0 ? "" : "no", from: 0).isEmpty {
      let observer = NoteKeeper()
      do {
        try run.rehearse(on: world, describe: describe, telling: observer)
      } catch let failure as AgreedFailure {
        report.refusal = "\(failure)"
      }
      report.notes = observer.notes
    }
    return report
  }

  /// Collective.
  private func facts(
    of world: borrowing Communicator, describe: ErrorDescription
  ) throws -> RankFacts {
    var facts = RankFacts()
    facts.rank = world.rank
    facts.host = MPILibrary.processorName
    facts.machine = RankPlacement.machine
    (facts.localRank, facts.localRanks) = try world.withNode { ($0.local.rank, $0.local.ranks) }
    facts.cores = RankPlacement.allowedCores()
    facts.hostCores = max(facts.cores.count, ProcessInfo.processInfo.processorCount)
    try configuration.prepareProducts()
    facts.threads = configuration.blas?.threads ?? configuration.training.threads
    facts.kernel = "\(InstructionSet.best)" + (configuration.blas.map { ", OpenBLAS \($0.coreName)" } ?? "")
    facts.mpi = MPILibrary.version
    facts.transport = LoadedComponents.ofThisProcess.transport
    facts.yields = MPILibrary.yieldsWhenIdle
    facts.programSHA256 = (try? sha256(ofFile: "/proc/self/exe")) ?? ""
    facts.settingsSHA256 = try Self.hash(of: Data(configuration.withoutPlaces.yaml().utf8))
    facts.sharedMemoryFree = SharedWindow.freeBytes
    facts.coreQuotas = CoreQuota.own(machine: facts.machine)
    facts.threadLimit = ThreadLimit.own
    do {
      let problem = try LearningProblem(configuration)
      facts.dataSHA256 = problem.split.digest
      switch configuration.training.precision {
      case .float32: try facts.measure(try run.draft(problem, ranks: world.ranks) as TrainingDraft<Float>, world.ranks)
      case .float64: try facts.measure(try run.draft(problem, ranks: world.ranks) as TrainingDraft<Double>, world.ranks)
      }
    } catch {
      facts.dataProblem = describe(error).message
    }
    return facts
  }

  /// Tries to write into the folder of the runs, or where this folder would be created.
  ///
  /// - Returns: the facts about the place, and the path of a file that was left there; empty where none was.
  private func runPlace(
    describe: ErrorDescription
  ) -> (DoctorReport.RunPlace, probe: String) {
    let folder = configuration.run.folder
    var existing = URL(fileURLWithPath: folder).standardizedFileURL
    while existing.path != "/", !FileManager.default.fileExists(atPath: existing.path) {
      existing.deleteLastPathComponent()
    }
    let probe = existing.appendingPathComponent(".rp-dist-doctor-\(UUID().uuidString)").path
    var place = DoctorReport.RunPlace(folder: folder)
    let system = try? FileManager.default.attributesOfFileSystem(forPath: existing.path)
    place.freeBytes = (system?[.systemFreeSize] as? NSNumber)?.intValue
    do {
      try writeWhole("", to: probe)
      return (place, probe)
    } catch {
      place.problem = "cannot write to \(folder): \(describe(error).message)"
      return (place, "")
    }
  }

  private static func hash(of data: Data) -> String {
    let fingerprint = Fingerprint()
    unsafe data.withUnsafeBytes { unsafe fingerprint.add($0) }
    return fingerprint.hexadecimal
  }
}

extension Configuration {
  /// The same settings without the paths of the data, which may differ from host to host.
  fileprivate var withoutPlaces: Configuration {
    var settings = self
    (settings.data.path, settings.data.test) = (nil, nil)
    return settings
  }
}

extension RankFacts {
  /// Adds the memory that a training needs.
  fileprivate mutating func measure<Scalar: Real>(_ draft: TrainingDraft<Scalar>, _ ranks: Int) throws {
    modelBytes = draft.network.layout.count * MemoryLayout<Scalar>.stride
    let mayShare = draft.mayShareMemory(ranks: ranks)
    if mayShare { sharedMemoryNeeded = SharedWindow.bytesNeeded(for: draft.sharedByteCount(ranks: localRanks)) }
    let node = mayShare && draft.configuration.sharesMemory(local: localRanks, isUniform: true)
    memory = MemoryFacts(
      need: draft.need(node: node ? (rank: localRank, ranks: localRanks) : nil, ranks: ranks))
  }
}

/// Keeps the messages for the user, and shows nothing.
private final class NoteKeeper: RunObserver {
  private(set) var notes: [String] = []

  func note(_ text: String) { notes.append(text) }
  func follow(_ place: RunPlace) {}
  func begin(_ phase: String) {}
  func report(_ progress: TrainingProgress) {}
  func report(_ epoch: EpochReport) {}
}
