#!/usr/bin/env python3
"""Writes what Tests/goldens/hypergradient-*.json expect: ∂L/∂a on two and three levels, float64, by NumPy.

    scripts/goldens/hypergradient.py            # prints how far each file is from what is computed
    scripts/goldens/hypergradient.py --write    # and writes `expected` anew

A file holds a chain (teacher, student, samples, rates), which stays, and `expected`. The whole chain (M23, M24) is computed in
complex numbers with one weight moved by i·1e-30: the imaginary part of L is the derivative, without a difference that could
lose digits. Both networks have softmax cross-entropy; soft labels are the teacher's softmax.
"""
import json
import pathlib
import sys

import numpy as np

STEP = 1e-30
# sigma and sigma' of z, for complex z.
ACTIVATIONS = {
    "identity": lambda z: (z, np.ones_like(z)),
    "tanh": lambda z: (np.tanh(z), 1 - np.tanh(z) ** 2),
    "softplus": lambda z: (np.log(1 + np.exp(z)), 1 / (1 + np.exp(-z))),
}


def parameters(layers):
    return [(np.array(layer["weight"], complex), np.array(layer["bias"], complex)) for layer in layers]


def forward(layers, w, x):
    """The logits, and for each layer its input and slopes."""
    passes = []
    for layer, (weight, bias) in zip(layers, w):
        value, slope = ACTIVATIONS[layer["activation"]](x @ weight.T + bias)
        passes.append((x, slope))
        x = value
    return x, passes


def log_softmax(y):
    logs = y - y.real.max(axis=1, keepdims=True)
    return logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))


def gradient(layers, w, x, t, counts):
    """Of the sum of counts · loss."""
    y, passes = forward(layers, w, x)
    y_dot = counts[:, None] * (np.exp(log_softmax(y)) * t.sum(axis=1, keepdims=True) - t)
    rows = []
    for (weight, _), (value, slope) in zip(reversed(w), reversed(passes)):
        y_dot = y_dot * slope
        rows.append((y_dot.T @ value, y_dot.sum(axis=0)))
        y_dot = y_dot @ weight
    return rows[::-1]


def moved(w, gradients, rate):
    return [(weight - rate * g, bias - rate * h) for (weight, bias), (g, h) in zip(w, gradients)]


def expected(golden):
    x, t = (np.array(golden["training"][key], complex) for key in ("inputs", "targets"))
    judge_x, judge_t = (np.array(golden["validation"][key], complex) for key in ("inputs", "targets"))
    pair_x, pair_t = (np.array(golden["pairs"][key], complex) for key in ("inputs", "targets"))
    unlabelled, kappa = np.array(golden["unlabelled"], complex), golden["pairs"]["weight"]
    teacher, student = golden["teacher"], golden["student"]

    def mean_loss(layers, w):
        return -(judge_t * log_softmax(forward(layers, w, judge_x)[0])).sum(axis=1).mean()

    def losses(a):
        """L of two and of three levels."""
        w = parameters(teacher)
        w = moved(w, gradient(teacher, w, x, t, a), golden["teacherRate"])
        labels = np.exp(log_softmax(forward(teacher, w, unlabelled)[0]))
        v = parameters(student)
        on_labels = gradient(student, v, unlabelled, labels, np.ones(len(unlabelled)))
        on_pairs = gradient(student, v, pair_x, pair_t, np.full(len(pair_x), kappa))
        both = [(g + p, h + q) for (g, h), (p, q) in zip(on_labels, on_pairs)]
        return mean_loss(teacher, w), mean_loss(student, moved(v, both, golden["studentRate"]))

    a = np.array(golden["training"]["weights"], complex)
    slopes = []
    for i in range(len(a)):
        step = np.zeros(len(a), complex)
        step[i] = 1j * STEP
        slopes.append([loss.imag / STEP for loss in losses(a + step)])
    two, three = np.array(slopes).T
    loss_two, loss_three = (float(loss.real) for loss in losses(a))
    return {"threeLevel": three.tolist(), "twoLevel": two.tolist(), "validationLossThree": loss_three,
            "validationLossTwo": loss_two}


if __name__ == "__main__":
    folder = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "goldens"
    for path in sorted(folder.glob("hypergradient-*.json")):
        golden = json.loads(path.read_text(encoding="utf-8"))
        computed = expected(golden)
        worst = max(
            float(np.abs(np.array(golden["expected"][key]) - value).max() / np.abs(value).max())
            for key, value in ((key, np.array(value)) for key, value in computed.items()))
        print(f"{path.name}: {worst:.1e}")
        if "--write" in sys.argv[1:]:
            path.write_text(json.dumps(golden | {"expected": computed}), encoding="utf-8")
