private import Foundation

/// One line of `metrics.jsonl`.
public struct Metrics: Codable, Sendable {
  /// The number of the network's training, counted from 1, where the network is trained several times.
  public var cycle: Int?
  /// The epochs of the cycle, and the steps of the whole run, that are done.
  public var epoch: Int
  public var step: Int
  /// The time spent on steps since the first one, without validation.
  public var seconds: Double
  /// α or λ of the epoch's last step; where the step lengths are found, their upper limit.
  public var learningRate: Double
  /// The mean over the epoch's minibatches, each evaluated before its step; without regularisation.
  public var trainingLoss: Double
  /// Loss and accuracy on the validation set, if there is one.
  public var validationLoss: Double?
  public var validationAccuracy: Double?
  /// The statistics of the weights, if the training examples have weights.
  public var weights: WeightStatistics?

  public init(
    epoch: Int, step: Int, seconds: Double, learningRate: Double, trainingLoss: Double, validationLoss: Double?,
    validationAccuracy: Double?, weights: WeightStatistics? = nil, cycle: Int? = nil
  ) {
    self.cycle = cycle
    (self.epoch, self.step, self.seconds, self.learningRate) = (epoch, step, seconds, learningRate)
    (self.trainingLoss, self.validationLoss) = (trainingLoss, validationLoss)
    (self.validationAccuracy, self.weights) = (validationAccuracy, weights)
  }
}

/// Appends lines to `metrics.jsonl`; when a call returns, the operating system has the line.
public final class MetricsWriter {
  private let path: String
  private let file: FileHandle

  /// - Throws: ``RunRecordError`` if the file cannot be created.
  public init(path: String) throws(RunRecordError) {
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
    else { throw RunRecordError(.cannotWrite, path, "cannot be made; is the folder writable and the disk not full?") }
    self.path = path
    self.file = file
  }

  /// Continues a file after its first `bytes` bytes. Later lines are removed: the run wrote them after its checkpoint,
  /// and the resumed run writes them again.
  ///
  /// - Parameter bytes: the length at the checkpoint. If the file is shorter, lines have been lost, and writing
  ///   continues at its end.
  /// - Throws: ``RunRecordError`` if the file cannot be written.
  public init(continuing path: String, after bytes: Int) throws(RunRecordError) {
    if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    do {
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      if try file.seekToEnd() > UInt64(bytes) { try file.truncate(atOffset: UInt64(bytes)) }
      (self.path, self.file) = (path, file)
    } catch {
      throw RunRecordError(.cannotWrite, path, "cannot be gone on with; is the folder writable?")
    }
  }

  /// Waits until all lines are on the disk.
  ///
  /// - Returns: the number of bytes of all lines.
  public func sync() throws(RunRecordError) -> Int {
    do {
      try file.synchronize()
      return Int(try file.offset())
    } catch {
      throw RunRecordError(.cannotWrite, path, "cannot be written; is the disk full?")
    }
  }

  public func append(_ metrics: Metrics) throws(RunRecordError) {
    guard let text = try? jsonText(metrics) else {
      preconditionFailure("the numbers of an epoch that did not diverge are finite")
    }
    do {
      try file.write(contentsOf: Data((text + "\n").utf8))
    } catch {
      throw RunRecordError(.cannotWrite, path, "cannot be written; is the disk full?")
    }
  }

  deinit { try? file.close() }
}
