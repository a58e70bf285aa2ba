"""One training of `scripts/bench-quality`: by rp-dist, or by an optimizer of PyTorch from the same initial weights on
the same minibatches."""
import json
import math
import os
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional

import quality_problems

MUON_BIAS_RATE = 3e-3  # of Adam, which trains the biases beside Muon
EVALUATION_TOLERANCE = 1e-4  # rp-dist's test loss against PyTorch's of the same parameters


# The network

ACTIVATIONS = {
    "identity": torch.nn.Identity, "relu": torch.nn.ReLU, "leakyRelu": torch.nn.LeakyReLU,
    "softplus": torch.nn.Softplus, "elu": torch.nn.ELU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid,
    "swish": torch.nn.SiLU,
}
LOSSES = {
    "softmaxCrossEntropy": lambda y, t: functional.cross_entropy(y, t, reduction="sum"),
    "sigmoidCrossEntropy": lambda y, t: functional.binary_cross_entropy_with_logits(y, t, reduction="sum"),
    "squaredError": lambda y, t: functional.mse_loss(y, t, reduction="sum"),
}


def build(problem, parameters):
    """The network with these parameters, a weight and a bias for each dense layer."""
    layers, parameters = [], iter(parameters)
    for layer in problem.network:
        if isinstance(layer, str):
            layers.append(ACTIVATIONS[layer]())
            continue
        dense = torch.nn.Linear(1, 1)
        dense.weight, dense.bias = (torch.nn.Parameter(next(parameters).clone()) for _ in range(2))
        layers.append(dense)
    return torch.nn.Sequential(*layers)


@torch.no_grad()
def evaluate(problem, model, samples):
    """The test loss without R, and the accuracy of classifiers."""
    loss, hits = 0.0, 0
    for x, t in zip(samples.test_x.split(1000), samples.test_t.split(1000)):
        y = model(x)
        loss += float(LOSSES[problem.loss](y, t))
        if problem.target == "label":
            hits += int((y.argmax(1) == t).sum())
    count = len(samples.test_x)
    return loss / count, hits / count if problem.target == "label" else None


def read_parameters(path):
    """Weight and bias of each dense layer of a model of rp-dist, from input to output."""
    tensors = load_file(path)
    numbers = sorted({int(name.split(".")[1]) for name in tensors})
    return [tensors[f"layers.{number}.{role}"] for number in numbers for role in ("weight", "bias")]


# Training by rp-dist


def run(program, configuration, folder, settings=()):
    """Trains in the folder, with a checkpoint after each epoch. Returns the result; or None and the last message of a
    training that diverged."""
    path = pathlib.Path(folder, "config.json")
    path.write_text(json.dumps(configuration))
    command = [program, "train", path, "--name", "run", "--json"]
    for setting in (f"run.folder={folder}", "run.keep=1000000", "run.checkpointEvery={epochs: 1}", *settings):
        command += ["--set", setting]
    # The libraries choose their kernels themselves.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    process = subprocess.run(command, env=environment, capture_output=True, text=True)
    if process.returncode not in (0, 1):
        raise SystemExit(f"rp-dist: {process.stderr}")
    if process.returncode == 1:
        return None, process.stderr.strip().splitlines()[-1]
    return json.loads(process.stdout), None


def seeded(configuration, seed):
    return {**configuration, "training": {**configuration["training"], "seed": seed}}


def initial_parameters(program, problem, inputs, seed):
    """rp-dist's initial parameters: those of a training on a few random rows with a negligible learning rate."""
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/rows.csv"
        quality_problems.write_csv(path, random.normal(size=(20, inputs)), np.arange(20) % problem.outputs)
        configuration = seeded(problem.configuration(), seed)
        configuration["data"] |= {"set": "csv", "path": path, "test": path, "header": False}
        configuration["training"]["epochs"] = 1
        settings = ("optimizer.name=sgd", "optimizer.learningRate=1e-30")
        result, message = run(program, configuration, folder, settings)
        if result is None:
            raise SystemExit(f"rp-dist: {message}")
        return read_parameters(f"{folder}/run/model.safetensors")


def train_rp_dist(program, problem, samples, folder, settings, seed):
    """A result of rp-dist; its curve is found by PyTorch from the checkpoints."""
    configuration = seeded(problem.configuration(), seed)
    with tempfile.TemporaryDirectory() as temporary:
        configuration["data"] |= quality_problems.data_section(problem.data, folder, temporary)
        result, message = run(program, configuration, temporary, settings)
        if result is None:
            return {"loss": None, "accuracy": None, "seconds": None, "curve": [], "message": message}
        curve = []
        for line in pathlib.Path(temporary, "run/metrics.jsonl").read_text().splitlines():
            metrics = json.loads(line)
            parameters = read_parameters(f"{temporary}/run/checkpoints/step-{metrics['step']}/model.safetensors")
            loss, accuracy = evaluate(problem, build(problem, parameters), samples)
            curve.append([metrics["epoch"], metrics["seconds"], loss])
    found = result["testLoss"]
    if not abs(found - loss) <= EVALUATION_TOLERANCE * loss:
        raise SystemExit(f"{problem.name}: rp-dist's test loss is {found}, PyTorch's of the same parameters {loss}")
    return {"loss": found, "accuracy": accuracy, "seconds": result["seconds"], "curve": curve}


# The minibatches of rp-dist: RandomStream, EpochOrder and TrainingPlan

WORD = 2**64
SHUFFLE = 2


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % WORD
    z = (z ^ z >> 27) * 0x94D049BB133111EB % WORD
    return z ^ z >> 31


def mix_all(z):
    """The same for an array."""
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def epoch_order(seed, epoch, count):
    """The order of the training samples in an epoch, counted from 1: Fisher and Yates with SplitMix64."""
    golden = 0x9E3779B97F4A7C15
    start = mix((seed + golden) % WORD)
    start = mix(start ^ SHUFFLE * 0xD1B54A32D192ED03 % WORD)
    start = mix((start + epoch * golden) % WORD)
    places = np.arange(count, dtype=np.uint64)
    bits = mix_all(np.uint64(start) + (places + np.uint64(1)) * np.uint64(golden))
    # The high word of the product bits · (place + 1).
    high, low, half = bits >> np.uint64(32), bits & np.uint64(0xFFFFFFFF), np.uint64(32)
    others = (high * (places + np.uint64(1)) + (low * (places + np.uint64(1)) >> half)) >> half
    order, others = list(range(count)), others.tolist()
    for last in range(count - 1, 0, -1):
        other = others[last]
        order[last], order[other] = order[other], order[last]
    return torch.tensor(order)


def minibatches(order, batch):
    """The samples are spread over ⌈N/B⌉ minibatches."""
    count = len(order)
    steps = -(-count // batch)
    return [order[k * count // steps : (k + 1) * count // steps] for k in range(steps)]


# Training by PyTorch


class Muon(torch.optim.Optimizer):
    """torch.optim.Muon in float32 with an L2 term in the gradient; PyTorch's own iterates in bfloat16, which takes 20
    times as long on a CPU without instructions for it."""

    def __init__(self, parameters, lr, weight_decay, momentum=0.95):
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in group["params"]:
                g = w.grad.add(w, alpha=group["weight_decay"])
                m = self.state[w].setdefault("momentum", torch.zeros_like(w))
                m.lerp_(g, 1 - group["momentum"])
                rows, columns = w.shape
                rate = group["lr"] * max(1, rows / columns) ** 0.5
                w.add_(orthogonalised(g.lerp(m, group["momentum"])), alpha=-rate)


def orthogonalised(g, a=3.4445, b=-4.7750, c=2.0315, steps=5):
    """Newton and Schulz's iteration with the constants of Muon."""
    x = g.t() if g.shape[0] > g.shape[1] else g
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(steps):
        s = x @ x.t()
        x = torch.addmm(x, torch.addmm(s, s, s, beta=b, alpha=c), x, beta=a)
    return x.t() if g.shape[0] > g.shape[1] else x


def optimizers(setting, model, l2):
    """R is a part of the loss, so its gradient l2 · w is added to that of the loss; w are weights and biases."""
    parameters = list(model.parameters())
    if setting.optimizer == "sgd":
        return [torch.optim.SGD(parameters, lr=setting.rate, weight_decay=l2)]
    if setting.optimizer == "adam":
        return [torch.optim.Adam(parameters, lr=setting.rate, weight_decay=l2, fused=True)]
    weights, biases = ([p for p in parameters if p.dim() == dimensions] for dimensions in (2, 1))
    return [Muon(weights, setting.rate, l2), torch.optim.Adam(biases, lr=MUON_BIAS_RATE, weight_decay=l2, fused=True)]


def train_peer(problem, samples, parameters, setting, seed):
    """A result of PyTorch; the seconds are those of the steps alone, by the clock and of the processor."""
    model = build(problem, parameters)
    chosen = optimizers(setting, model, problem.l2)
    rates = [optimizer.param_groups[0]["lr"] for optimizer in chosen]
    loss_of, step, seconds, processor, curve = LOSSES[problem.loss], 0, 0.0, 0.0, []
    for epoch in range(1, problem.epochs + 1):
        batches = minibatches(epoch_order(seed, epoch, len(samples.x)), problem.batch)
        start, processor_start = time.perf_counter(), time.process_time()
        for rows in batches:
            if setting.schedule == "linear":
                for optimizer, rate in zip(chosen, rates):
                    optimizer.param_groups[0]["lr"] = rate * (1 - step / (problem.epochs * len(batches)))
            model.zero_grad()
            (loss_of(model(samples.x[rows]), samples.t[rows]) / len(rows)).backward()
            for optimizer in chosen:
                optimizer.step()
            step += 1
        seconds += time.perf_counter() - start
        processor += time.process_time() - processor_start
        loss, accuracy = evaluate(problem, model, samples)
        if not math.isfinite(loss):
            return {"loss": None, "accuracy": None, "seconds": seconds, "curve": curve, "message": "diverged"}
        curve.append([epoch, seconds, loss])
    return {"loss": loss, "accuracy": accuracy, "seconds": seconds, "processorSeconds": processor, "curve": curve}
