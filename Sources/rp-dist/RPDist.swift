internal import ArgumentParser

/// The program's version.
let version = "0.1.0"

/// The command line; each subcommand has its own file.
@main
struct RPDist: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rp-dist",
    abstract: "Trains neural networks with Deep Residual Partitioning, on one rank or many.",
    discussion: """
      Without arguments it trains a small classifier on the built-in UCI digits.

      EXAMPLES
        rp-dist                     one rank, the built-in digits
        mpirun -n 8 rp-dist         the same on 8 ranks
        mpirun -n 8 rp-dist --preset mnist-classifier --data DIR
        rp-dist train my.yml --set training.epochs=20 --name first
        rp-dist reweight --preset noisy-digits-reweight
        rp-dist train my.yml --name first --resume auto
        rp-dist evaluate runs/first
        rp-dist compare --optimizers residualPartitioning,adam
        rp-dist check gradient
        mpirun -n 8 rp-dist doctor
        rp-dist settings training.batch
        rp-dist statistics --help
        rp-dist hypergradient --help
        rp-dist bench step

      EXIT CODES
        0 done; 1 training diverged, a result is not finite, or a check failed;
        64 command line or configuration; 65 content of a file; 66 missing or
        unreadable input; 70 internal; 73 cannot create output; 74 cannot write;
        75 stopped after a checkpoint.
      """,
    version: version,
    subcommands: [
      Train.self, Reweight.self, Evaluate.self, Compare.self, Check.self, Statistics.self, HypergradientOfFiles.self,
      Bench.self, ExamineLaunch.self, ExplainSettings.self,
    ],
    defaultSubcommand: Train.self)

  static func main() {
    Program.run()
  }
}
