#!/usr/bin/env python3
"""Writes Tests/goldens/unit-steps.json: training by (M27-M31) and (M33), float64, by NumPy.

    scripts/goldens/unit_steps.py            # prints how far the file is from what is computed
    scripts/goldens/unit_steps.py --write    # and writes it anew

Every case trains one of the problems of Tests/goldens/statistics-unit-*.json, all samples in every step, and holds the
parameters after the last step. The labels are those of docs/mathematics.md.
"""
import json
import pathlib
import sys

import numpy as np

from statistics import difference, expected  # the module beside this one

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "goldens"

CASES = [
    {"problem": "softplus-classifier", "steps": 24, "power": 0.5, "momentum": 0.9, "decay": 0.95, "every": 4, "l2": 0.01, "l1": 0.002},
    {"problem": "tanh-autoencoder", "steps": 24, "power": 1, "momentum": 0.9, "decay": 0.95, "every": 3, "learningRate": 0.01, "l2": 0.01},
    {"problem": "tanh-autoencoder", "steps": 14, "power": 0.5, "momentum": 0, "decay": 0.5, "every": 1, "learningRate": 0.01},
    {"problem": "relu-regression", "steps": 24, "power": 0.5, "momentum": 0.5, "decay": 0.9, "every": 2},
    {"problem": "softplus-classifier", "steps": 6, "power": 1, "momentum": 0, "decay": 0, "every": 1, "learningRate": 0.7, "scale": "none"},
    {"problem": "tanh-autoencoder", "steps": 12, "power": 0.5, "momentum": 0.9, "decay": 0.95, "every": 5, "learningRate": 0.02, "scale": "none", "l2": 0.1},
]


def root(a, power, is_first):
    """P of (M31) for one block of inputs, and the bias."""
    n, mean = len(a) - 1, np.mean(np.diag(a))

    def ridge(own):
        return 0.01 * (np.full(len(own), mean) if is_first else np.sqrt(mean * np.maximum(own, mean * 1e-8)))

    mu = a[:n, n] / a[n, n]
    sigma = a[:n, :n] - 0.97 * a[n, n] * np.outer(mu, mu)
    values, vectors = np.linalg.eigh(sigma + np.diag(ridge(np.diag(sigma))))
    p = np.zeros_like(a)
    p[:n, :n] = (vectors * values**-power) @ vectors.T
    p[n, n] = (a[n, n] + ridge(a[n:, n])[0]) ** -power * (1 + mu @ mu) ** ((1 - power) / 2)
    c = np.eye(n + 1)
    c[n, :n] = -mu
    return c @ p @ c.T


def train(problem, case):
    layers = [np.hstack([np.array(l["weight"]), np.array(l["bias"])[:, None]]) for l in problem["layers"]]
    start = [w.copy() for w in layers]
    power, momentum, decay = case["power"], case["momentum"], case["decay"]
    finds_length = "learningRate" not in case
    m = [np.zeros_like(w) for w in layers]
    g = [np.zeros(len(w)) for w in layers]
    a = [np.zeros((w.shape[1], w.shape[1])) for w in layers]
    updates, roots, refreshes = [0] * len(layers), [None] * len(layers), 0
    # (M33)
    beta = 0.999
    r, s, d, d_all = [0.0] * len(layers), [np.zeros_like(w) for w in layers], [1e-6] * len(layers), 1e-6
    for t in range(case["steps"]):
        now = problem | {"layers": [l | {"weight": w[:, :-1].tolist(), "bias": w[:, -1].tolist()}
                                    for l, w in zip(problem["layers"], layers)]}
        rows = expected(now)["paper"]
        if t < 10 or t % case["every"] == 0:  # (M30)
            refreshes += 1
            for i, row in enumerate(rows):
                curvature = np.array(row["unitCurvature"])
                if curvature.mean() == 0:
                    continue
                updates[i] += 1
                g[i] = decay * g[i] + (1 - decay) * curvature
                a[i] = decay * a[i] + (1 - decay) * np.array(row["inputMoment"])
                if refreshes % 2 == 1 or roots[i] is None:
                    roots[i] = root(a[i] / (1 - decay ** updates[i]), power, i == 0)
        gradients = []
        for w, row in zip(layers, rows):
            gradient = np.hstack([np.array(row["wDot"]), np.array(row["biasDot"])[:, None]])
            gradients.append(gradient + case.get("l2", 0) * w + case.get("l1", 0) * np.sign(w))
        lengths = [case.get("learningRate")] * len(layers)
        if finds_length:
            top = bottom = 0.0
            limit = d_all
            for i, (w, gradient) in enumerate(zip(layers, gradients)):
                k = (1 - np.sqrt(beta)) * min(d[i], limit) ** 2
                r[i] = np.sqrt(beta) * r[i] + k * (gradient * (start[i] - w)).sum()
                s[i] = np.sqrt(beta) * s[i] + k * gradient
                size = np.abs(s[i]).sum()
                d[i] = max(d[i], r[i] / size)
                top, bottom = top + r[i], bottom + size
            d_all = max(d_all, top / bottom)
            lengths = [min(x, d_all) / np.sqrt(1 + (1 - beta) * t) for x in d]
        for i, gradient in enumerate(gradients):  # (M31)
            m[i] = momentum * m[i] + (1 - momentum) * gradient
            smoothed = m[i] / (1 - momentum ** (t + 1))
            curvature = g[i] / (1 - decay ** updates[i])
            direction = (curvature + 1e-3 * curvature.mean())[:, None] ** -power * (smoothed @ roots[i])
            scale = 1 if case.get("scale") == "none" else 1 / np.sqrt((direction**2).mean())
            layers[i] = layers[i] - lengths[i] * scale * direction
    return [{"weight": w[:, :-1].tolist(), "bias": w[:, -1].tolist()} for w in layers]


if __name__ == "__main__":
    computed = []
    for case in CASES:
        problem = json.loads((FOLDER / f"statistics-unit-{case['problem']}.json").read_text(encoding="utf-8"))
        computed.append(case | {"parameters": train(problem, case)})
    path = FOLDER / "unit-steps.json"
    if path.exists():
        for old, new in zip(json.loads(path.read_text(encoding="utf-8"))["cases"], computed):
            print(f"{new['problem']}, power {new['power']}: {difference(old['parameters'], new['parameters']):.1e}")
    if "--write" in sys.argv[1:]:
        path.write_text(json.dumps({"cases": computed}), encoding="utf-8")
