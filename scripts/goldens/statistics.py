#!/usr/bin/env python3
"""Writes what Tests/goldens/statistics-*.json expect: Ẇ and Ẅ of residual partitioning, float64, by NumPy.

    scripts/goldens/statistics.py            # prints how far each file is from what is computed
    scripts/goldens/statistics.py --write    # and writes `expected` anew

A file holds a problem (layers, loss, inputs, targets), which stays, and `expected`: `paper` by (M3-M10), `full` with (M13) too,
all divided by the number of samples. Files with `"partition": "unit"` hold (M27-M29): g, A and the blocks H of every unit, n =
inputs + 1, the bias last. The labels are those of docs/mathematics.md.
"""
import json
import pathlib
import sys

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# sigma, sigma' and sigma'' of z.
ACTIVATIONS = {
    "identity": lambda z: (z, np.ones_like(z), np.zeros_like(z)),
    "tanh": lambda z: (np.tanh(z), 1 - np.tanh(z) ** 2, -2 * np.tanh(z) * (1 - np.tanh(z) ** 2)),
    "sigmoid": lambda z: (sigmoid(z), sigmoid(z) * sigmoid(-z), sigmoid(z) * sigmoid(-z) * (1 - 2 * sigmoid(z))),
    "softplus": lambda z: (np.logaddexp(0, z), sigmoid(z), sigmoid(z) * sigmoid(-z)),
    "relu": lambda z: (np.maximum(z, 0), (z > 0).astype(float), np.zeros_like(z)),
}


def evaluate(loss, y, t):
    """The losses of the samples, the derivative and the diagonal h of the Hessian, and whether that is all of it."""
    if loss == "squaredError":
        return ((y - t) ** 2).sum(axis=1), 2 * (y - t), np.full_like(y, 2), True
    if loss == "softmaxCrossEntropy":
        logs = y - y.max(axis=1, keepdims=True)
        logs = logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))
        p = np.exp(logs)
        return -(t * logs).sum(axis=1), p - t, p * (1 - p), False
    if loss == "squaredHinge":
        own = t.argmax(axis=1)[:, None]
        m = np.maximum(0, y - np.take_along_axis(y, own, axis=1) + 1)
        np.put_along_axis(m, own, 0, axis=1)
        gradient, h = 2 * m, 2.0 * (m > 0)
        np.put_along_axis(gradient, own, -gradient.sum(axis=1, keepdims=True), axis=1)
        np.put_along_axis(h, own, h.sum(axis=1, keepdims=True), axis=1)
        return (m**2).sum(axis=1), gradient, h, False
    raise SystemExit(f"statistics.py: unknown loss {loss}")


def unit_curvature(x, z, y_dot_magnitudes, u):
    """(M28), (M29): g, a, A and H of a dense layer."""
    samples = len(x)
    x1 = np.hstack([x, np.ones((samples, 1))])
    norms = np.sqrt((x1**2).sum(axis=1))
    g = z.mean(axis=0)
    share = z.mean(axis=1) / z.mean() if z.mean() > 0 else np.zeros(samples)
    moment = np.einsum("s,sj,sk->jk", share / norms, x1, x1) / samples
    blocks = np.einsum("si,sj,sk->ijk", z / norms[:, None], x1, x1) / samples
    if y_dot_magnitudes is not None:
        for j in range(x.shape[1]):
            blocks[:, j, j] += (y_dot_magnitudes * u[:, j : j + 1]).mean(axis=0)
    return {"unitCurvature": g.tolist(), "sampleShare": share.tolist(), "inputMoment": moment.tolist(),
            "blocks": blocks.tolist()}


def expected(golden):
    layers = [(np.array(layer["weight"]), np.array(layer["bias"]), ACTIVATIONS[layer["activation"]])
              for layer in golden["layers"]]
    y, targets = np.array(golden["inputs"]), np.array(golden["targets"])
    samples, u = len(y), np.zeros_like(y)  # (M3)
    by_unit = golden.get("partition") == "unit"
    passes = []
    for weight, bias, activation in layers:
        value, slope, curvature = activation(y @ weight.T + bias)  # (M1)
        own = np.sqrt((y**2).sum(axis=1, keepdims=True) + 1) if by_unit else np.abs(y).sum(axis=1, keepdims=True) + 1
        u_z = own + u @ np.abs(weight).T  # (M4), (M27)
        passes.append((y, u, u_z, slope, curvature))
        y, u = value, np.abs(slope) * u_z  # (M5)
    losses, gradient, h, is_diagonal = evaluate(golden["loss"], y, targets)

    def statistics(is_full):
        y_dot = gradient
        z = h * u if is_diagonal else np.sqrt(h) * (u * np.sqrt(h)).sum(axis=1, keepdims=True)  # (M6), (M7)
        rows = []
        for (weight, _, _), (x, u_below, u_z, slope, curvature) in zip(reversed(layers), reversed(passes)):
            z = np.abs(z * np.abs(slope) + y_dot * curvature * u_z)  # (M8)
            y_dot = y_dot * slope
            row = {"wDot": (y_dot.T @ x / samples).tolist(), "biasDot": y_dot.mean(axis=0).tolist()}
            if by_unit:
                rows.append(row | unit_curvature(x, z, np.abs(y_dot) if is_full else None, u_below))
            else:
                w_ddot = z.T @ np.abs(x)  # (M9)
                if is_full:
                    w_ddot += np.abs(y_dot).T @ u_below  # (M13)
                rows.append(row | {"wDDot": (w_ddot / samples).tolist(), "biasDDot": z.mean(axis=0).tolist()})
            z = z @ np.abs(weight) + (np.abs(y_dot).sum(axis=1, keepdims=True) if is_full else 0)  # (M10), (M13)
            y_dot = y_dot @ weight
        return rows[::-1]

    return {"meanLoss": float(losses.mean()), "outputs": y.tolist(), "outputTotalGradient": u.tolist(),
            "paper": statistics(False), "full": statistics(True)}


def difference(a, b):
    """The largest difference of two values of one form, relative to the largest number of its array."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        return max(difference(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(a[0], dict):
        assert len(a) == len(b)
        return max(map(difference, a, b))
    a, b = np.array(a), np.array(b)
    assert a.shape == b.shape
    return float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-300))


if __name__ == "__main__":
    folder = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "goldens"
    for path in sorted(folder.glob("statistics-*.json")):
        golden = json.loads(path.read_text(encoding="utf-8"))
        if "layers" not in golden:
            print(f"{path.name}: left alone, it has other layers than dense ones and activations")
            continue
        computed = expected(golden)
        print(f"{path.name}: {difference(golden['expected'], computed):.1e}")
        if "--write" in sys.argv[1:]:
            path.write_text(json.dumps(golden | {"expected": computed}), encoding="utf-8")
