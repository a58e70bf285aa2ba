import Configurations
import Ranks
import Testing

/// Which need of memory is compared with which limit.
@Suite struct MemoryCardTests {
  private static let gibibyte = 1 << 30

  /// A rank that needs a gibibyte for itself, and shares another with the ranks of its host.
  private func card(_ rank: Int, on host: String = "n0", limits: [MemoryLimit]) -> MemoryCard {
    MemoryCard(
      rank: rank, host: host, machine: host,
      memory: MemoryFacts(
        need: MemoryNeed(
          resident: Self.gibibyte, reserved: 2 * Self.gibibyte, shared: Self.gibibyte, parameters: 7, samples: 5),
        present: ProcessState(addressSpace: Self.gibibyte, data: Self.gibibyte / 2, resident: 1 << 20), limits: limits))
  }

  private func limit(_ kind: MemoryLimit.Kind, _ gibibytes: Double, place: String, name: String = "") -> MemoryLimit {
    MemoryLimit(kind: kind, bytes: Int(gibibytes * 0x1p30), name: name, place: place)
  }

  @Test func `the ranks of a host are compared together, with what they share counted once`() throws {
    func refusal(_ ranks: Int, _ gibibytes: Double) -> String? {
      MemoryCard.refusal(of: (0..<ranks).map { card($0, limits: [limit(.machine, gibibytes, place: "m")]) })
    }
    // Three gibibytes of three ranks, one shared, and a margin for each.
    #expect(refusal(3, 4.1) == nil)
    let told = try #require(refusal(3, 3.9))
    #expect(told.contains("3 ranks together need 41") && told.contains("n0 has 3993 MiB"))
    #expect(told.contains("start fewer ranks"))
    // One alone has enough.
    #expect(refusal(1, 3.9) == nil)
    #expect(try #require(refusal(1, 1.9)).contains("a rank needs 20"))
    // Other hosts are other limits.
    let two = (0..<2).map { card($0, on: "n\($0)", limits: [limit(.machine, 2.1, place: "m\($0)")]) }
    #expect(MemoryCard.refusal(of: two) == nil)
  }

  @Test func `a control group counts the ranks that are in it, whatever host name they have`() throws {
    func refusal(_ places: [String], _ gibibytes: Double) -> String? {
      MemoryCard.refusal(
        of: places.enumerated().map { rank, place in
          card(
            rank, on: "c\(rank)",
            limits: [limit(.machine, 64, place: "m"), limit(.controlGroup, gibibytes, place: place, name: "/job_7")])
        })
    }
    #expect(refusal(["a", "b"], 3) == nil)
    let told = try #require(refusal(["a", "a"], 3))
    #expect(told.contains("2 ranks together need") && told.contains("control group /job_7 of c0 allows 3072 MiB"))
    #expect(told.contains("sbatch --mem"))
  }

  @Test func `address space is that of one process, with what it reserves and shares`() throws {
    func refusal(_ kind: MemoryLimit.Kind, _ gibibytes: Double) -> String? {
      MemoryCard.refusal(of: (0..<4).map { card($0, limits: [limit(kind, gibibytes, place: "")]) })
    }
    // 1 GiB now, 2 reserved and 1 shared; a shared window is no data.
    #expect(refusal(.addressSpace, 4.3) == nil)
    let told = try #require(refusal(.addressSpace, 4))
    #expect(told.contains("a rank needs 4160 MiB") && told.contains("ulimit -v unlimited"))
    #expect(refusal(.data, 2.75) == nil)
    #expect(try #require(refusal(.data, 2.5)).contains("ulimit -d"))
  }

  @Test func `rank 0 needs memory for checkpoints too`() {
    var first = card(0, limits: [limit(.machine, 3, place: "m")])
    #expect(MemoryCard.refusal(of: [first]) == nil)
    first.memory.need.checkpoint = Self.gibibyte
    #expect(MemoryCard.refusal(of: [first]) != nil)
    var second = card(1, limits: [limit(.machine, 3, place: "m")])
    second.memory.need.checkpoint = Self.gibibyte
    #expect(MemoryCard.refusal(of: [second]) == nil)
  }

  @Test(
    arguments: [
      (["SLURM_JOB_ID": "7", "SLURM_MEM_PER_NODE": "2048"], 2 << 30),
      (["SLURM_JOB_ID": "7", "SLURM_MEM_PER_CPU": "100", "SLURM_CPUS_ON_NODE": "4"], 400 << 20),
      (["SLURM_JOB_ID": "7", "SLURM_MEM_PER_NODE": "0"], nil),
      (["SLURM_JOB_ID": "7", "SLURM_MEM_PER_CPU": "100"], nil),
      (["SLURM_JOB_ID": "7", "SLURM_MEM_PER_NODE": "much"], nil), (["SLURM_MEM_PER_NODE": "2048"], nil),
      (["SLURM_JOB_ID": "7"], nil),
    ] as [([String: String], Int?)])
  func `what a Slurm job may take of a host is read as sbatch leaves it`(environment: [String: String], bytes: Int?) {
    #expect(MemoryLimit.slurmBytes { environment[$0] } == bytes)
  }
}
