private import Foundation

/// One line of `metrics.jsonl`.
public struct Metrics: Codable, Sendable {
  /// Which time the network is trained, counted from 1, where it is trained several times over.
  public var cycle: Int?
  /// Epochs of the cycle, and steps of the whole run, that are done.
  public var epoch: Int
  public var step: Int
  /// Spent on steps since the first one, without validation.
  public var seconds: Double
  /// α or λ of the epoch's last step; where the lengths of the steps are found, their upper limit.
  public var learningRate: Double
  /// The mean over the epoch's minibatches, each before its step; without regularisation.
  public var trainingLoss: Double
  /// On the validation set, where there is one.
  public var validationLoss: Double?
  public var validationAccuracy: Double?
  /// Where the training examples have weights.
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

/// Appends lines to `metrics.jsonl`; each is with the operating system when the call returns.
public final class MetricsWriter {
  private let path: String
  private let file: FileHandle

  /// - Throws: ``RunRecordError`` when the file cannot be made.
  public init(path: String) throws(RunRecordError) {
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
    else { throw RunRecordError(.cannotWrite, path, "cannot be made; is the folder writable and the disk not full?") }
    self.path = path
    self.file = file
  }

  /// Goes on with a file, behind its first bytes: what a run wrote after its checkpoint is written again.
  ///
  /// - Parameter bytes: where the file is shorter, lines have been lost, and it goes on at its end.
  /// - Throws: ``RunRecordError`` when it cannot be written.
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

  /// Puts all lines on the disk.
  ///
  /// - Returns: how many bytes they have.
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
