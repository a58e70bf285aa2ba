public import Hypergradients
public import Kernels
public import MPI
public import Networks
internal import Ranks
public import RunRecords

/// The hypergradient of models and samples from files: the output of `rp-dist hypergradient`.
public struct HypergradientReport: Sendable {
  /// A network of the chain, and how it learns.
  public struct Member: Sendable {
    /// The path of the model file.
    public var model: String
    /// The layers of a model file without metadata; they take precedence over the metadata.
    public var layers: [LayerConfiguration]?
    /// The loss with which it learns.
    public var loss: Loss
    /// ξ of its step.
    public var rate: Double
    /// Its blocks, with the layer numbers of the model file.
    public var groups: ParameterGroups

    public init(
      model: String, layers: [LayerConfiguration]? = nil, loss: Loss = .softmaxCrossEntropy, rate: Double,
      groups: ParameterGroups = .joint
    ) {
      (self.model, self.layers, self.loss, self.rate, self.groups) = (model, layers, loss, rate, groups)
    }
  }

  public var teacher: Member
  /// nil for two levels.
  public var student: Member?
  public var validationLoss = Loss.softmaxCrossEntropy
  /// κ; pairs are read only where it is not 0.
  public var pairWeight = 0.0
  public var strategy = Strategy.exact
  public var radius = 0.01
  public var grid = Grid.Choice.automatic
  /// The precision of the output, and of the passes, except for `nested`: this strategy needs Double.
  public var precision = Precision.float64

  public init(teacher: Member, student: Member? = nil) { (self.teacher, self.student) = (teacher, student) }

  public struct Result: Sendable {
    /// `hypergradient` [training rows] and `validationLoss` [].
    public var file: SafetensorsFile
    /// Whether the hypergradient is 0 for every example, for instance because it is taken along a zero direction.
    public var isZero: Bool
    /// Whether the case has pairs, but their weight is 0.
    public var ignoresPairs: Bool
  }

  /// Reads models and samples on every rank, and computes ∂L/∂a. Collective.
  ///
  /// - Parameters:
  ///   - path: a safetensors file with `training.inputs`, `.targets` and `.weights`, `validation.inputs` and
  ///     `.targets`, for three levels `unlabelled.inputs`, and with pairs `pairs.inputs` and `.targets`.
  /// - Throws: `AgreedFailure` on every rank where files cannot be used, ranks read different files, or the result is
  ///   not finite.
  public func compute(
    case path: String, on world: borrowing Communicator, describe: ErrorDescription
  ) throws -> Result {
    precision == .float32 && strategy != .nested
      ? try compute(case: path, as: Float.self, on: world, describe: describe)
      : try compute(case: path, as: Double.self, on: world, describe: describe)
  }

  private func compute<Scalar: Real>(
    case path: String, as precision: Scalar.Type, on world: borrowing Communicator,
    describe: ErrorDescription
  ) throws -> Result {
    let ranks = world.ranks
    let (hypergradient, chainCase, ignoresPairs) = try world.agree(describe: describe) {
      try grid.check(ranks: ranks)
      return try read(case: path, as: Scalar.self)
    }
    try world.requireSame(
      fingerprint(chainCase), what: "models or samples", remedy: "give every host the same files")
    let (values, loss) = try hypergradient.compute(chainCase, over: world)
    let array = values.array
    // In the precision of the output, which differs from that of `nested`.
    guard ([loss] + array).allSatisfy({ self.precision.rounded($0).isFinite }) else {
      throw AgreedFailure(
        code: ExitCode.failed,
        message: "the hypergradient is not finite, so nothing is written; take smaller rates"
          + (self.precision == .float32 ? ", or --precision float64" : ""))
    }
    return Result(
      file: file(array, loss), isZero: array.allSatisfy { $0 == 0 }, ignoresPairs: ignoresPairs)
  }

  private func read<Scalar: Real>(
    case path: String, as precision: Scalar.Type
  ) throws -> (Hypergradient<Scalar>, ChainCase<Scalar>, ignoresPairs: Bool) {
    let teacherFile = try ModelFile<Scalar>(
      contentsOf: teacher.model, layers: teacher.layers, option: "--teacher-network")
    let studentFile = try student.map { student in
      try ModelFile<Scalar>(contentsOf: student.model, layers: student.layers, option: "--student-network")
    }
    if let student, let studentFile { try check(studentFile, path: student.model, against: teacherFile.network) }
    let chain = Chain(
      teacher: learner(teacher, teacherFile),
      student: student.flatMap { student in studentFile.map { learner(student, $0) } }, validationLoss: validationLoss)
    let hypergradient = try Hypergradient<Scalar>(
      chain, strategy: strategy, teacherGroups: teacher.groups, studentGroups: student?.groups ?? .joint,
      radius: radius, grid: grid)

    let file = try SampleFile(
      contentsOf: path,
      contents: "a case holds training.inputs, training.targets, training.weights, validation.inputs and "
        + "validation.targets, for three levels unlabelled.inputs, and with a pair weight pairs.inputs and pairs.targets"
    )
    let validated = studentFile ?? teacherFile
    let training = try file.samples(
      "training.inputs", "training.targets", of: teacherFile.network, loss: teacher.loss)
    let weights: Vector<Scalar> = try file.numbers(
      "training.weights", for: "training.inputs", count: training.inputs.rows)
    var samples = try ChainSamples(
      training: training,
      validation: file.samples("validation.inputs", "validation.targets", of: validated.network, loss: validationLoss))
    if let student, let network = studentFile?.network {
      samples.unlabelled = try file.rows("unlabelled.inputs", columns: network.inputs, "inputs")
      samples.pairWeight = pairWeight
      if pairWeight != 0 {
        samples.pairs = try file.samples("pairs.inputs", "pairs.targets", of: network, loss: student.loss)
      }
    }
    let chainCase = ChainCase(
      teacher: (teacherFile.parameters.all, teacher.rate),
      student: student.flatMap { student in studentFile.map { ($0.parameters.all, student.rate) } }, weights: weights,
      samples: samples)
    return (
      hypergradient, chainCase, student != nil && pairWeight == 0 && file.holds("pairs.inputs")
    )
  }

  private func learner<Scalar: Real>(_ member: Member, _ file: ModelFile<Scalar>) -> Learner {
    Learner(
      layers: file.network.configuration, inputShape: file.network.inputShape, loss: member.loss,
      layerNumbers: file.layerNumbers)
  }

  /// The student learns the teacher's labels of inputs that both networks see.
  private func check<Scalar: Real>(
    _ student: ModelFile<Scalar>, path: String, against teacher: Network<Scalar>
  ) throws(SafetensorsError) {
    for (unit, own, other) in [
      ("outputs", student.network.outputs, teacher.outputs), ("inputs", student.network.inputs, teacher.inputs),
    ] where own != other {
      throw SafetensorsError(
        path: path, kind: .content, problem: "has \(own) \(unit), but the teacher \(other)",
        remedy: "a student learns the teacher's labels of the same samples, so give both as many")
    }
  }

  private func fingerprint<Scalar: Real>(_ chainCase: ChainCase<Scalar>) -> String {
    let digest = Fingerprint()
    let samples = chainCase.samples
    let parts: [Vector<Scalar>?] = [
      chainCase.teacher.before, chainCase.student?.before, chainCase.weights, samples.training.inputs.elements,
      samples.training.targets.elements, samples.unlabelled?.elements, samples.pairs?.inputs.elements,
      samples.pairs?.targets.elements, samples.validation.inputs.elements, samples.validation.targets.elements,
    ]
    for case let part? in parts { unsafe part.withBytes { unsafe digest.add($0) } }
    return digest.hexadecimal
  }

  private func file(_ values: [Double], _ loss: Double) -> SafetensorsFile {
    let tensors =
      switch precision {
      case .float32:
        [
          SafetensorsTensor(name: "hypergradient", shape: [values.count], values: values.map { Float($0) }),
          SafetensorsTensor(name: "validationLoss", shape: [], values: [Float(loss)]),
        ]
      case .float64:
        [
          SafetensorsTensor(name: "hypergradient", shape: [values.count], values: values),
          SafetensorsTensor(name: "validationLoss", shape: [], values: [loss]),
        ]
      }
    var metadata = ["levels": student == nil ? "2" : "3", "strategy": strategy.rawValue]
    if strategy != .exact {
      metadata["radius"] = "\(radius)"
      metadata["teacherBlocks"] = teacher.groups.text
      metadata["studentBlocks"] = student?.groups.text
    }
    return SafetensorsFile(tensors: tensors, metadata: metadata)
  }
}
