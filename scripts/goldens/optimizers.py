#!/usr/bin/env python3
"""Writes Tests/goldens/optimizers-pytorch.json: what PyTorch's optimizers and schedules do with given gradients.

    pip install torch            # about 5 GB; the tests themselves need only the file
    scripts/goldens/optimizers.py

Every run starts at the same parameters and takes the same gradients, in float64; the file has the parameters after each
step. PyTorch's settings are those that compute (M17) of the same name:

- sgd, rmsprop, adam: the same formulas; weight_decay is the gradient of `l2`, part of g.
- momentum: PyTorch's buffer is b <- mu b + g, so that v of (M17) is (1 - mu) b, and
  alpha v/(1 - mu^t) = alpha (1 - mu)/(1 - mu^t) b: PyTorch gets that learning rate before step t = 1, 2, ...
- dampedMomentum: with dampening = mu PyTorch's buffer starts at b = g and goes on b <- mu b + (1 - mu) g. That is
  v + mu^t g_1, not v/(1 - mu^t): both agree only while all gradients are equal, so this run repeats the first gradient.
"""
import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)

START = [0.5, -1.25, 2.0, -0.03125, 0.0, 1.5]
STEPS = 10
# Of different sizes and signs, exact zeros among them; every number is exact in float32 as well.
SCALES = [1, 0.25, 4, 0.03125, 0.5, 0]
GRADIENTS = [
    [round(1024 * scale * math.cos(1.7 * step + 2.3 * k)) / 1024 for k, scale in enumerate(SCALES)]
    for step in range(STEPS)
]


def trajectory(make, gradients=GRADIENTS, rate=lambda step: None):
    """The parameters after each step; `rate` gives the learning rate of step 1, 2, ... where it is not constant."""
    w = torch.tensor(START, requires_grad=True)
    optimizer = make([w])
    rows = []
    for step, gradient in enumerate(gradients, 1):
        if rate(step) is not None:
            optimizer.param_groups[0]["lr"] = rate(step)
        w.grad = torch.tensor(gradient)
        optimizer.step()
        rows.append(w.tolist())
    return rows


def run(rule, rate, make, l2=0.0, gradients=GRADIENTS, schedule=lambda step: None, **settings):
    return {"rule": rule, "rate": rate, "l2": l2, "settings": settings,
            "repeatsFirstGradient": gradients is not GRADIENTS, "parameters": trajectory(make, gradients, schedule)}


def momentum(rate, mu, l2):
    return run("momentum", rate, lambda w: torch.optim.SGD(w, lr=rate, momentum=mu, weight_decay=l2), l2,
               schedule=lambda t: rate * (1 - mu) / (1 - mu**t), decay=mu)


def damped_momentum(rate, mu):
    return run("momentum", rate, lambda w: torch.optim.SGD(w, lr=rate, momentum=mu, dampening=mu),
               gradients=[GRADIENTS[0]] * STEPS, decay=mu)


def rmsprop(rate, rho, epsilon, l2):
    return run("rmsprop", rate, lambda w: torch.optim.RMSprop(w, lr=rate, alpha=rho, eps=epsilon, weight_decay=l2), l2,
               decay=rho, epsilon=epsilon)


def adam(rate, first, second, epsilon, l2):
    return run("adam", rate,
               lambda w: torch.optim.Adam(w, lr=rate, betas=(first, second), eps=epsilon, weight_decay=l2), l2,
               momentum=first, decay=second, epsilon=epsilon)


def schedule(name, make, steps, steps_per_epoch=1):
    """Factors of a rate of 1, one for each of PyTorch's steps."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = make(optimizer)
    factors = []
    for _ in range(steps):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return {"name": name, "steps": steps, "stepsPerEpoch": steps_per_epoch, "factors": factors}


golden = {
    "source": f"PyTorch {torch.__version__.split('+')[0]}, float64, scripts/goldens/optimizers.py",
    "start": START,
    "gradients": GRADIENTS,
    "runs": [
        run("sgd", 0.1, lambda w: torch.optim.SGD(w, lr=0.1)),
        run("sgd", 0.1, lambda w: torch.optim.SGD(w, lr=0.1, weight_decay=0.25), 0.25),
        momentum(0.1, 0.9, 0.0),
        momentum(0.05, 0.5, 0.25),
        damped_momentum(0.1, 0.9),
        rmsprop(0.01, 0.99, 1e-8, 0.0),
        rmsprop(0.05, 0.9, 0.125, 0.25),
        adam(0.01, 0.9, 0.999, 1e-8, 0.0),
        adam(0.05, 0.8, 0.95, 0.125, 0.0),
        adam(0.01, 0.9, 0.999, 1e-8, 0.25),
    ],
    "schedules": [
        schedule("exponential", lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.95), 20),
        schedule("linear", lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.0, 20), 20),
        schedule("cosine", lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 20), 20),
    ],
}


def lines(value, indent=""):
    """JSON with a line for each list of numbers."""
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{inner}{json.dumps(key)}: {lines(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}" if items else "{}"
    if isinstance(value, list) and not all(isinstance(item, (int, float)) for item in value):
        return "[\n" + ",\n".join(inner + lines(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value)


path = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "goldens" / "optimizers-pytorch.json"
path.write_text(lines(golden) + "\n", encoding="utf-8")
print(f"{path.name}: {path.stat().st_size} bytes")
