#!/usr/bin/env python3
"""Times a two-level hypergradient (M23) by PyTorch's double backward against `rp-dist bench hypergradient`.

    scripts/bench-hypergradient [--turns 7] [--repeats 101] [--batch 100]

A 784-256-10 relu classifier, weighted examples and a validation batch: dL(W')/da with W' = W - rate * sum a_i grad l_i(W).
Both programs compute it in float32 on one thread, in turns, so that both see the same machine. The values are compared
first, through files, on samples of the same shapes. Exit code 1 where they differ or the bar is missed.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import torch
from safetensors.torch import load_file, save_file

BAR = 0.6
TOLERANCE = 1e-4
RATE = 1e-3


def hypergradient(w, x, t, a, xv, tv):
    """dL(W')/da by backpropagation through the gradient, and L(W')."""
    def net(w, x):
        return torch.nn.functional.linear(torch.relu(torch.nn.functional.linear(x, w[0], w[1])), w[2], w[3])

    losses = torch.nn.functional.cross_entropy(net(w, x), t, reduction="none")
    gradient = torch.autograd.grad((a * losses).sum(), w, create_graph=True)
    moved = [p - RATE * g for p, g in zip(w, gradient)]
    loss = torch.nn.functional.cross_entropy(net(moved, xv), tv)
    return torch.autograd.grad(loss, a)[0], loss


def problem(batch):
    torch.manual_seed(1)
    first, last = torch.nn.Linear(784, 256), torch.nn.Linear(256, 10)
    w = [p.detach().requires_grad_() for p in (first.weight, first.bias, last.weight, last.bias)]
    x, xv = torch.rand(batch, 784), torch.rand(batch, 784)
    t, tv = torch.randint(10, (batch,)), torch.randint(10, (batch,))
    return w, x, t, torch.ones(batch, requires_grad=True), xv, tv


def difference(program, w, x, t, a, xv, tv):
    """The largest difference of the two hypergradients, relative to the largest value."""
    def classes(t):
        return torch.nn.functional.one_hot(t, 10).float()

    with tempfile.TemporaryDirectory() as folder:
        model, case, out = (f"{folder}/{name}.safetensors" for name in ("model", "case", "out"))
        names = [f"layers.{n}.{p}" for n in (0, 2) for p in ("weight", "bias")]
        save_file({name: p.detach().contiguous() for name, p in zip(names, w)}, model)
        save_file({"training.inputs": x, "training.targets": classes(t), "training.weights": a.detach(),
                   "validation.inputs": xv, "validation.targets": classes(tv)}, case)
        subprocess.run(
            [program, "hypergradient", "--levels", "2", "--teacher", model, "--teacher-network", "dense,relu,dense",
             "--teacher-rate", str(RATE), "--case", case, "--precision", "float32", "--out", out], check=True)
        found = load_file(out)
    expected, loss = hypergradient(w, x, t, a, xv, tv)
    assert abs(found["validationLoss"] - loss.detach()) < TOLERANCE * loss.detach(), "the validation losses differ"
    return (abs(found["hypergradient"] - expected).max() / abs(expected).max()).item()


def peer_milliseconds(case, repeats):
    for _ in range(3):
        hypergradient(*case)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        hypergradient(*case)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def own_milliseconds(program, batch, repeats):
    run = subprocess.run(
        [program, "bench", "hypergradient", "--levels", "2", "--strategy", "exact", "--batch", str(batch),
         "--repeats", str(repeats), "--json"], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)["milliseconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="rp-dist")
    parser.add_argument("--turns", type=int, default=7, help="how often both are timed in turn (default 7)")
    parser.add_argument("--repeats", type=int, default=101, help="times of which a turn takes the median (default 101)")
    parser.add_argument("--batch", type=int, default=100, help="training and validation samples (default 100)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    case = problem(options.batch)
    found = difference(options.program, *case)
    print(f"PyTorch {torch.__version__}, float32, one thread, 784-256-10, batch {options.batch}")
    print(f"largest relative difference of the hypergradients: {found:.1e}")
    if not found <= TOLERANCE:
        sys.exit(f"the hypergradients differ by more than {TOLERANCE}")
    ratios = []
    for turn in range(options.turns):
        peer = peer_milliseconds(case, options.repeats)
        own = own_milliseconds(options.program, options.batch, options.repeats)
        ratios.append(own / peer)
        print(f"turn {turn + 1}: rp-dist {own:.3f} ms, PyTorch {peer:.3f} ms, ratio {own / peer:.3f}", flush=True)
    ratio = statistics.median(ratios)
    print(f"median ratio {ratio:.3f}, bar {BAR}")
    if not ratio <= BAR:
        sys.exit("exact misses the bar")


main()
