internal import ArgumentParser
internal import Configurations
internal import Diagnostics
internal import Hypergradients
internal import Kernels
internal import MPI
internal import Networks
internal import Ranks
internal import RunRecords

struct HypergradientOfFiles: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "hypergradient",
    abstract: "Write the derivative of the validation loss by the weights of the examples.",
    usage: """
      rp-dist hypergradient --levels 2 --teacher <T.safetensors>
                            --teacher-rate <R> --case <C.safetensors>
                            --out <H.safetensors> [<options>]
      """,
    discussion: """
      Two levels: a teacher W takes one step on weighted examples, and the
      validation loss L evaluates W'. Three levels: W' labels unlabelled inputs, a
      student V takes one step on those soft labels and on labelled pairs, and
      L evaluates V'.

        W' = W - teacher rate * sum of a_i * gradient of loss_i at W
        V' = V - student rate * gradient at V of [sum of student losses
             against the labels of W' + pair weight * sum of the pairs' losses]

      The case file holds, one row for each sample as the networks see it (no
      scaling is applied): training.inputs, training.targets, training.weights
      (a), validation.inputs, validation.targets, and for three levels
      unlabelled.inputs and, where they count, pairs.inputs and pairs.targets.
      With two levels student, pairs and unlabelled inputs are ignored.

      The output holds 'hypergradient' [training rows], dL/da, and
      'validationLoss' [], the mean L. Networks are taken as they are used:
      batch normalisation with its running averages, no dropout.

      Strategies: exact (forward mode, no radius), fused and nested (central
      differences; nested always computes in float64). Blocks are perturbed one
      at a time: joint, layers, or groups of layers by their numbers in the
      model file, such as encoder=0-2:0.01,head=4:0.05, each with its radius.

      Ranks share directions and samples: the result is the same at any number
      of them.

      EXAMPLES
        rp-dist hypergradient --levels 2 --teacher t.safetensors \\
          --teacher-rate 0.1 --case c.safetensors --out h.safetensors
        mpirun -n 8 rp-dist hypergradient --levels 3 \\
          --teacher t.safetensors --teacher-network dense,relu,dense \\
          --student s.safetensors --student-network dense,tanh,dense \\
          --teacher-rate 0.1 --student-rate 0.2 --pair-weight 0.5 \\
          --strategy fused --blocks encoder=0:0.01,head=2:0.05 --grid 4x2 \\
          --case c.safetensors --out h.safetensors
      """)

  @Option(help: ArgumentHelp("2, or 3 with a student.", valueName: "N"), transform: levelCount)
  var levels: Int

  @Option(help: ArgumentHelp("The teacher's weights W.", valueName: "T.safetensors"))
  var teacher: String

  @Option(help: ArgumentHelp("The student's weights V.", valueName: "S.safetensors"))
  var student: String?

  @Option(name: .customLong("case"), help: ArgumentHelp("The samples.", valueName: "C.safetensors"))
  var caseFile: String

  @Option(
    help: ArgumentHelp(
      "The teacher's layers, for a model file that does not say: dense,batchNorm,tanh,dense.", valueName: "LAYERS"))
  var teacherNetwork: String?

  @Option(help: ArgumentHelp("The student's layers, in the same way.", valueName: "LAYERS"))
  var studentNetwork: String?

  @Option(
    help: ArgumentHelp("\(Loss.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "NAME"),
    transform: choice)
  var teacherLoss = Loss.softmaxCrossEntropy

  @Option(
    help: ArgumentHelp(
      "The student's, for labels and pairs: softmaxCrossEntropy, squaredError, sigmoidCrossEntropy.", valueName: "NAME"),
    transform: choice)
  var studentLoss = Loss.softmaxCrossEntropy

  @Option(help: ArgumentHelp("L.", valueName: "NAME"), transform: choice)
  var validationLoss = Loss.softmaxCrossEntropy

  @Option(parsing: .unconditional, help: ArgumentHelp("The teacher's step.", valueName: "R"))
  var teacherRate: Double

  @Option(parsing: .unconditional, help: ArgumentHelp("The student's step.", valueName: "R"))
  var studentRate: Double?

  @Option(help: ArgumentHelp("What a pair counts; pairs are left out at 0.", valueName: "K"))
  var pairWeight = 0.0

  @Option(
    help: ArgumentHelp("\(Strategy.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "NAME"),
    transform: choice)
  var strategy = Strategy.exact

  @Option(
    help: ArgumentHelp("joint, layers, or groups with radii.", valueName: "BLOCKS"),
    transform: ParameterGroups.init(parsing:))
  var blocks = ParameterGroups.joint

  @Option(
    help: ArgumentHelp("The student's, where they are others.", valueName: "BLOCKS"),
    transform: ParameterGroups.init(parsing:))
  var studentBlocks: ParameterGroups?

  @Option(help: ArgumentHelp("That of blocks without one of their own.", valueName: "R"))
  var radius = 0.01

  @Option(
    help: ArgumentHelp("Groups x shards of the ranks, such as 4x2, or auto.", valueName: "GxS"),
    transform: Grid.Choice.init(parsing:))
  var grid = Grid.Choice.automatic

  @Option(help: ArgumentHelp("float32 or float64.", valueName: "NAME"), transform: choice)
  var precision = Precision.float64

  @Option(help: ArgumentHelp("The file to write.", valueName: "H.safetensors"))
  var out: String

  func validate() throws {
    for (option, value) in [("teacher", teacherRate), ("student", studentRate ?? 0)]
    where !(value >= 0 && value.isFinite) {
      throw ValidationError("--\(option)-rate is \(value); it must be a number of at least 0")
    }
    guard pairWeight >= 0, pairWeight.isFinite else {
      throw ValidationError("--pair-weight is \(pairWeight); it must be a number of at least 0")
    }
    let computed = strategy == .nested ? Precision.float64 : precision
    for (option, value) in [
      ("teacher-rate", teacherRate), ("student-rate", studentRate ?? 0), ("pair-weight", pairWeight),
      ("radius", strategy == .exact ? 0 : radius),
    ] {
      if let fault = computed.fault(in: value, setting: "take --precision") {
        throw ValidationError("--\(option) is \(value), \(fault)")
      }
    }
    guard levels == 2 || (student != nil && studentRate != nil) else {
      throw ValidationError("three levels need --student and --student-rate")
    }
  }

  var agreedOptions: String {
    let numbers = "\(levels), \(teacherRate), \(studentRate ?? 0), \(pairWeight), \(radius)"
    let names = [
      teacherLoss.rawValue, studentLoss.rawValue, validationLoss.rawValue, strategy.rawValue, precision.rawValue,
      blocks.text, studentBlocks?.text ?? "-", grid.text, teacherNetwork ?? "-", studentNetwork ?? "-",
    ]
    return "\(numbers), \(names.joined(separator: ", "))"
  }

  func run(on world: borrowing Communicator) throws {
    let wanted = try world.agree(describe: ExitCode.describe) { try report() }
    let result = try wanted.compute(case: caseFile, on: world, describe: ExitCode.describe)
    let isFirst = world.rank == 0
    try world.agree(describe: ExitCode.describe) {
      guard isFirst else { return }
      try result.file.write(to: out)
    }
    guard isFirst else { return }
    if result.isZero {
      Program.say(
        "note: the hypergradient is 0 for every example, as along a direction that is zero: a step or the slope of the "
          + "validation loss vanishes")
    }
    if result.ignoresPairs { Program.say("note: the pairs of the case count nothing without --pair-weight") }
  }

  private func report() throws -> HypergradientReport {
    var report = HypergradientReport(
      teacher: .init(
        model: teacher, layers: try teacherNetwork.map { try layerList($0, option: "--teacher-network") },
        loss: teacherLoss, rate: teacherRate, groups: blocks))
    if levels == 3, let student, let studentRate {
      report.student = .init(
        model: student, layers: try studentNetwork.map { try layerList($0, option: "--student-network") },
        loss: studentLoss, rate: studentRate, groups: studentBlocks ?? blocks)
    }
    (report.validationLoss, report.pairWeight, report.strategy) = (validationLoss, pairWeight, strategy)
    (report.radius, report.grid, report.precision) = (radius, grid, precision)
    return report
  }
}

/// The number of levels of a chain on the command line.
func levelCount(_ text: String) throws -> Int {
  guard let levels = Int(text), [2, 3].contains(levels) else { throw ValidationError("there are 2 or 3 levels") }
  return levels
}
