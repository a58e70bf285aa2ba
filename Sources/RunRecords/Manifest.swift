/// `manifest.json`: the data, software and machines of a run, and how it ended.
public struct Manifest: Codable, Sendable {
  /// `stopped`: the run ended after a checkpoint because it was asked to.
  public enum Status: String, Codable, Sendable { case running, stopped, finished, diverged }

  /// When and where the run resumed from a checkpoint.
  public struct Resumption: Codable, Equatable, Sendable {
    /// The number of steps done before.
    public var step: Int
    public var at: String
    public var version: String
    public var ranks: Int
    public var hosts: [String]

    public init(step: Int, at: String, version: String, ranks: Int, hosts: [String]) {
      (self.step, self.at, self.version, self.ranks, self.hosts) = (step, at, version, ranks, hosts)
    }
  }

  /// Noise that was added to the labels of the training samples.
  public struct LabelNoise: Codable, Equatable, Sendable {
    public var kind: String
    /// The probability that a label is flipped.
    public var rate: Double
    public var seed: Int
    /// The number of training samples that have a wrong label.
    public var flipped: Int

    public init(kind: String, rate: Double, seed: Int, flipped: Int) {
      (self.kind, self.rate, self.seed, self.flipped) = (kind, rate, seed, flipped)
    }
  }

  public struct Data: Codable, Sendable {
    public var set: String
    public var path: String?
    public var trainingSamples: Int
    /// Taken from the training set.
    public var validationSamples: Int
    public var testSamples: Int
    /// The hash of the samples' values and true labels, training set before test set. Equal data have equal hashes,
    /// with or without ``labelNoise``.
    public var sha256: String
    public var labelNoise: LabelNoise?

    public init(
      set: String, path: String?, trainingSamples: Int, validationSamples: Int, testSamples: Int, sha256: String,
      labelNoise: LabelNoise? = nil
    ) {
      (self.set, self.path, self.trainingSamples) = (set, path, trainingSamples)
      (self.validationSamples, self.testSamples, self.sha256) = (validationSamples, testSamples, sha256)
      self.labelNoise = labelNoise
    }
  }

  public struct Libraries: Codable, Sendable {
    public var mpi: String
    /// The OpenBLAS of a training that uses it for matrix products, and the kernel that it chose for this processor.
    /// Results have equal bits only if these are equal. nil for other trainings.
    public var blas: String?
    public var blasKernel: String?
    /// `training.threads`.
    public var threads: Int
    /// The instruction set of the program's own kernels, and the mathematical library. Equal bits also need these to be
    /// equal.
    public var instructions: String?
    public var mathLibrary: String?

    public init(
      mpi: String, blas: String?, blasKernel: String?, threads: Int, instructions: String, mathLibrary: String
    ) {
      (self.mpi, self.blas, self.blasKernel, self.threads) = (mpi, blas, blasKernel, threads)
      (self.instructions, self.mathLibrary) = (instructions, mathLibrary)
    }

    /// The key of ``threads`` in older manifests.
    private enum OldKeys: String, CodingKey { case blasThreads }

    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      mpi = try values.decode(String.self, forKey: .mpi)
      blas = try values.decodeIfPresent(String.self, forKey: .blas)
      blasKernel = try values.decodeIfPresent(String.self, forKey: .blasKernel)
      threads =
        try values.decodeIfPresent(Int.self, forKey: .threads)
        ?? decoder.container(keyedBy: OldKeys.self).decode(Int.self, forKey: .blasThreads)
      instructions = try values.decodeIfPresent(String.self, forKey: .instructions)
      mathLibrary = try values.decodeIfPresent(String.self, forKey: .mathLibrary)
    }
  }

  public var program = "rp-dist"
  public var version: String
  public var status = Status.running
  public var preset: String
  public var started: String
  public var finished: String?
  public var seed: Int
  public var ranks: Int
  /// The host of each rank.
  public var hosts: [String]
  /// How the ranks added up their shares of a minibatch: `node`, `mpi` or `lanes`; nil for a single rank without lanes.
  public var reduction: String?
  /// The size in bytes of the pieces in which ranks added up sums; nil for whole sums, and for lanes.
  public var reductionPieceBytes: Int?
  public var precision: String
  public var parameters: Int
  /// The hash of the bytes of the trained parameters, equal on all ranks.
  public var parametersSHA256: String?
  public var data: Data
  public var libraries: Libraries
  /// In the order of time; nil for a run that was never interrupted.
  public var resumptions: [Resumption]?
  /// For a diverged run, the step whose loss was not finite.
  public var divergedAtStep: Int?
  public var result: RunResult?

  public init(
    version: String, preset: String, started: String, seed: Int, ranks: Int, hosts: [String], precision: String,
    parameters: Int, data: Data, libraries: Libraries
  ) {
    (self.version, self.preset, self.started, self.seed) = (version, preset, started, seed)
    (self.ranks, self.hosts, self.precision, self.parameters) = (ranks, hosts, precision, parameters)
    (self.data, self.libraries) = (data, libraries)
  }

  /// The manifest as indented JSON.
  public var json: String { get throws { try jsonText(self, indented: true) } }
}

/// The result of a run; losses are without regularisation. `--json` prints it.
public struct RunResult: Codable, Equatable, Sendable {
  public var run: String
  public var steps: Int
  public var epochs: Int
  /// The epoch whose model early stopping kept, counted from 1; nil without early stopping.
  @OrNull public var bestEpoch: Int?
  /// The time spent on steps.
  public var seconds: Double
  public var ranks: Int
  public var trainingLoss: Double
  /// The training loss of the initial parameters, if the trained network's loss is far above it; nil if training has
  /// worked.
  public var initialTrainingLoss: Double?
  /// nil for reconstruction.
  @OrNull public var trainingAccuracy: Double?
  /// nil without a validation set.
  @OrNull public var validationLoss: Double?
  @OrNull public var validationAccuracy: Double?
  public var testLoss: Double
  @OrNull public var testAccuracy: Double?
  /// The result of learning the weights of the training examples; nil for other runs.
  public var reweight: ReweightResult?

  public init(
    run: String, steps: Int, epochs: Int, bestEpoch: Int?, seconds: Double, ranks: Int, trainingLoss: Double,
    trainingAccuracy: Double?, validationLoss: Double?, validationAccuracy: Double?, testLoss: Double,
    testAccuracy: Double?
  ) {
    (self.run, self.steps, self.epochs, self.bestEpoch) = (run, steps, epochs, bestEpoch)
    (self.seconds, self.ranks) = (seconds, ranks)
    (self.trainingLoss, self.trainingAccuracy) = (trainingLoss, trainingAccuracy)
    (self.validationLoss, self.validationAccuracy) = (validationLoss, validationAccuracy)
    (self.testLoss, self.testAccuracy) = (testLoss, testAccuracy)
  }

  /// One line of JSON.
  public var json: String { get throws { try jsonText(self) } }
}
