#!/usr/bin/env python3
"""A prototype of residual partitioning by unit (M27-M31) in which rules for the lengths of steps can be exchanged.

    scripts/try-lengths --data DIR PROBLEM ... [--rule RULE] [KEY=VALUE ...] [--seeds 1 2 3]

PROBLEM is a name below, or mlp:DEPTH:ACTIVATION:INITIALISATION:EPOCHS for hidden layers of 128 units on MNIST. A rule's
constants are given as KEY=VALUE; --curvature exchanges what steps are divided by. A line is printed for each training: test loss without R, accuracy, seconds.
"""
import argparse
import gzip
import math
import os
import pathlib
import time

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot, softplus

torch.set_grad_enabled(False)

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BETA = 0.9  # of the average of gradients
DELTA = 0.01  # of the root, relative to the mean of A's diagonal, below the first layer half-way to the own element
BLOCK, KEPT = 256, 0.03  # the most inputs of a block; the part of the means' outer product that stays
FIRST, EVERY = 10, 10  # refreshes of g and A

# What a step divides by: g and P of (M31); A without Z, the plain second moment of the input; units all alike; both; the root of
# Adam's average of squares; Ẅ of single weights, with equal shares or with shares that follow the movement.
CURVATURES = ["unit", "plainMoment", "equalUnits", "plain", "adam", "weight", "movement"]


# Activations: their values, first and second derivatives; no second derivative where it is 0 everywhere.


def elu(z):
    e = z.clamp(max=0).exp()
    return torch.where(z > 0, z, e - 1), torch.where(z > 0, 1.0, e), torch.where(z > 0, 0.0, e)


def tanh(z):
    t = z.tanh()
    return t, 1 - t * t, -2 * t * (1 - t * t)


def sigmoid(z):
    s = z.sigmoid()
    return s, s * (1 - s), s * (1 - s) * (1 - 2 * s)


def swish(z):
    s = z.sigmoid()
    d = s * (1 - s)
    return z * s, s + z * d, 2 * d + z * d * (1 - 2 * s)


ACTIVATIONS = {
    "identity": lambda z: (z, torch.ones_like(z), None),
    "relu": lambda z: (z.clamp(min=0), (z > 0).float(), None),
    "leakyRelu": lambda z: (torch.where(z > 0, z, 0.01 * z), torch.where(z > 0, 1.0, 0.01), None),
    "softplus": lambda z: (softplus(z), z.sigmoid(), z.sigmoid() * (1 - z.sigmoid())),
    "elu": elu, "tanh": tanh, "sigmoid": sigmoid, "swish": swish,
}


class Network:
    """Dense layers; a layer's matrix is [W b], its input ends with a column of ones."""

    def __init__(self, sizes, activations, loss, initialisation, seed, l2=0.0):
        self.activations, self.loss, self.l2 = [ACTIVATIONS[name] for name in activations], loss, l2
        generator = torch.Generator().manual_seed(seed)
        self.weights = []
        for n, m in zip(sizes, sizes[1:]):
            if initialisation == "uniform":
                w = (2 * torch.rand(m, n + 1, generator=generator) - 1) / math.sqrt(n)
            else:
                deviation = {"he": 2 / n, "xavier": 2 / (n + m), "normal": 1 / n}[initialisation] ** 0.5
                w = torch.randn(m, n + 1, generator=generator) * deviation
                w[:, -1] = 0
            self.weights.append(w)

    def forward(self, x, with_u=False, weights=None, shares=None):
        """Outputs, what each layer saw (input, derivatives, norm of the input, u), and u of the outputs (M27); with shares of
        single weights, u of (M4)."""
        y, u, seen = x, None, []
        for index, (w, activation) in enumerate(zip(weights or self.weights, self.activations)):
            extended = torch.cat([y, torch.ones(len(y), 1)], 1)
            z, norm = extended @ w.t(), None
            if with_u:
                norm = extended.abs() @ shares[index].t() if shares else extended.norm(dim=1, keepdim=True)
                u = (norm + (0 if u is None else u @ w[:, :-1].abs().t())).expand(z.shape)
            y, slope, bend = activation(z)
            seen.append((extended, slope, bend, norm, u))
            if with_u:
                u = slope.abs() * u
        return y, seen, u

    def mean_loss(self, y, t):
        """J without R, its derivative by y, and the diagonal of its second derivative (M6, M7)."""
        if self.loss == "softmax":
            log = torch.log_softmax(y, 1)
            return -(log * t).sum(1).mean(), log.exp() - t, log.exp()
        if self.loss == "sigmoid":
            p = y.sigmoid()
            return binary_cross_entropy_with_logits(y, t, reduction="none").sum(1).mean(), p - t, p * (1 - p)
        return (y - t).square().sum(1).mean(), 2 * (y - t), torch.full_like(y, 2.0)

    def regularisation(self, weights):
        return 0.5 * self.l2 * sum(w[:, :-1].square().sum() for w in weights)

    def objective(self, x, t, weights):
        """J with R."""
        y, _, _ = self.forward(x, weights=weights)
        return float(self.mean_loss(y, t)[0] + self.regularisation(weights))

    def statistics(self, x, t, with_curvature, shares=None):
        """J, the gradients with R, and for each layer (g, A) of (M29); with shares Ẅ of single weights."""
        y, seen, u = self.forward(x, with_curvature, shares=shares)
        loss, y_dot, h = self.mean_loss(y, t)
        z = None
        if with_curvature:
            z = h.sqrt() * (u * h.sqrt()).sum(1, keepdim=True) if self.loss == "softmax" else h * u
        gradients, curvatures = [None] * len(seen), [None] * len(seen)
        for index in reversed(range(len(seen))):
            (extended, slope, bend, norm, u), w = seen[index], self.weights[index]
            if with_curvature:
                z = z * slope.abs() if bend is None else (z * slope.abs() + y_dot * bend * u).abs()
            y_dot = y_dot * slope
            gradients[index] = y_dot.t() @ extended / len(x)
            gradients[index][:, :-1] += self.l2 * w[:, :-1]
            if with_curvature:
                if shares:
                    curvatures[index] = z.t() @ extended.abs() / len(x) / shares[index]
                else:
                    share = z.mean(1, keepdim=True) / max(float(z.mean()), 1e-37) / norm
                    plain = (extended / norm.mean()).t() @ extended / len(x)
                    curvatures[index] = (z.mean(0), extended.t() @ (extended * share) / len(x), plain)
                z = z @ w[:, :-1].abs()
            y_dot = y_dot @ w[:, :-1]
        return float(loss), gradients, curvatures, seen, h

    def response(self, seen, direction, layer):
        """How the outputs change along a direction of one layer's parameters."""
        y = seen[layer][0] @ direction.t() * seen[layer][1]
        for index in range(layer + 1, len(seen)):
            y = y @ self.weights[index][:, :-1].t() * seen[index][1]
        return y

    def evaluate(self, x, t, labels):
        total, hits = 0.0, 0
        for start in range(0, len(x), 2000):
            part = slice(start, start + 2000)
            y, _, _ = self.forward(x[part])
            total += float(self.mean_loss(y, t[part])[0]) * len(y)
            hits += 0 if labels is None else int((y.argmax(1) == labels[part]).sum())
        return total / len(x), hits / len(x)


def rms(x):
    return float(x.square().mean().sqrt())


# Rules: lengths(step) gives the length of each layer's step, whose direction has the root mean square 1, or less where
# gradients disagree. A step has: network, x, t, gradients, directions, seen, h, number, total, factor (the schedule's).


class Fixed:
    """The same length everywhere, or one in proportion to each layer's initial rms."""
    agreement = 0

    def __init__(self, network, length=2e-3, relative=0.0):
        self.all = [relative * rms(w) or length for w in network.weights]

    def lengths(self, step):
        return self.all


class Found:
    """(M33), a layer each."""
    agreement = 0

    def __init__(self, network, least=0.0, beta=0.999):
        self.keep, self.beta, self.least, self.updates, self.d = beta**0.5, beta, least, 0, 1e-6
        self.origin = [w.clone() for w in network.weights]
        self.s = [torch.zeros_like(w) for w in network.weights]
        self.r, self.own = [0.0] * len(self.s), [1e-6] * len(self.s)

    def lengths(self, step):
        products = magnitudes = 0.0
        for b, (w, g) in enumerate(zip(step.network.weights, step.gradients)):
            gain = (1 - self.keep) * (min(self.own[b], self.d) * 2**20) ** 2
            self.s[b].mul_(self.keep).add_(g, alpha=gain)
            self.r[b] = self.keep * self.r[b] + gain * float((g * (self.origin[b] - w)).sum())
            magnitude = float(self.s[b].abs().sum())
            products, magnitudes = products + self.r[b], magnitudes + magnitude
            if magnitude > 0:
                self.own[b] = max(self.own[b], self.r[b] / magnitude)
        if magnitudes > 0:
            self.d = max(self.d, products / magnitudes)
        shrinkage = (1 + (1 - self.beta) * self.updates) ** -0.5
        self.updates += 1
        return [max(min(own, self.d), self.least) * shrinkage for own in self.own]


class Minimum:
    """The minimum along the last directions, by the slope on a new minibatch and Gauss-Newton curvature.

    With `new=0` slope and curvature are those of the step's own minibatch; `own` takes each layer alone and that part of
    the way to its minimum; `most` limits all lengths."""
    agreement = 0

    def __init__(self, network, new=1, own=0.0, most=1.0, decay=0.9, every=5):
        count = len(network.weights)
        self.new, self.own, self.most, self.decay, self.every = new, own, most, decay, every
        self.slope, self.curvature, self.weight, self.last = np.zeros(count), np.zeros((count, count)), 0.0, None
        self.current = [0.0] * count

    def lengths(self, step):
        if step.number < FIRST or step.number % self.every == 0:
            directions = self.last if self.new and self.last else step.directions
            moves = [step.network.response(step.seen, d, b) for b, d in enumerate(directions)]
            h = step.h
            bent = [h * y - h * (h * y).sum(1, keepdim=True) if step.network.loss == "softmax" else h * y for y in moves]
            curvature = np.array([[float((a * b).sum()) / len(step.x) for b in moves] for a in bent])
            slope = np.array([float((g * d).sum()) for g, d in zip(step.gradients, directions)])
            self.slope = self.decay * self.slope + (1 - self.decay) * slope
            self.curvature = self.decay * self.curvature + (1 - self.decay) * curvature
            slope, curvature = np.maximum(self.slope, 0), self.curvature + 1e-30 * np.eye(len(slope))
            if self.own:
                found = self.own * slope / curvature.diagonal()
            else:  # not negative, by coordinates
                found = np.zeros_like(slope)
                for _ in range(200):
                    for i in range(len(found)):
                        rest = slope[i] - curvature[i] @ found + curvature[i, i] * found[i]
                        found[i] = max(0.0, rest / curvature[i, i])
            self.current = np.minimum(found, self.most)
        self.last = [d.clone() for d in step.directions]
        return self.current


class Correlated:
    """Lengths grow while the new gradient points along the last step, and shrink where it does not."""
    agreement = 0

    def __init__(self, network, rate=0.1, decay=0.9, start=0.003):
        self.rate, self.decay, self.last = rate, decay, None
        self.current = np.array([start * rms(w) for w in network.weights])
        self.mean, self.square = np.zeros(len(self.current)), np.zeros(len(self.current))

    def lengths(self, step):
        if self.last:
            slope = np.array([float((g * d).sum()) for g, d in zip(step.gradients, self.last)])
            self.mean = self.decay * self.mean + (1 - self.decay) * slope
            self.square = self.decay * self.square + (1 - self.decay) * slope**2
            self.current = self.current * np.exp(self.rate * self.mean / (np.sqrt(self.square) + 1e-30))
        self.last = [d.clone() for d in step.directions]
        return self.current


class Ratio:
    """One length, so that curvature takes a part of the decrease on the step's own minibatch (M15)."""
    agreement = 0

    def __init__(self, network, part=0.25, power=0.3, every=5, relative=0):
        sizes = np.array([rms(w) for w in network.weights])
        self.shape = sizes / sizes.mean() if relative else np.ones(len(sizes))
        self.part, self.power, self.every, self.current = part, power, every, 1e-3

    def lengths(self, step):
        if step.number < FIRST or step.number % self.every == 0:
            for _ in range(30 if step.number == 0 else 4):
                length = self.current * step.factor
                predicted, actual = step.test(length * self.shape)
                if predicted <= 0:
                    self.current *= 0.7
                    break
                taken = max((1 - actual / predicted) / step.factor, 1e-6)
                wanted = self.part / taken
                self.current *= min(max(wanted, 0.1), 10) if step.number == 0 else min(max(wanted**self.power, 0.5), 1.5)
                if 0.5 < wanted < 2 if step.number == 0 else taken < 1:
                    break
        return self.current * self.shape


class Measured:
    """(M34); a `run` above 0 in place of c."""
    agreement = 0.5

    def __init__(self, network, scale=0.01, power=0.25, alone=0.7, together=0.8, run=0.0):
        self.start = np.array([scale * max(rms(w), 0.01) ** power for w in network.weights])
        count, self.run = len(self.start), run
        self.alone, self.together, self.caps, self.factor = alone, together, np.ones(count), 1.0
        self.slope, self.curvature, self.tests = np.zeros(count), np.zeros(count), np.zeros(count)
        self.all_slope = self.all_curvature = 0.0

    def lengths(self, step):
        c = max(0.5, min((12.5 * len(step.x) / step.total) ** 0.5, max(3, 25 / step.total**0.5)))
        base = self.start * (self.run or c)
        if step.number < FIRST or step.number % 5 == 0:
            layers = range(len(base)) if step.number < FIRST else [step.number // 5 % len(base)]
            for b in layers:
                self.test_alone(step, base, b)
            self.test_all(step, base)
        return self.factor * self.caps * base

    def test_alone(self, step, base, b):
        whole = self.factor * self.caps[b] * step.factor
        probe, tried = 0.125, False
        while True:
            lengths = np.zeros(len(base))
            lengths[b] = probe * whole * base[b]
            predicted, actual = step.test(lengths)
            if abs(predicted) < probe * step.resolution:
                return
            if probe == 0.125 and abs(predicted) <= 32 * step.resolution:
                probe = 1.0
            elif probe > 2**-12 and predicted / 8 > 32 * step.resolution and not predicted - actual <= self.alone * predicted:
                probe /= 8
            else:
                break
        keep, relative = min(0.8, self.tests[b] / (self.tests[b] + 1)), probe * whole
        self.tests[b] += 1
        self.slope[b] = keep * self.slope[b] + (1 - keep) * predicted / relative
        self.curvature[b] = keep * self.curvature[b] + (1 - keep) * (predicted - actual) / relative**2
        if self.slope[b] <= 0:
            cap = self.caps[b] / 2
        else:
            bent = self.curvature[b] * step.factor
            cap = self.alone * self.slope[b] / bent if bent > 0 else 1.0
        self.caps[b] = min(max(cap, 1e-3), 1.0)

    def test_all(self, step, base):
        while True:
            relative = self.factor * step.factor
            predicted, actual = step.test(relative * self.caps * base)
            too_long = step.number == 0 and predicted - actual > self.together * max(predicted, 0)
            if math.isfinite(actual) and not too_long:
                break
            self.factor /= 2
        lost = min(predicted - actual, 2 * max(abs(predicted), self.all_slope * relative))
        self.all_slope = 0.7 * self.all_slope + 0.3 * abs(predicted) / relative
        self.all_curvature = 0.7 * self.all_curvature + 0.3 * lost / relative**2
        if step.number and self.all_curvature * relative > self.together * self.all_slope:
            self.factor *= 0.8


RULES = {rule.__name__.lower(): rule for rule in (Fixed, Found, Minimum, Correlated, Ratio, Measured)}


class Step:
    """What a rule sees of a step."""

    def __init__(self, **values):
        self.__dict__.update(values)
        self.before = self.network.objective(self.x, self.t, self.network.weights)
        self.resolution = 16 * 2**-23 * abs(self.before)

    def test(self, lengths):
        """The predicted and the actual decrease of J for these lengths."""
        predicted = sum(float((g * d).sum()) * l for g, d, l in zip(self.gradients, self.directions, lengths))
        moved = [w - float(l) * d for w, d, l in zip(self.network.weights, self.directions, lengths)]
        return predicted, self.before - self.network.objective(self.x, self.t, moved)


def root(a, is_first):
    """P of (M31) for p = ½."""
    n, mean = len(a) - 1, a.diagonal().mean()

    def ridge(own):
        return DELTA * (mean.expand(len(own)) if is_first else (mean * own.clamp(min=1e-8 * mean)).sqrt())

    mu, p = a[n, :n] / a[n, n], torch.zeros_like(a)
    count = -(-n // BLOCK)
    for k in range(count):
        block = slice(k * n // count, (k + 1) * n // count)
        sigma = a[block, block] - (1 - KEPT) * a[n, n] * torch.outer(mu[block], mu[block])
        delta = ridge(sigma.diagonal())
        values, vectors = torch.linalg.eigh((sigma + torch.diag(delta)).double())
        p[block, block] = ((vectors * values.clamp(min=float(delta.min())) ** -0.5) @ vectors.t()).float()
    p[n, n] = (a[n, n] + ridge(a[n:, n])[0]) ** -0.5 * (1 + mu.square().sum()) ** 0.25
    c = torch.eye(n + 1)
    c[n, :n] = -mu
    return c @ p @ c.t()


class Curvature:
    """What the steps of all layers are divided by."""

    def __init__(self, network, kind):
        self.kind, self.refreshes = kind, 0
        count = len(network.weights)
        self.averages, self.roots, self.updates = [None] * count, [None] * count, [0] * count
        self.squares = [torch.zeros_like(w) for w in network.weights]
        self.moved = [torch.ones_like(w) for w in network.weights]

    def shares(self):
        """Those of single weights; None by unit. A weight that hardly moved keeps a hundredth."""
        if self.kind == "weight":
            return [torch.ones_like(w) for w in self.moved]
        return [(w / w.mean()).clamp(min=0.01) for w in self.moved] if self.kind == "movement" else None

    def refresh(self, curvatures):
        self.refreshes += 1
        for b, new in enumerate(curvatures):
            parts = (new,) if torch.is_tensor(new) else new
            if float(parts[0].sum()) == 0:
                continue
            old = self.averages[b] or tuple(torch.zeros_like(part) for part in parts)
            self.averages[b] = tuple(0.95 * a + 0.05 * x for a, x in zip(old, parts))
            self.updates[b] += 1
            if len(parts) > 1 and (self.refreshes % 2 == 1 or self.roots[b] is None):
                moment = self.averages[b][2 if self.kind in ("plainMoment", "plain") else 1]
                self.roots[b] = root(moment / (1 - 0.95 ** self.updates[b]), b == 0)

    def take_up(self, b, gradient):
        self.squares[b].mul_(0.999).addcmul_(gradient, gradient, value=0.001)

    def direction(self, b, m, number):
        if self.kind == "adam":
            return m / ((self.squares[b] / (1 - 0.999 ** (number + 1))).sqrt() + 1e-8)
        if self.averages[b] is None:
            return m
        if self.kind in ("weight", "movement"):
            v = self.averages[b][0]
            return m / (v + 1e-12 * v.mean()).sqrt()
        units = self.averages[b][0] / self.averages[b][0].mean() + 1e-3
        d = m @ self.roots[b]
        return d if self.kind in ("equalUnits", "plain") else d * units[:, None] ** -0.5

    def take_up_step(self, b, step):
        self.moved[b].mul_(0.99).add_(step.abs() / max(rms(step), 1e-30), alpha=0.01)


def minibatches(count, batch, total, seed):
    generator = torch.Generator().manual_seed(1000 + seed)
    per_epoch = max(1, count // batch)
    for number in range(total):
        place = number % per_epoch
        if place == 0:
            order = torch.randperm(count, generator=generator)
        yield order[place * batch : (place + 1) * batch] if batch < count else slice(None)


def train(problem, rule, seed, kind):
    network, (x, t), total = problem.network, problem.training, problem.steps
    curvature = Curvature(network, kind)
    m, squares = [torch.zeros_like(w) for w in network.weights], [0.0] * len(network.weights)
    for number, rows in enumerate(minibatches(len(x), problem.batch, total, seed)):
        is_due = kind != "adam" and (number < FIRST or number % EVERY == 0)
        loss, gradients, curvatures, seen, h = network.statistics(x[rows], t[rows], is_due, curvature.shares())
        if not math.isfinite(loss):
            break
        if is_due:
            curvature.refresh(curvatures)
        directions = []
        for b, g in enumerate(gradients):
            m[b] = BETA * m[b] + (1 - BETA) * g
            curvature.take_up(b, g)
            d = curvature.direction(b, m[b], number)
            # s of (M34): how far gradients agree.
            squares[b] = 0.99 * squares[b] + 0.01 * float(g.square().mean())
            size = (squares[b] / (1 - 0.99 ** (number + 1))) ** 0.5
            agreement = rms(m[b]) / (1 - BETA ** (number + 1)) / size if size else 0.0
            directions.append(d * (agreement**rule.agreement / rms(d)) if rms(d) else d)
        factor = 1 - number / total
        step = Step(network=network, x=x[rows], t=t[rows], gradients=gradients, directions=directions, seen=seen, h=h,
                    number=number, total=total, factor=factor)
        for b, (w, d, length) in enumerate(zip(network.weights, directions, rule.lengths(step))):
            w.sub_(d, alpha=float(length) * factor)
            curvature.take_up_step(b, d)


def train_by_adam(problem, rate, seed):
    network, (x, t), total = problem.network, problem.training, problem.steps
    m, v = ([torch.zeros_like(w) for w in network.weights] for _ in range(2))
    for number, rows in enumerate(minibatches(len(x), problem.batch, total, seed)):
        loss, gradients, *_ = network.statistics(x[rows], t[rows], False)
        if not math.isfinite(loss):
            break
        for b, g in enumerate(gradients):
            m[b].mul_(0.9).add_(g, alpha=0.1)
            v[b].mul_(0.999).addcmul_(g, g, value=0.001)
            root_of_v = (v[b] / (1 - 0.999 ** (number + 1))).sqrt() + 1e-8
            network.weights[b].sub_(m[b] / (1 - 0.9 ** (number + 1)) / root_of_v, alpha=rate * (1 - number / total))


# Problems


class Problem:
    def __init__(self, network, training, test, labels, epochs, batch, steps=None):
        self.network, self.training, self.test, self.labels = network, training, test, labels
        self.batch = min(batch, len(training[0]))
        self.steps = steps or epochs * max(1, len(training[0]) // self.batch)


def read_idx(path):
    data = gzip.open(path).read()
    sizes = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def mnist(folder, low, high):
    """Training and test images in [low, high], and their labels."""
    parts = []
    for part in ("train", "t10k"):
        images = read_idx(f"{folder}/{part}-images-idx3-ubyte.gz").reshape(-1, 784).astype(np.float32)
        labels = read_idx(f"{folder}/{part}-labels-idx1-ubyte.gz").astype(np.int64)
        parts.append((torch.tensor(images / 255 * (high - low) + low), torch.tensor(labels)))
    return parts


def classifier(folder, sizes, activation, initialisation, seed, l2, epochs, batch, steps=None):
    (x, y), (test_x, test_y) = mnist(folder, -1, 1)
    network = Network(
        [784, *sizes, 10], [activation] * len(sizes) + ["identity"], "softmax", initialisation, seed, l2)
    return Problem(
        network, (x, one_hot(y, 10).float()), (test_x, one_hot(test_y, 10).float()), test_y, epochs, batch,
        steps)


def autoencoder(folder, low, sizes, activations, loss, initialisation, seed, l2, epochs, batch):
    (x, _), (test_x, _) = mnist(folder, low, 1)
    network = Network([784, *sizes, 784], activations, loss, initialisation, seed, l2)
    return Problem(network, (x, x), (test_x, test_x), None, epochs, batch)


def friedman1(seed, scales):
    random = np.random.default_rng(seed)
    x = random.uniform(size=(1500, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    y = y + 0.1 * random.normal(size=len(y))
    x, y = (x - x[:1000].mean(0)) / x[:1000].std(0), (y - y[:1000].mean()) / y[:1000].std()
    if scales:
        x = x * 10 ** random.uniform(-2, 2, 10)
    x, y = torch.tensor(x).float(), torch.tensor(y).float()[:, None]
    network = Network([10, 32, 1], ["tanh", "identity"], "squares", "uniform", seed)
    return Problem(network, (x[:1000], y[:1000]), (x[1000:], y[1000:]), None, 20, 50)


WIDE = [400, 100, 36]
DEEP = [1000, 500, 250, 30, 250, 500, 1000]
DEEP_ACTIVATIONS = ["sigmoid"] * 3 + ["identity"] + ["sigmoid"] * 3 + ["identity"]
PROBLEMS = {
    "classifier": lambda f, s: classifier(f, WIDE, "softplus", "uniform", s, 1e-4, 2, 100),
    "classifier-5": lambda f, s: classifier(f, WIDE, "softplus", "uniform", s, 1e-4, 5, 100),
    "classifier-b1000": lambda f, s: classifier(f, WIDE, "softplus", "uniform", s, 1e-4, 5, 1000),
    "classifier-b32-300": lambda f, s: classifier(f, WIDE, "softplus", "uniform", s, 1e-4, 2, 32, 300),
    "classifier-300": lambda f, s: classifier(f, WIDE, "softplus", "uniform", s, 1e-4, 2, 100, 300),
    "classifier-b1000-20": lambda f, s: classifier(f, WIDE, "softplus", "uniform", s, 1e-4, 20, 1000),
    "classifier-b4000": lambda f, s: classifier(f, WIDE, "softplus", "uniform", s, 1e-4, 5, 4000),
    "autoencoder": lambda f, s: autoencoder(
        f, -1, [64, 2, 64], ["tanh"] * 4, "squares", "uniform", s, 0.01, 2, 100),
    "autoencoder-10": lambda f, s: autoencoder(
        f, -1, [64, 2, 64], ["tanh"] * 4, "squares", "uniform", s, 0.01, 10, 100),
    "autoencoder-b1000": lambda f, s: autoencoder(
        f, -1, [64, 2, 64], ["tanh"] * 4, "squares", "uniform", s, 0.01, 10, 1000),
    "deep": lambda f, s: autoencoder(f, 0, DEEP, DEEP_ACTIVATIONS, "sigmoid", "xavier", s, 1e-5, 1, 200),
    "deep-2": lambda f, s: autoencoder(f, 0, DEEP, DEEP_ACTIVATIONS, "sigmoid", "xavier", s, 1e-5, 2, 200),
    "friedman1": lambda f, s: friedman1(s, False),
    "friedman1-scales": lambda f, s: friedman1(s, True),
}


def problem_of(name, folder, seed):
    if name.startswith("mlp:"):
        _, depth, activation, initialisation, epochs = name.split(":")
        return classifier(folder, [128] * int(depth), activation, initialisation, seed, 0.0, int(epochs), 100)
    return PROBLEMS[name](folder, seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="+", metavar="PROBLEM", help=", ".join(PROBLEMS) + ", or mlp:…")
    parser.add_argument("--data", default=".", help="the folder with MNIST's four files")
    parser.add_argument("--rule", default="measured", choices=[*RULES, "adam"])
    parser.add_argument("--curvature", default="unit", choices=CURVATURES, help="what steps are divided by")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    options = parser.parse_intermixed_args()
    names = [text for text in options.problems if "=" not in text]
    constants = {key: float(value) for key, value in (text.split("=") for text in options.problems if "=" in text)}
    for name in names:
        if name not in PROBLEMS and not name.startswith("mlp:"):
            parser.error(f"no problem is called '{name}'; there are {', '.join(PROBLEMS)} and mlp:…")
    for name in names:
        for seed in options.seeds:
            problem, start = problem_of(name, options.data, seed), time.time()
            if options.rule == "adam":
                train_by_adam(problem, constants.get("rate", 1e-3), seed)
            else:
                train(problem, RULES[options.rule](problem.network, **constants), seed, options.curvature)
            loss, accuracy = problem.network.evaluate(*problem.test, problem.labels)
            hits = "" if problem.labels is None else f", {accuracy:.1%} right"
            print(f"{name}, {options.curvature}, {options.rule} {constants or ''} seed {seed}: {loss:.4g}{hits}, "
                  f"{problem.steps} steps, {time.time() - start:.0f} s", flush=True)


main()
