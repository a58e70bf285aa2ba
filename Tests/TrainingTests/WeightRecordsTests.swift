import Configurations
import Datasets
import Foundation
import Kernels
import Networks
import Reweighting
import RunRecords
import TestSupport
import Testing

/// `weights.csv` and `weights.safetensors`.
struct WeightRecordsTests {
  private static let python = ProcessInfo.processInfo.environment["RP_DIST_TEST_PYTHON"]

  /// Four of six samples of three classes, one class with a name that needs quotation marks.
  private var split: DataSplit {
    let dataset = Dataset(
      source: "test", shape: [1], classNames: ["a", "b, or c", "d"], values: [0, 1, 2, 3, 4, 5],
      labels: [0, 1, 2, 0, 1, 2])
    return DataSplit(training: dataset.subset([5, 1, 0, 3]), test: dataset.all)
  }

  private func records<Scalar: Real>(
    _ split: DataSplit, _ weights: [Scalar], losses: [Scalar]? = nil, margins: [Scalar]?
  ) -> WeightRecords<Scalar> {
    WeightRecords(split, weights: weights, examination: (losses ?? [0.5, 1e-7, 3, 1.0 / 3], margins))
  }

  @Test func `the table has a row for each training sample, with every digit and no more`() {
    let float = records(split, [0.1, 1, 0, 1.0 / 3] as [Float], margins: [-2, 0.25, 1e30, 5])
    #expect(
      float.csv == """
        id,label,weight,loss,margin
        5,d,0.1,0.5,-2.0
        1,"b, or c",1.0,1e-07,0.25
        0,a,0.0,3.0,1e+30
        3,a,0.33333334,0.33333334,5.0

        """)
    let double = records(split, [0.1, 1, 0, 1.0 / 3] as [Double], margins: nil)
    #expect(double.csv.contains("3,a,0.3333333333333333,0.3333333333333333\n"))
    #expect(double.csv.hasPrefix("id,label,weight,loss\n"))
  }

  @Test func `with label noise the true labels stand beside the given ones`() throws {
    let noisy = split.relabelled(by: LabelNoise(kind: .pairFlip, rate: 1, seed: 1))
    let records = records(noisy, [4, 3, 2, 1] as [Float], margins: [1, 2, 3, 4])
    #expect(
      records.csv.split(separator: "\n").map(String.init) == [
        "id,label,weight,loss,margin,trueLabel", "5,a,4.0,0.5,1.0,d", "1,d,3.0,1e-07,2.0,\"b, or c\"",
        "0,\"b, or c\",2.0,3.0,3.0,a", "3,\"b, or c\",1.0,0.33333334,4.0,a",
      ])
    let file = records.safetensors
    #expect(file.names == ["id", "label", "weight", "loss", "margin", "trueLabel"])
    #expect(file.tensor(named: "trueLabel")?.doubles == [2, 1, 0, 0])
    #expect(file.tensor(named: "label")?.doubles == [0, 2, 1, 1])
    // Every label is wrong: nothing to tell apart.
    #expect(WrongLabelRanking(records) == nil)
  }

  @Test func `weights of noisy labels are judged by the true ones`() throws {
    let noisy = try DataSplit.digits().relabelled(by: LabelNoise(kind: .uniform, rate: 0.3, seed: 1))
    let isFlipped = try #require(noisy.isFlipped)
    let examination = ([Float](repeating: 0, count: isFlipped.count), [Float]?.none)
    let perfect = WeightRecords(noisy, weights: isFlipped.map { $0 ? 0 : 1 }, examination: examination)
    #expect(WrongLabelRanking(perfect)?.auc == 1 && WrongLabelRanking(perfect)?.precision == 1)
    let opposite = WeightRecords(noisy, weights: isFlipped.map { $0 ? 1 : 0 }, examination: examination)
    #expect(WrongLabelRanking(opposite)?.auc == 0)
    let clean = WeightRecords(try .digits(), weights: perfect.weights, examination: examination)
    #expect(WrongLabelRanking(clean) == nil)
  }

  @Test func `the least weights come first, ties by loss and identifier`() {
    let records = records(split, [0, 1, 0, 0] as [Double], losses: [2, 9, 3, 2], margins: [0, 1, 2, 3])
    #expect(records.lowest(3).map(\.id) == [0, 3, 5])
    #expect(records.lowest(9).map(\.id) == [0, 3, 5, 1])
    #expect(records.lowest(0).isEmpty)
    let first = records.lowest(1)[0]
    #expect(first.label == "a" && first.trueLabel == nil && first.weight == 0 && first.loss == 3 && first.margin == 2)
  }

  @Test func `samples of values have neither label nor margin`() throws {
    let gates = DataSplit.gates()
    let count = gates.training.count
    let records = WeightRecords(
      gates, weights: [Float](repeating: 1, count: count), examination: ([Float](repeating: 2, count: count), nil))
    #expect(records.csv.hasPrefix("id,weight,loss\n0,1.0,2.0\n"))
    #expect(records.safetensors.names == ["id", "weight", "loss"])
    #expect(records.lowest(1)[0].label == nil && records.lowest(1)[0].margin == nil)
  }

  @Test(.enabled(if: python != nil, "RP_DIST_TEST_PYTHON is unset"))
  func `Python reads both files, and finds the same numbers in them`() throws {
    let scratch = try ScratchFolder()
    let noisy = split.relabelled(by: LabelNoise(kind: .uniform, rate: 0.5, seed: 2))
    let folder = RunFolder(path: scratch.path)
    let records = records(noisy, [0.1, 1, 0, 1.0 / 3] as [Float], margins: [-2, 0.25, .infinity, 5])
    try records.write(to: folder)
    let script = try scratch.write(
      """
      import csv, json, numpy as np
      from safetensors import safe_open
      with safe_open("weights.safetensors", "np") as f:
          t = {k: f.get_tensor(k) for k in f.keys()}
          classes = json.loads(f.metadata()["classes"])
      assert classes == ["a", "b, or c", "d"], classes
      types = {k: str(v.dtype) for k, v in t.items()}
      assert types == {"id": "int64", "label": "int64", "trueLabel": "int64",
                       "weight": "float32", "loss": "float32", "margin": "float32"}, types
      assert t["id"].tolist() == [5, 1, 0, 3] and t["trueLabel"].tolist() == [2, 1, 0, 0]
      assert t["weight"].tobytes() == np.array([0.1, 1, 0, 1 / 3], np.float32).tobytes()
      rows = list(csv.DictReader(open("weights.csv", encoding="utf-8", newline="")))
      assert len(rows) == 4
      for i, row in enumerate(rows):
          assert int(row["id"]) == t["id"][i]
          assert [row["label"], row["trueLabel"]] == [classes[t["label"][i]], classes[t["trueLabel"][i]]]
          for name in ("weight", "loss", "margin"):
              assert np.float32(row[name]) == t[name][i], (name, i, row)
      """.utf8, to: "judge.py")
    let run = try ProgramRun.run(try #require(Self.python), [script], in: scratch.path)
    #expect(run.exitCode == 0, "\(run.errors)")
  }
}

extension WrongLabelRanking {
  /// Judges recorded weights; nil where the true labels are not known, or all or none of the labels are true.
  fileprivate init?<Scalar: Real>(_ records: WeightRecords<Scalar>) {
    guard let truth = records.trueTraining else { return nil }
    self.init(
      weights: records.weights.map { Double($0) },
      isFlipped: records.weights.indices.map { records.training.label(at: $0) != truth.label(at: $0) })
  }
}
