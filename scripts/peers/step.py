#!/usr/bin/env python3
"""Times training steps of rp-dist against PyTorch: the paper's four networks, float32, one thread, random samples.

    scripts/bench-peers [--quick] [--turns 5] [--repeats 10] [--network NAME ...] [--set KEY=VALUE ...] [--out FILE.json]

In every turn both programs time everything, one after the other, so that both see the same machine. A ratio is that of
the medians of one turn; printed are its median, its range over the turns, and the ratio of the fastest steps of the run,
which other programs disturb least. A bar is met or missed by the median. Timing is no test: the exit code is 0 unless
something does not run, or residual partitioning in PyTorch finds other statistics than rp-dist.

rp-dist reads its samples as bytes and scales them within the step; PyTorch's are numbers already. Neither regularises.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import torch
from safetensors.torch import load_file, save_file

from residual_partitioning import NETWORKS, Network, Products

TIMED_AT_ONCE = 4  # as in `rp-dist bench step`: after one step that is not timed
TOLERANCE = 1e-4  # of the largest value; float32 sums of at most 3072 products of a random sign
RANKS = 2


# What is measured


def own(program, network, options, *more, ranks=None):
    """`rp-dist bench step`: a row for each optimizer."""
    process = start_own(program, network, options, *more, ranks=ranks)
    return rows_of(process)


def start_own(program, network, options, *more, ranks=None):
    # The libraries choose their kernels themselves.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    command = [program, "bench", "step", "--json", "--network", network, "--repeats", str(options.repeats), *more]
    for setting in options.settings:
        command += ["--set", setting]
    if ranks:
        # As in scripts/run: a rank that waits leaves its core to what else needs it.
        environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        environment.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")
        command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] + command
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def rows_of(process):
    output, _ = process.communicate()
    if process.returncode:
        sys.exit(f"rp-dist ended with exit code {process.returncode}")
    return {row["optimizer"]: row for row in map(json.loads, output.splitlines())}


def timed(step, repeats):
    """Median and least milliseconds of a step."""
    times = []
    for turn in range(repeats + 1):
        for place in range(TIMED_AT_ONCE + 1):
            start = time.perf_counter()
            step()
            if turn and place:
                times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), min(times)


def first_order(network, optimizer):
    def step():
        optimizer.zero_grad()
        network.loss().backward()
        optimizer.step()
    return step


def peers(name, batch):
    """PyTorch's steps by what they are called, each on a network of its own."""
    steps = {}
    for label, make in [("sgd", lambda p: torch.optim.SGD(p, lr=1e-6)),
                        ("sgd fused", lambda p: torch.optim.SGD(p, lr=1e-6, fused=True)),
                        ("adam fused", lambda p: torch.optim.Adam(p, lr=1e-6, fused=True))]:
        network = Network(name, batch)
        for p in network.parameters():
            p.requires_grad_()
        steps[label] = first_order(network, make(network.parameters()))
    partitioned, products = Network(name, batch), Products(NETWORKS[name][0], batch)
    steps["rp"] = torch.no_grad()(partitioned.step)
    steps["rp products"] = torch.no_grad()(products.run)
    return steps


def difference(program, name, batch):
    """The largest difference of PyTorch's (M9) from `rp-dist statistics`, relative to the largest value of each array."""
    network = Network(name, batch)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        model, samples, out = (f"{folder}/{file}.safetensors" for file in ("model", "batch", "out"))
        dense = [number for number, layer in enumerate(network.layers) if layer == "dense"]
        tensors = {}
        for number, w, b in zip(dense, network.weights, network.biases):
            tensors |= {f"layers.{number}.weight": w, f"layers.{number}.bias": b}
        save_file(tensors, model)
        save_file({"inputs": network.x.clone(), "targets": network.targets.clone()}, samples)
        loss = "softmaxCrossEntropy" if network.is_classifier else "squaredError"
        subprocess.run(
            [program, "statistics", "--model", model, "--network", ",".join(network.layers), "--batch", samples,
             "--loss", loss, "--precision", "float64", "--out", out], check=True)
        expected = load_file(out)
        worst = 0.0
        for number, found in zip(dense, network.statistics()):
            names = [f"layers.{number}.{array}" for array in
                     ("weight.wDot", "weight.wDDot", "bias.wDot", "bias.wDDot")]
            for key, value in zip(names, found):
                worst = max(worst, ((value - expected[key]).abs().max() / expected[key].abs().max()).item())
    return worst


# DistributedDataParallel, in processes of their own


def distributed_worker(rank, rendezvous, options):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=RANKS)
    for name in options.networks:
        for batch in (options.batch // RANKS, options.batch):
            network = Network(name, batch, seed=1 + rank)
            layers = []
            for index, (w, b) in enumerate(zip(network.weights, network.biases)):
                linear = torch.nn.Linear(w.shape[1], w.shape[0])
                layers.append(linear)
                if network.has_activation(index):
                    layers.append(torch.nn.Tanh() if network.activation == "tanh" else torch.nn.Softplus())
            model = torch.nn.parallel.DistributedDataParallel(torch.nn.Sequential(*layers))
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-6, fused=True)

            def step():
                optimizer.zero_grad()
                y = model(network.x)
                if network.is_classifier:
                    loss = torch.nn.functional.cross_entropy(y, network.classes)
                else:
                    loss = (y - network.x).square().sum() / len(y)
                loss.backward()
                optimizer.step()

            torch.distributed.barrier()
            found = torch.tensor(timed(step, options.repeats))
            torch.distributed.all_reduce(found, torch.distributed.ReduceOp.MAX)  # the slowest process
            if rank == 0:
                print(json.dumps({"network": name, "batch": batch, "times": found.tolist()}), flush=True)
    # The threads of gloo and of autograd now and then abort a process that tears them down, when all is measured.
    torch.distributed.barrier()
    sys.stdout.flush()
    os._exit(0)


def distributed(options):
    """Median and least milliseconds of PyTorch's Adam on two processes, by network and samples of a process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, options.program, "--repeats", str(options.repeats), "--batch",
                   str(options.batch), "--rendezvous", f"{folder}/rendezvous"]
        for name in options.networks:
            command += ["--network", name]
        environment = {"GLOO_SOCKET_IFNAME": "lo"} | os.environ
        workers = [subprocess.Popen(command + ["--worker", str(rank)], env=environment, stdout=subprocess.PIPE, text=True)
                   for rank in range(RANKS)]
        outputs = [worker.communicate()[0] for worker in workers]
    if any(worker.returncode for worker in workers):
        sys.exit("PyTorch's DistributedDataParallel ended with an error")
    rows = map(json.loads, outputs[0].splitlines())
    return {(row["network"], row["batch"]): row["times"] for row in rows}


# The run


def measure(options):
    """times[what, network] = a list over the turns of (median, least) milliseconds."""
    times = {}

    def note(what, network, pair):
        times.setdefault((what, network), []).append(tuple(pair))

    def note_rows(prefix, network, rows):
        for optimizer, row in rows.items():
            note(f"{prefix}{optimizer}", network, (row["milliseconds"], row["fastestMilliseconds"]))
            note(f"{prefix}{optimizer} products", network,
                 (row["productsMilliseconds"], row["fastestProductsMilliseconds"]))

    half = str(options.batch // RANKS)
    for turn in range(options.turns):
        for name in options.networks:
            steps = peers(name, options.batch)
            for label, step in steps.items():
                note(f"torch {label}", name, timed(step, options.repeats))
            rows = own(options.program, name, options, "--batch", str(options.batch))
            note_rows("", name, rows)
            options.kernel = next(iter(rows.values()))["blasKernel"]
            if options.alone:
                continue
            pair = ["--optimizer", "rp-paper", "--optimizer", "adam", "--batch", str(options.batch)]
            note_rows("2 ranks, shared batch: ", name, own(options.program, name, options, *pair, ranks=RANKS))
            note_rows("2 ranks, a batch each: ", name,
                      own(options.program, name, options, *pair, "--per-rank", ranks=RANKS))
            # What two processes at once reach without any exchange: the bound of two ranks in this minute.
            for label, batch in (("half a batch", half), ("a batch", str(options.batch))):
                both = [start_own(options.program, name, options, "--optimizer", "rp-paper", "--batch", batch)
                        for _ in range(RANKS)]
                pairs = [rows_of(process)["rp-paper"] for process in both]
                note(f"2 programs, {label} each: rp-paper", name,
                     [max(row[key] for row in pairs) for key in ("milliseconds", "fastestMilliseconds")])
        if not options.alone:
            for (name, batch), pair in distributed(options).items():
                shared = "half a batch" if batch < options.batch else "a batch"
                note(f"torch DDP adam, 2 processes, {shared} each", name, pair)
        print(f"turn {turn + 1} of {options.turns} done", file=sys.stderr, flush=True)
    return times


class Ratio:
    def __init__(self, times, network, over, under, factor=1.0):
        pairs = list(zip(times[over, network], times[under, network]))
        ratios = [factor * a[0] / b[0] for a, b in pairs]
        self.median, self.low, self.high = statistics.median(ratios), min(ratios), max(ratios)
        self.fastest = factor * min(a[1] for a, _ in pairs) / min(b[1] for _, b in pairs)


def bars(times, options):
    """(bar, what, network, ratio, threshold or None, whether the ratio must be at least the threshold)"""
    order = list(NETWORKS)
    rows = []

    def add(bar, what, network, over, under, threshold, at_least=False, factor=1.0):
        if (over, network) in times and (under, network) in times:
            rows.append((bar, what, network, Ratio(times, network, over, under, factor), threshold, at_least))

    for network in options.networks:
        index = order.index(network)
        for recipe, threshold in [("rp-paper", 1.10), ("rp-weight", 1.55), ("sgd", 1.25), ("adam", 1.25)]:
            add("1", f"{recipe} / its own products by OpenBLAS", network, recipe, f"{recipe} products", threshold)
        add("2", "rp-paper / PyTorch's fused Adam", network, "rp-paper", "torch adam fused", (1.05, 0.75, 1.20, 0.95)[index])
        add("2", "rp-standard / PyTorch's fused Adam", network, "rp-standard", "torch adam fused",
            1.5 if options.batch <= 100 else 1.2)
        add("2", "rp-weight / PyTorch's fused Adam", network, "rp-weight", "torch adam fused", None)
        add("2", "rp-every-4 / PyTorch's fused Adam", network, "rp-every-4", "torch adam fused",
            (0.85, 0.65, 1.0, 0.75)[index])
        add("2", "rp-paper / residual partitioning in PyTorch", network, "rp-paper", "torch rp", 0.5)
        add("2", "rp-paper / PyTorch's products for it", network, "rp-paper", "torch rp products", None)
        first = 0.95 if network == "cifar-10-classifier" else 0.85
        add("2", "sgd / PyTorch's SGD", network, "sgd", "torch sgd", first)
        add("2", "sgd / PyTorch's fused SGD", network, "sgd", "torch sgd fused", None)
        add("2", "adam / PyTorch's fused Adam", network, "adam", "torch adam fused", first)
        shared, each = "2 ranks, shared batch: ", "2 ranks, a batch each: "
        wanted = {"cifar-10-autoencoder": (None, None), "mnist-autoencoder": (1.5, 1.8)}.get(network, (1.6, 1.8))
        add("3", "2 ranks share the batch: times faster", network, "rp-paper", f"{shared}rp-paper", wanted[0], True)
        add("3", "  bound: 2 programs at once, half a batch", network, "rp-paper",
            "2 programs, half a batch each: rp-paper", None, True)
        add("3", "2 ranks with a batch each: times the samples", network, "rp-paper", f"{each}rp-paper", wanted[1], True, 2.0)
        add("3", "  bound: 2 programs at once, a batch", network, "rp-paper", "2 programs, a batch each: rp-paper", None,
            True, 2.0)
        add("3", "PyTorch's DDP Adam / 2 ranks adam, shared batch", network,
            "torch DDP adam, 2 processes, half a batch each", f"{shared}adam", 2.5, True)
        add("3", "PyTorch's DDP Adam / 2 ranks adam, a batch each", network,
            "torch DDP adam, 2 processes, a batch each", f"{each}adam", 2.5, True)
    return rows


def report(times, options):
    print(f"\nPyTorch {torch.__version__}, OpenBLAS kernels {options.kernel}, float32, one thread, batch {options.batch}, "
          f"{options.turns} turns of {TIMED_AT_ONCE * options.repeats} timed steps")
    for network in options.networks:
        print(f"\n{'-'.join(map(str, NETWORKS[network][0]))} ({network}), ms of a step")
        print(f"{'':52}{'median':>9}{'range over the turns':>22}{'least':>9}")
        for (what, name), pairs in times.items():
            if name == network:
                medians = [pair[0] for pair in pairs]
                spread = f"{min(medians):.3f} - {max(medians):.3f}"
                least = min(pair[1] for pair in pairs)
                print(f"{what:52}{statistics.median(medians):9.3f}{spread:>22}{least:9.3f}")
    found = bars(times, options)
    print(f"\n{'bar ratio':56}{'median':>8}{'range':>14}{'least':>8}  {'wanted':10}")
    for network in options.networks:
        print(network)
        for bar, what, name, ratio, threshold, at_least in found:
            if name != network:
                continue
            verdict = ""
            if threshold is not None:
                is_met = ratio.median >= threshold if at_least else ratio.median <= threshold
                verdict = f"{'>=' if at_least else '<='} {threshold:.2f}  {'met' if is_met else 'MISSED'}"
            spread = f"{ratio.low:.2f} - {ratio.high:.2f}"
            print(f"  {bar} {what:52}{ratio.median:8.2f}{spread:>14}{ratio.fastest:8.2f}  {verdict}".rstrip())
    if options.out:
        table = [{"bar": bar, "what": what.strip(), "network": name, "median": ratio.median, "low": ratio.low,
                  "high": ratio.high, "fastest": ratio.fastest, "threshold": threshold, "atLeast": at_least}
                 for bar, what, name, ratio, threshold, at_least in found]
        raw = [{"what": what, "network": name, "milliseconds": [pair[0] for pair in pairs],
                "fastestMilliseconds": [pair[1] for pair in pairs]} for (what, name), pairs in times.items()]
        text = json.dumps({"torch": torch.__version__, "blasKernel": options.kernel, "batch": options.batch,
                           "times": raw, "bars": table}, indent=1)
        pathlib.Path(options.out).write_text(text + "\n", encoding="utf-8")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="rp-dist")
    parser.add_argument("--quick", action="store_true", help="two turns of few steps")
    parser.add_argument("--turns", type=int, help="how often all is timed in turn (default 5)")
    parser.add_argument("--repeats", type=int, help=f"of {TIMED_AT_ONCE} timed steps in a turn (default 10)")
    parser.add_argument("--batch", type=int, default=100, help="samples of a step (default 100)")
    parser.add_argument("--network", action="append", dest="networks", choices=list(NETWORKS), help="repeatable; all four")
    parser.add_argument("--set", action="append", dest="settings", default=[], metavar="KEY=VALUE",
                        help="a setting of rp-dist's training, for example reduction=node; repeatable")
    parser.add_argument("--alone", action="store_true", help="without two ranks and two processes")
    parser.add_argument("--out", metavar="FILE", help="write all figures as JSON")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--rendezvous", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.turns = options.turns or (2 if options.quick else 5)
    options.repeats = options.repeats or (3 if options.quick else 10)
    options.networks = options.networks or list(NETWORKS)
    if min(options.turns, options.repeats) < 1 or options.batch < RANKS:
        parser.error(f"--turns and --repeats must be at least 1, --batch at least {RANKS}")
    return options


def main():
    options = arguments()
    if options.worker is not None:
        distributed_worker(options.worker, options.rendezvous, options)
        return
    torch.set_num_threads(1)
    for name in options.networks:
        found = difference(options.program, name, options.batch)
        print(f"{name}: PyTorch's statistics differ from rp-dist's by {found:.1e} of the largest value")
        if not found <= TOLERANCE:
            sys.exit(f"the statistics of {name} differ by more than {TOLERANCE}")
    report(measure(options), options)


main()
