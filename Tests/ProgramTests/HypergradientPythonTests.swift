import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// NumPy differentiates the whole chain by each weight, from the files alone.
  @Suite(.serialized) struct HypergradientPythonTests {
    /// A chain in NumPy. By complex steps L(a_i + i h)/h a derivative has no truncation and no cancellation; central
    /// differences are the same test in the form that everybody knows.
    private static let chain = """
      import sys, numpy as np
      from safetensors.numpy import load_file, save_file
      f, phi = dict(tanh=np.tanh, softplus=lambda z: np.log(1 + np.exp(z)), sigmoid=lambda z: 1 / (1 + np.exp(-z))), {}
      slope = dict(tanh=lambda z: 1 - np.tanh(z) ** 2, softplus=f["sigmoid"])
      def softmax(y): e = np.exp(y); return e / e.sum(1, keepdims=True)
      label = dict(softmaxCrossEntropy=softmax, squaredError=lambda z: z, sigmoidCrossEntropy=f["sigmoid"])
      loss = dict(softmaxCrossEntropy=lambda y, t: -(t * np.log(softmax(y))).sum(1),
                  squaredError=lambda y, t: ((y - t) ** 2).sum(1),
                  sigmoidCrossEntropy=lambda y, t: (np.log(1 + np.exp(y)) - t * y).sum(1))
      loss_slope = dict(softmaxCrossEntropy=lambda y, t: softmax(y) * t.sum(1, keepdims=True) - t,
                        squaredError=lambda y, t: 2 * (y - t), sigmoidCrossEntropy=lambda y, t: f["sigmoid"](y) - t)
      def forward(w, act, x):
          z = x @ w[0].T + w[1]
          return f[act](z) @ w[2].T + w[3], z
      def gradient(w, act, x, y_dot, z):  # a sum over the rows
          d = y_dot @ w[2] * slope[act](z)
          return [d.T @ x, d.sum(0), y_dot.T @ f[act](z), y_dot.sum(0)]
      def step(w, act, rate, parts, kind):  # parts: (a, inputs, targets)
          new = list(w)
          for a, x, t in parts:
              y, z = forward(w, act, x)
              g = gradient(w, act, x, a[:, None] * loss_slope[kind](y, t), z)
              new = [n - rate * g for n, g in zip(new, g)]
          return new
      def L(a, levels, c, W, V, o):
          W1 = step(W, "tanh", o["teacher-rate"], [(a, c["training.inputs"], c["training.targets"])], o["teacher-loss"])
          if levels == 2: last, act = W1, "tanh"
          else:
              u, one = c["unlabelled.inputs"], lambda x: np.ones(len(x))
              parts = [(one(u), u, label[o["student-loss"]](forward(W1, "tanh", u)[0])),
                       (o["pair-weight"] * one(c["pairs.inputs"]), c["pairs.inputs"], c["pairs.targets"])]
              last, act = step(V, "softplus", o["student-rate"], parts, o["student-loss"]), "softplus"
          x, t = c["validation.inputs"], c["validation.targets"]
          return loss[o["validation-loss"]](forward(last, act, x)[0], t).mean()
      def model(path):
          m = load_file(path)
          return [m[f"layers.{n}.{p}"] for n in (0, 2) for p in ("weight", "bias")]
      names = ("softmaxCrossEntropy", "squaredError", "sigmoidCrossEntropy")
      """

    private func python(_ script: String, in folder: ScratchFolder, _ arguments: [String] = []) throws {
      let file = try folder.write((Self.chain + "\n" + script).utf8, to: "judge.py")
      let run = try ProgramRun.run(try #require(PythonPeerTests.python), [file] + arguments, in: folder.path)
      #expect(run.exitCode == 0, "\(run.errors)")
    }

    @Test(
      .enabled(if: PythonPeerTests.python != nil, "RP_DIST_TEST_PYTHON is unset"), arguments: [2, 3],
      [
        ["softmaxCrossEntropy", "softmaxCrossEntropy", "softmaxCrossEntropy"],
        ["squaredError", "squaredError", "softmaxCrossEntropy"],
        ["softmaxCrossEntropy", "sigmoidCrossEntropy", "squaredError"],
      ])
    func `NumPy finds the same by differentiating the whole chain`(levels: Int, losses: [String]) throws {
      let folder = try ScratchFolder()
      try python(
        """
        r = np.random.default_rng(7)
        for name, hidden in (("t", 5), ("s", 4)):
            save_file({"layers.0.weight": r.normal(size=(hidden, 6)), "layers.0.bias": r.normal(size=hidden),
                       "layers.2.weight": r.normal(size=(3, hidden)), "layers.2.bias": r.normal(size=3)}, name)
        c = {f"{n}.inputs": r.normal(size=(k, 6)) for n, k in
             (("training", 9), ("unlabelled", 8), ("pairs", 3), ("validation", 7))}
        c |= {f"{n}.targets": r.dirichlet([1, 1, 1], len(c[f"{n}.inputs"])) for n in ("training", "pairs", "validation")}
        c["training.weights"] = r.uniform(-0.5, 2, 9)
        save_file(c, "c")
        """, in: folder)
      let run = try ProgramRun.run(
        program,
        [
          "hypergradient", "--levels", "\(levels)", "--teacher", "t", "--teacher-network", "dense,tanh,dense",
          "--student", "s", "--student-network", "dense,softplus,dense", "--teacher-rate", "0.05", "--student-rate",
          "0.04", "--pair-weight", "0.7", "--teacher-loss", losses[0], "--student-loss", losses[1],
          "--validation-loss", losses[2], "--case", "c", "--out", "h",
        ], ranks: 2, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      try python(
        """
        levels, o = int(sys.argv[1]), dict(zip(("teacher-loss", "student-loss", "validation-loss"), sys.argv[2:]))
        o |= {"teacher-rate": 0.05, "student-rate": 0.04, "pair-weight": 0.7}
        c, h, W, V = load_file("c"), load_file("h"), model("t"), model("s")
        a = c["training.weights"]
        def at(i, step): b = a.astype(type(step)); b[i] += step; return L(b, levels, c, W, V, o)
        exact = np.array([at(i, 1e-30j).imag / 1e-30 for i in range(len(a))])
        central = np.array([(at(i, 1e-5) - at(i, -1e-5)) / 2e-5 for i in range(len(a))])
        far = lambda x: abs(x - exact).max() / abs(exact).max()
        # Some hundred roundings of 1e-16; central differences of a loss near 1 are off by 1e-16/1e-5 and by 1e-10.
        assert far(h["hypergradient"]) < 1e-12, far(h["hypergradient"])
        assert abs(h["hypergradient"] - central).max() < 1e-9
        assert abs(h["validationLoss"] - at(0, 0.0)) < 1e-13 * at(0, 0.0)
        # A tenth of a thousandth more of one rate, or the other chain, would be seen.
        o["teacher-rate"] *= 1 + 1e-4
        assert far(np.array([at(i, 1e-30j).imag / 1e-30 for i in range(len(a))])) > 1e-6
        assert abs(L(a + 0j, 5 - levels, c, W, V, o).real - h["validationLoss"]) > 1e-6
        """, in: folder, ["\(levels)"] + losses)
    }
  }
}
