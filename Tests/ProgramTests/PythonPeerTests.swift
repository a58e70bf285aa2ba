import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// Python's `safetensors` and NumPy as judges from outside. The test script installs them and names their interpreter.
  @Suite(.serialized) struct PythonPeerTests {
    static let python = ProcessInfo.processInfo.environment["RP_DIST_TEST_PYTHON"]

    private func judge(_ script: String, in folder: ScratchFolder) throws {
      let file = try folder.write(script.utf8, to: "judge.py")
      let run = try ProgramRun.run(try #require(Self.python), [file], in: folder.path)
      #expect(run.exitCode == 0, "\(run.errors)")
    }

    @Test(.enabled(if: python != nil, "RP_DIST_TEST_PYTHON is unset"))
    func `NumPy computes the outputs of a trained model from its file alone`() throws {
      let folder = try ScratchFolder()
      let train = try ProgramRun.run(
        program, short + ["--set", "training.precision=float64", "--name", "m"], ranks: 2, in: folder.path)
      try #require(train.exitCode == 0, "\(train.errors)")
      try judge(
        """
        import json, numpy as np
        from safetensors import safe_open
        from safetensors.numpy import save_file
        with safe_open("runs/m/model.safetensors", "np") as f:
            w = {k: f.get_tensor(k) for k in f.keys()}
            meta = f.metadata()
        assert [sorted(w), {v.dtype for v in w.values()}] == [
            sorted(f"layers.{n}.{p}" for n in (0, 2, 4) for p in ("weight", "bias")), {np.dtype("float64")}]
        network = json.loads(meta["network"])
        assert network[0] == {"dense": {"inputs": 64, "outputs": 64}} and network[1] == "tanh", network
        scaling = json.loads(meta["scaling"])
        assert scaling["scale"] == [0.125] and scaling["offset"] == [-1], scaling
        x = np.random.default_rng(1).uniform(-1, 1, (7, 64))
        y = x
        for n in (0, 2, 4):
            y = y @ w[f"layers.{n}.weight"].T + w[f"layers.{n}.bias"]
            if n < 4: y = np.tanh(y)
        t = np.eye(10)[:7]
        save_file({"inputs": x, "targets": t}, "batch.safetensors")
        np.save("outputs.npy", y)
        p = np.exp(y - y.max(1, keepdims=True)); p /= p.sum(1, keepdims=True)
        np.save("loss.npy", -np.log((p * t).sum(1)).mean())
        np.save("last.npy", (p - t).T @ np.tanh(np.tanh(x @ w["layers.0.weight"].T + w["layers.0.bias"])
            @ w["layers.2.weight"].T + w["layers.2.bias"]) / 7)
        """, in: folder)
      let statistics = try ProgramRun.run(
        program,
        [
          "statistics", "--model", "runs/m/model.safetensors", "--batch", "batch.safetensors",
          "--loss", "softmaxCrossEntropy", "--precision", "float64", "--out", "s.safetensors",
        ], in: folder.path)
      try #require(statistics.exitCode == 0, "\(statistics.errors)")
      try judge(
        """
        import numpy as np
        from safetensors.numpy import load_file
        s = load_file("s.safetensors")
        assert s["meanLoss"].shape == () and s["outputs"].dtype == np.float64
        assert s["layers.4.weight.wDDot"].shape == (10, 32) and (s["layers.4.weight.wDDot"] >= 0).all()
        # Sums of at most 64 products in Double.
        for name, file in (("outputs", "outputs"), ("meanLoss", "loss"), ("layers.4.weight.wDot", "last")):
            expected = np.load(file + ".npy")
            assert abs(s[name] - expected).max() <= 1e-13 * abs(expected).max(), name
        """, in: folder)
    }
  }
}
