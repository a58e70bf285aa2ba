import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// `training.reproducible`: the same bits for any number of ranks.
  @Suite(.serialized) struct ReproducibleTests {
    static let short = ["training.epochs=2", "training.reproducible=true"]

    /// What decides about the bits of a step, each with another optimizer; few epochs, networks of odd sizes.
    static let trainings: [[String]] = [
      [], ["optimizer.partition=weight"],
      [
        "reduction=node", "training.batch=5", "training.lastBatch=keep", "training.epochs=1",
        "optimizer.curvatureEvery=3",
      ],
      [
        "reduction=mpi", "optimizer.name=adam", "data.validation=301", "training.stopEarly={patience: 1}",
        "network=[{dense: 19}, batchNorm, tanh, {dropout: 0.8}, {dense: {outputs: 7, bias: false}}, relu, {dense: 10}]",
      ],
      [
        "optimizer.trustRatio={every: 2}", "training.batch=479",
        "network=[{dense: 16}, batchNorm, softplus, {dropout: 0.9}, {dense: 10}]",
      ],
      [
        "optimizer.learningRate=30", "optimizer.bound=full", "training.lanes=5", "training.batch=1000",
        "training.lastBatch=drop",
      ],
      ["training.precision=float64", "loss=squaredHinge", "optimizer.layerScale=unit", "training.lanes=3"],
      [
        "data.target=input", "loss=squaredError", "network=[{dense: 9}, {residual: [{dense: 9}, swish]}, {dense: 64}]",
        "optimizer.learningRate=1",
      ],
      [
        "optimizer.partition=unit", "training.lanes=6",
        "network=[{dense: 19}, batchNorm, tanh, {dropout: 0.8}, {dense: {outputs: 7, bias: false}}, relu, {dense: 10}]",
      ],
      [
        "optimizer={partition: unit, lengths: measured}", "training.lanes=6", "training.batch=479",
        "network=[{dense: 19}, batchNorm, tanh, {dropout: 0.8}, {dense: {outputs: 7, bias: false}}, relu, {dense: 10}]",
      ],
      [deep, "training.lanes=6", "optimizer.learningRate=0.01", "optimizer.layerScale=unit"],
      [deep, "training.lanes=6", "optimizer={partition: unit, learningRate: 0.001}"],
    ]
    /// With exponents (M32).
    private static let deep = "network=[" + String(repeating: "{dense: 24}, tanh, ", count: 50) + "{dense: 10}]"

    @Test(arguments: trainings) func `a training ends in the same bits on 1, 2, 3, 4, 5, 7 and 8 ranks`(
      settings: [String]
    ) throws {
      let alone = try Trained(Self.short + settings)
      for ranks in [2, 3, 4, 5, 7, 8] {
        let other = try Trained(Self.short + settings, ranks: ranks)
        #expect(other.model == alone.model && other.optimizer == alone.optimizer, "\(ranks) ranks")
        #expect(other.manifest.parametersSHA256 == alone.manifest.parametersSHA256, "\(ranks) ranks")
        #expect(other.metrics == alone.metrics, "\(ranks) ranks")
        #expect(other.result == alone.result, "\(ranks) ranks")
        #expect(other.manifest.reduction == "lanes")
      }
    }

    @Test func `more ranks than lanes train the same, and lanes are part of the result`() throws {
      let alone = try Trained(Self.short + ["training.lanes=2"])
      #expect(try Trained(Self.short + ["training.lanes=2"], ranks: 5).model == alone.model)
      #expect(try Trained(Self.short + ["training.lanes=3"]).model != alone.model)
    }

    /// That the tests above can fail.
    @Test func `without it the bits depend on the ranks`() throws {
      let settings = ["training.epochs=2", "reduction=mpi"]
      #expect(try Trained(settings).model != Trained(settings, ranks: 2).model)
      let planted = try ProgramRun.run(rankChecks, ["lanes", "1"], ranks: 3, in: "/tmp")
      #expect(planted.exitCode == 42 && planted.errors.contains("other bits"), "\(planted.errors)")
    }

    @Test(arguments: [1, 2, 3, 5, 8, 11])
    func `sums of any length, of any lanes, have the bits of the definition`(ranks: Int) throws {
      let run = try ProgramRun.run(rankChecks, ["lanes"], ranks: ranks, in: "/tmp")
      #expect(run.exitCode == 0 && run.output == "ok\n", "\(run.errors)")
    }

    @Test(arguments: [
      ["--preset", "noisy-digits-reweight"],
      ["--preset", "noisy-digits-reweight", "--set", "reweight.strategy=fused"],
      ["--preset", "noisy-digits-reweight", "--set", "reweight.cycles=2"],
      ["--preset", "teacher-student", "--set", "reweight.strategy=fused"],
      ["--preset", "teacher-student", "--set", "reweight.strategy=exact"],
    ])
    func `learned weights have the same bits for any number of ranks`(arguments: [String]) throws {
      let settings = Self.short + ["reweight.warmup=0"]
      let alone = try Trained(settings, command: ["reweight"] + arguments)
      // Weights that stay what they are would tell nothing.
      #expect(try #require(alone.metrics.last).contains(/"deviation":0\.[0-9]*[1-9]/))
      for ranks in [2, 5, 8] {
        let other = try Trained(settings, ranks: ranks, command: ["reweight"] + arguments)
        #expect(other.model == alone.model && other.metrics == alone.metrics, "\(ranks) ranks")
        #expect(other.weights != nil && other.weights == alone.weights, "\(ranks) ranks")
        #expect(other.student == alone.student, "\(ranks) ranks")
      }
    }

    @Test func `what rounds by ranks is refused`() throws {
      let run = try ProgramRun.run(
        program, ["--set", "training.reproducible=true", "--set", "reduction.curvaturePrecision=bfloat16"], in: "/tmp")
      #expect(run.exitCode == 64)
      #expect(run.errors.contains("training.reproducible gives the same bits for any number of them"), "\(run.errors)")
      let lanes = try ProgramRun.run(program, ["--set", "training.lanes=0"], in: "/tmp")
      #expect(lanes.exitCode == 64 && lanes.errors.contains("training.lanes is 0"), "\(lanes.errors)")
    }

    /// A host whose BLAS has other kernels stands in for one with another processor.
    private func trainWithTwoBLASKernels(_ settings: [String], in folder: ScratchFolder) throws -> ProgramRun {
      let script =
        "export OPENBLAS_CORETYPE=$([ $OMPI_COMM_WORLD_RANK = 1 ] && echo Sandybridge || echo Haswell); exec \"$@\""
      return try ProgramRun.run(
        "/bin/sh", ["-c", script, "sh", program] + settings.flatMap { ["--set", $0] } + ["--name", "run"], ranks: 2,
        in: folder.path)
    }

    @Test func `BLAS kernels that a training does not use may differ`() throws {
      let folder = try ScratchFolder()
      let run = try trainWithTwoBLASKernels(Self.short + ["optimizer.partition=weight"], in: folder)
      #expect(run.exitCode == 0 && run.output.contains("test accuracy:"), "\(run.errors)")
    }

    @Test(arguments: ["mpi", "node"]) func `steps by unit are the same on ranks with different kernels`(
      reduction: String
    ) throws {
      let folder = try ScratchFolder()
      // Every root is one rank's, and every rank has its numbers.
      let run = try trainWithTwoBLASKernels(
        [
          "optimizer.partition=unit", "training.checkReplicas=1", "training.epochs=2",
          "network=[{dense: 30}, tanh, {dense: 20}, tanh, {dense: 10}]", "reduction=\(reduction)",
        ], in: folder)
      #expect(run.exitCode == 0 && run.output.contains("test accuracy:"), "\(run.errors)")
    }

    @Test func `ranks that compute otherwise are named with the variable that mends it`() throws {
      let folder = try ScratchFolder()
      let run = try trainWithTwoBLASKernels(
        Self.short + [
          "training.gradient=layerTargets", "network=[{dense: 10}, sigmoid]", "loss=squaredError",
          "optimizer={name: sgd, learningRate: 0.1}",
        ], in: folder)
      #expect(run.exitCode == 64, "\(run.errors)")
      #expect(run.errors.contains("rank 1 on ") && run.errors.contains("OPENBLAS_CORETYPE"), "\(run.errors)")
      #expect(run.errors.contains("Sandybridge") && run.errors.contains("Haswell"), "\(run.errors)")
    }
  }
}

/// The files of a run, without what tells of time and ranks.
private struct Trained {
  let model: Data
  /// The optimizer's state in the checkpoint at the end.
  let optimizer: Data
  let weights: Data?
  let student: Data?
  let manifest: Manifest
  let metrics: [String]
  let result: RunResult?

  init(_ settings: [String], ranks: Int? = nil, command: [String] = []) throws {
    let folder = try ScratchFolder()
    let run = try ProgramRun.run(
      ProgramTests.program, command + settings.flatMap { ["--set", $0] } + ["--name", "run"], ranks: ranks,
      in: folder.path)
    try #require(run.exitCode == 0, "\(run.errors)")
    func read(_ name: String) -> Data? { FileManager.default.contents(atPath: folder.path + "/runs/run/" + name) }
    model = try #require(read("model.safetensors"))
    let checkpoints = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/runs/run/checkpoints")
    let last = try #require(checkpoints.max())
    optimizer = try #require(read("checkpoints/\(last)/optimizer.safetensors"))
    (weights, student) = (read("weights.csv"), read("student.safetensors"))
    let text = try #require(read("manifest.json"))
    manifest = try JSONDecoder().decode(Manifest.self, from: text)
    metrics = String(decoding: try #require(read("metrics.jsonl")), as: UTF8.self).split(separator: "\n").map {
      String($0.replacing(/"seconds":[^,]*,/, with: ""))
    }
    var result = manifest.result
    result?.seconds = 0
    result?.ranks = 0
    result?.reweight = nil
    self.result = result
  }
}
