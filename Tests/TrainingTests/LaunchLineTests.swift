import Configurations
import Ranks
import Testing

/// A world of one where many were meant, told from one that is meant.
@Suite struct LaunchLineTests {
  private func line(_ environment: [String: String]) -> LaunchLine { LaunchLine { environment[$0] } }

  private static let job = ["SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_PROCID": "0"]
  private static func step(_ tasks: Int, _ more: [String: String] = [:]) -> [String: String] {
    job.merging(["SLURM_STEP_NUM_TASKS": "\(tasks)", "SLURM_PROCID": "\(tasks - 1)"]) { $1 }.merging(more) { $1 }
  }

  @Test func `copies that srun started without PMIx are refused before MPI and after it`() throws {
    let line = line(Self.step(8))
    for ranks in [nil, 1] as [Int?] {
      let refusal = try #require(line.refusal(ranks: ranks, mpiKnowsPMI: false))
      #expect(refusal.contains("srun started 8 copies") && refusal.contains("srun --mpi=pmix -n 8"))
    }
    #expect(line.launcher == .none && line.task == 7 && line.slurmJob == "7")
  }

  @Test func `PMI is refused where the MPI library does not know it, before it ends the process`() throws {
    let line = line(Self.step(8, ["PMI_RANK": "7", "PMI_SIZE": "8"]))
    #expect(try #require(line.refusal(ranks: nil, mpiKnowsPMI: false)).contains("srun --mpi=pmix"))
    #expect(line.refusal(ranks: nil, mpiKnowsPMI: true) == nil)
    #expect(line.refusal(ranks: 8, mpiKnowsPMI: true) == nil)
  }

  @Test(arguments: [
    ["OMPI_COMM_WORLD_SIZE": "4"], ["PMI_RANK": "0", "PMI_SIZE": "4"],
    Self.step(4, ["PMIX_RANK": "3"]),
  ])
  func `a launcher of another MPI is refused once its ranks turn out to be alone`(environment: [String: String]) throws
  {
    let line = line(environment)
    #expect(line.refusal(ranks: nil, mpiKnowsPMI: true) == nil)
    #expect(line.refusal(ranks: 4, mpiKnowsPMI: true) == nil)
    #expect(try #require(line.refusal(ranks: 1, mpiKnowsPMI: true)).contains("4 ranks, but each is alone"))
  }

  @Test(arguments: [
    // No Slurm, one task of a step, and mpirun with one rank, also within a job of eight and on a node of orted's own step.
    [:], Self.job, Self.step(1), ["OMPI_COMM_WORLD_SIZE": "1"], Self.job.merging(["OMPI_COMM_WORLD_SIZE": "1"]) { $1 },
    Self.step(2, ["OMPI_COMM_WORLD_SIZE": "1"]), Self.step(1, ["PMIX_RANK": "0"]),
    Self.step(8, ["RP_DIST_SINGLE_RANK": "1"]),
  ])
  func `a single rank that is meant is not refused`(environment: [String: String]) {
    for ranks in [nil, 1] as [Int?] {
      #expect(line(environment).refusal(ranks: ranks, mpiKnowsPMI: false) == nil, "\(environment)")
    }
  }

  @Test func `a job of which only a part is used is told, unless the step is of that size`() {
    #expect(line(Self.job).warning(ranks: 1) == "a single rank in a Slurm job of 8 tasks")
    #expect(
      line(Self.job.merging(["OMPI_COMM_WORLD_SIZE": "2"]) { $1 }).warning(ranks: 2)
        == "only 2 ranks in a Slurm job of 8 tasks")
    #expect(line(Self.job).warning(ranks: 8) == nil)
    #expect(line(Self.step(1)).warning(ranks: 1) == nil)
    #expect(line([:]).warning(ranks: 1) == nil)
    #expect(line(Self.job.merging(["RP_DIST_SINGLE_RANK": "1"]) { $1 }).warning(ranks: 1) == nil)
  }

  @Test func `0 and nothing do not mean single ranks`() {
    for value in ["", "0"] { #expect(!line(["RP_DIST_SINGLE_RANK": value]).isSingleRankWanted) }
  }
}
