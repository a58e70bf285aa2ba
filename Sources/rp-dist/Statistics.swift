internal import ArgumentParser
internal import Diagnostics
internal import Kernels
internal import MPI
internal import Networks
internal import Ranks
internal import RunRecords

struct Statistics: RankCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the statistics of residual partitioning of one batch for a model.",
    usage: """
      rp-dist statistics --model <M.safetensors> --batch <B.safetensors>
                         --loss <NAME> --out <S.safetensors> [<options>]
      """,
    discussion: """
      The batch file holds 'inputs' [samples × …], as the network sees them (no
      scaling is applied), and 'targets' [samples × outputs], one row for each
      sample: values, or a distribution over classes (the hinges take the
      greatest).

      The output holds 'meanLoss' [] without regularisation, 'outputs',
      'outputTotalGradient', and for each layer with parameters
      'layers.N.weight.wDot', '.wDDot', 'layers.N.bias.wDot', '.wDDot', in the
      branch of a residual layer 'layers.N.branch.M.weight.wDot' and so on:
      means over the samples, in the chosen precision. The network is taken as
      it is used: batch normalisation with its running averages, no dropout. In
      deep networks u and curvature leave the range of a precision: a tensor NAME
      is then to be multiplied by two to the power of 'NAME.exponent' (int32),
      which is written only where it is not 0. Where other numbers overflow the
      precision, the file is written all the same, and the exit code is 1.

      With --partition unit a dense layer has, in place of '.wDDot', the
      curvature g of its units 'layers.N.unitCurvature' [outputs] and the
      weighted second moment A of its inputs 'layers.N.inputMoment' [n x n]; the
      block of unit i is about g_i A. With --blocks it also has the exact blocks
      'layers.N.blocks' [outputs x n x n]. n counts the inputs and the bias,
      which is last.

      EXAMPLES
        rp-dist statistics --model runs/first/model.safetensors \\
          --batch b.safetensors --loss softmaxCrossEntropy --out s.safetensors
        rp-dist statistics --model torch.safetensors \\
          --network dense,tanh,dense --batch b.safetensors \\
          --loss squaredError --bound full --precision float64 \\
          --out s.safetensors
      """)

  @Option(help: ArgumentHelp("The network's weights.", valueName: "M.safetensors"))
  var model: String

  @Option(help: ArgumentHelp("The samples.", valueName: "B.safetensors"))
  var batch: String

  @Option(
    help: ArgumentHelp("\(Loss.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "NAME"),
    transform: choice)
  var loss: Loss

  @Option(help: ArgumentHelp("paper (M12) or full (M13).", valueName: "NAME"), transform: choice)
  var bound = Bound.paper

  @Option(
    help: ArgumentHelp(
      "weight (M9), or unit (M27-M29): one share of the residual for all parameters of an output unit.",
      valueName: "NAME"), transform: choice)
  var partition = Partition.weight

  @Flag(help: "With --partition unit, also write the exact block of every unit (M28).")
  var blocks = false

  @Option(help: ArgumentHelp("automatic, or general: (M7) for every loss.", valueName: "NAME"), transform: choice)
  var lossPartition = LossPartition.automatic

  @Option(help: ArgumentHelp("float32 or float64.", valueName: "NAME"), transform: choice)
  var precision = Precision.float32

  @Option(
    help: ArgumentHelp(
      """
      The layers, for a model file that does not say: dense,batchNorm,tanh,dense. Sizes, and whether a dense layer has \
      a bias, come from the tensors.
      """,
      valueName: "LAYERS"))
  var network: String?

  @Option(help: ArgumentHelp("The file to write.", valueName: "S.safetensors"))
  var out: String

  func validate() throws {
    guard !blocks || partition == .unit else {
      throw ValidationError("--blocks writes the blocks of units; add --partition unit, or leave --blocks out")
    }
  }

  func run(on world: borrowing Communicator) throws {
    try world.agree(describe: ExitCode.describe) {
      // One batch is small: rank 0 computes the statistics, the other ranks only share its success or error.
      guard world.rank == 0 else { return }
      let report = StatisticsReport(
        loss: loss, bound: bound, partition: partition, lossPartition: lossPartition, wantsBlocks: blocks,
        layers: try network.map { try layerList($0, option: "--network") })
      let file =
        switch precision {
        case .float32: try report.compute(model: model, batch: batch, as: Float.self)
        case .float64: try report.compute(model: model, batch: batch, as: Double.self)
        }
      try file.write(to: out)
      let names = file.tensors.filter { !$0.doubles.allSatisfy(\.isFinite) }.map(\.name)
      guard names.isEmpty else {
        throw AgreedFailure(
          code: ExitCode.failed,
          message: "\(out) is written, but holds numbers that are not finite in \(names.joined(separator: ", ")): they "
            + "overflow \(precision.rawValue)" + (precision == .float32 ? "; take --precision float64" : ""))
      }
    }
  }
}
