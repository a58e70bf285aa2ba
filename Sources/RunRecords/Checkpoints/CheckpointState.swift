/// The data of a checkpoint besides its tensors: `state.json`.
///
/// None of it is a path. The numbers with which the computation continues are in the tensor files, with all their bits.
/// Data that depend on ranks or on time are only here, so equal trainings have equal tensor files.
public struct CheckpointState: Codable, Equatable, Sendable {
  /// The libraries and instructions that must be equal for equal bits of the results.
  public struct Platform: Codable, CustomStringConvertible, Equatable, Sendable {
    /// nil for a training that computes matrix products without OpenBLAS.
    public var blas: String?
    public var blasKernel: String?
    public var mpi: String
    /// The instruction set of the program's own loops.
    public var loops: String

    public init(blas: String?, blasKernel: String?, mpi: String, loops: String) {
      (self.blas, self.blasKernel, self.mpi, self.loops) = (blas, blasKernel, mpi, loops)
    }

    public var description: String {
      [blas.map { "\($0) \(blasKernel ?? "")" }, "loops for \(loops)", mpi].compactMap(\.self).joined(separator: ", ")
    }

    /// The same without the OpenBLAS, which checkpoints of older programs name for every training.
    public var withoutBLAS: Platform { Platform(blas: nil, blasKernel: nil, mpi: mpi, loops: loops) }
  }

  /// The version of this format, and of `config.yml` in a run folder; earlier versions can be read too.
  public static let presentFormat = 3

  public var format = CheckpointState.presentFormat
  public var version: String
  /// The subcommand of the run.
  public var command: String
  /// The numbers of steps and epochs that are done.
  public var step: Int
  public var epochs: Int
  /// The time spent on the steps.
  public var seconds: Double
  public var written: String
  public var ranks: Int
  /// The settings as YAML, as in `config.yml`.
  public var configuration: String
  /// The hash that identifies the dataset.
  public var data: String
  public var platform: Platform
  /// The number of bytes in `metrics.jsonl` at this checkpoint.
  public var metricsBytes: Int
  /// The results of the cycles before the present one, if there are several.
  public var cycles: [ReweightResult.Cycle] = []

  public init(
    version: String, command: String, step: Int = 0, epochs: Int = 0, seconds: Double = 0, written: String = "",
    ranks: Int, configuration: String, data: String, platform: Platform, metricsBytes: Int = 0
  ) {
    self.command = command
    (self.version, self.step, self.epochs, self.seconds) = (version, step, epochs, seconds)
    (self.written, self.ranks, self.configuration, self.data) = (written, ranks, configuration, data)
    (self.platform, self.metricsBytes) = (platform, metricsBytes)
  }
}
