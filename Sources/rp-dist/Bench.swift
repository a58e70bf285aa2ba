internal import ArgumentParser

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the program's speed on this machine.",
    discussion: """
      EXAMPLES
        rp-dist bench step
        rp-dist bench start
        mpirun -n 2 rp-dist bench step --network mnist-classifier
        mpirun -n 2 rp-dist bench hypergradient
        mpirun -n 4 rp-dist bench network
        mpirun -n 4 rp-dist bench scaling
      """,
    subcommands: [
      BenchStep.self, BenchStart.self, BenchHypergradient.self, BenchNetwork.self, BenchScaling.self,
    ])
}
