#!/usr/bin/env python3
"""Trains rp-dist, untuned, and PyTorch's optimizers, tuned, on the same problems, and compares their test losses.

    scripts/bench-quality --data DIR [PROBLEM ...] [--only rp-dist|peers|adam|muon] [--seeds 1 2 3] [--set KEY=VALUE ...]
    scripts/bench-quality --data DIR --report
    scripts/bench-quality --data DIR --check

PROBLEM is the name of a problem or of a group; all without one. DIR holds the folders mnist, cifar-10 and
fashion-mnist, or some of them. Both sides have the same data, initial weights and minibatches, float32, one thread. A
peer is tuned: of its learning rates and schedules, the one with the least mean test loss counts; all are tried with the
first seed, and the best few with all seeds. Losses are test losses without R.

Each training is a line of the results file and is not repeated: {problem, definition, seed, who, setting, loss,
accuracy, seconds, curve: [[epoch, seconds, loss], ...]}. Seconds are those of training steps alone; a peer's
processorSeconds depend less on what else the machine does. `definition` is a hash of the problem, and `who` is 'peer'
or the label of rp-dist. A training that diverged has no loss.
"""
import argparse
import collections
import dataclasses
import json
import math
import os
import pathlib
import statistics

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import torch

from quality_problems import ACTIVATIONS, DEPTHS, GROUPS, PROBLEMS, Setting, has_data, initializations, samples
from quality_training import build, evaluate, initial_parameters, train_peer, train_rp_dist

PEER = "peer"
CHANCE = 0.15  # the accuracy up to which ten classes count as guessed
CELLS = 0.9  # the part of the depths and activations that meets the bar

# Problems whose trainings by plain SGD are compared, with its learning rate, and the tolerance of the test loss.
CHECKS = {
    "classifier": 0.03, "autoencoder": 3e-4, "deep": 1e-3, "cifar-10-autoencoder": 3e-5, "digits": 0.3, "iris": 0.1,
    "breast-cancer": 0.03, "friedman1": 0.01, "friedman1-scaled": 1e-4,
    **{f"depth:2:{activation}:{initializations(activation)[1]}": 0.003 for activation in ACTIVATIONS},
}
RECORDED = pathlib.Path(__file__).with_name("quality-peers.jsonl")
TOLERANCE = 1e-4
LEAST_CHANGE = 0.01  # of the loss by the training


class Results:
    """The lines of files, by what they are results of; of two equal trainings the later one counts. New ones are added to
    the last file."""

    def __init__(self, *paths):
        self.path, self.lines = pathlib.Path(paths[-1]), {}
        for path in map(pathlib.Path, paths):
            for text in path.read_text().splitlines() if path.exists() else []:
                line = json.loads(text)
                self.lines[self.key(line)] = line

    @staticmethod
    def key(line):
        return tuple(line[name] for name in ("definition", "seed", "who", "setting"))

    def find(self, problem, seed, who, setting):
        return self.lines.get((problem.definition, seed, who, str(setting)))

    def add(self, problem, seed, who, setting, result):
        line = {"problem": problem.name, "definition": problem.definition, "seed": seed, "who": who,
                "setting": str(setting), **result}
        self.lines[self.key(line)] = line
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        loss = "diverged" if line["loss"] is None else f"{line['loss']:.5g}"
        accuracy = "" if line["accuracy"] is None else f", {line['accuracy']:.2%} right"
        seconds = "" if line["seconds"] is None else f", {line['seconds']:.1f} s"
        print(f"{problem.name}, {who} {setting}, seed {seed}: {loss}{accuracy}{seconds}", flush=True)

    def summary(self, problem, seeds, who, setting):
        """The mean test loss, accuracy and seconds over the seeds; None where one is missing."""
        lines = [self.find(problem, seed, who, setting) for seed in seeds]
        if not all(lines):
            return None
        return Summary(setting, *(mean(line[name] for line in lines) for name in ("loss", "accuracy", "seconds")))


def mean(values):
    """Infinite where a training diverged."""
    values = list(values)
    return math.inf if None in values else statistics.mean(values)


@dataclasses.dataclass(frozen=True)
class Summary:
    setting: object
    loss: float
    accuracy: float
    seconds: float


class Bench:
    def __init__(self, options):
        self.options = options
        self.results = Results(*([RECORDED] if options.recorded else []), options.results)
        self.own = " ".join(options.settings) or "standard"

    def samples(self, problem):
        return samples(problem.data, problem.scale, problem.target, self.options.data)

    def seeds(self, problem):
        return self.options.seeds or problem.seeds

    def peer_seeds(self, problem):
        return self.options.seeds or problem.peer_seeds

    # Training

    def train_own(self, problem):
        for seed in self.seeds(problem):
            if self.options.again or not self.results.find(problem, seed, self.options.label, self.own):
                result = train_rp_dist(
                    self.options.program, problem, self.samples(problem), self.options.data,
                    self.options.settings, seed)
                self.results.add(problem, seed, self.options.label, self.own, result)

    def train_peers(self, problem):
        for optimizer in dict.fromkeys(setting.optimizer for setting in problem.peers):
            if self.options.only not in (None, "peers", optimizer):
                continue
            tried = [setting for setting in problem.peers if setting.optimizer == optimizer]
            first, *others = self.peer_seeds(problem)
            self.train_settings(problem, tried, first)
            tried.sort(key=lambda setting: self.results.summary(problem, [first], PEER, setting).loss)
            for seed in others:
                self.train_settings(problem, tried[: problem.finalists], seed)

    def train_settings(self, problem, tried, seed):
        parameters = None
        for setting in tried:
            if self.options.again or not self.results.find(problem, seed, PEER, setting):
                parameters = parameters or self.initial_parameters(problem, seed)
                result = train_peer(problem, self.samples(problem), parameters, setting, seed)
                self.results.add(problem, seed, PEER, setting, result)

    def initial_parameters(self, problem, seed):
        return initial_parameters(self.options.program, problem, self.samples(problem).x.shape[1], seed)

    # Reports

    def own_summary(self, problem):
        return self.results.summary(problem, self.seeds(problem), self.options.label, self.own)

    def tuned(self, problem, optimizer):
        """The best of an optimizer's settings; None before all seeds are trained."""
        found = [self.results.summary(problem, self.peer_seeds(problem), PEER, setting)
                 for setting in problem.peers if setting.optimizer == optimizer]
        return min(filter(None, found), key=lambda summary: summary.loss, default=None)

    def report(self, problems):
        rows = [row for problem in problems if not problem.name.startswith("depth:") for row in self.rows(problem)]
        if rows:
            print("\n| problem | rp-dist | seconds | peer | its result | seconds | ratio | bar | |")
            print("|---|---|---|---|---|---|---|---|---|")
            for row in rows:
                print("| " + " | ".join(row) + " |")
        if any(problem.name.startswith("depth:") for problem in problems):
            self.report_depth()

    def rows(self, problem):
        """A row of the table for each bar of the problem."""
        own = self.own_summary(problem)
        for bar in problem.bars:
            reference = PROBLEMS[bar.reference or problem.name]
            peer = self.tuned(reference, bar.peer) if bar.peer else None
            value = bar.value(own, peer) if own and (peer or not bar.peer) else None
            yield [
                problem.name, shown(own, bar.quantity), shown(own, "seconds"),
                f"{peer.setting} ({reference.name})" if peer else "–", shown(peer, bar.quantity),
                shown(peer, "seconds"), "–" if value is None else f"{value:.3f}", str(bar),
                "" if value is None else "met" if bar.is_met(value) else "**missed**"]

    def report_depth(self):
        """Test losses of rp-dist and Adam by depth, initialisation and activation."""
        print("\n| layers, initialisation | " + " | ".join(ACTIVATIONS) + " |\n|---|" + "---|" * len(ACTIVATIONS))
        counts = collections.Counter()
        for count in DEPTHS:
            for place, start in enumerate(("uniform", "he or xavier")):
                cells = []
                for activation in ACTIVATIONS:
                    problem = PROBLEMS[f"depth:{count}:{activation}:{initializations(activation)[place]}"]
                    own, adam, limit = self.own_summary(problem), self.tuned(problem, "adam"), problem.bars[0].limit
                    text = f"{shown(own)}; {shown(adam)}"
                    if own and adam:
                        is_met = own.loss <= limit * adam.loss
                        counts.update(trained=1, met=is_met, stuck=is_chance(own) and not is_chance(adam))
                        text = text if is_met else f"**{text}**"
                    cells.append(text)
                print(f"| {count}, {start} | " + " | ".join(cells) + " |")
        if counts["trained"]:
            print("\nTest losses of rp-dist; of Adam.")
            print(f"At most {limit} times Adam: {counts['met']} of {counts['trained']}, bar {CELLS:.0%}.")
            print(f"At chance where Adam is not: {counts['stuck']}, bar 0.")

    # Checks

    def check(self):
        """Whether both sides train the same: test losses after plain SGD. Returns whether all agree."""
        print("| problem | before | rp-dist | PyTorch | difference |\n|---|---|---|---|---|")
        all_agree = True
        for name, rate in CHECKS.items():
            if not has_data(PROBLEMS[name], self.options.data):
                continue
            problem = PROBLEMS[name]
            # A batch that does not divide the samples.
            problem = dataclasses.replace(problem, epochs=min(problem.epochs // 2, 5), batch=problem.batch - 1)
            data, parameters = self.samples(problem), self.initial_parameters(problem, 2)
            before, _ = evaluate(problem, build(problem, parameters), data)
            settings = ("optimizer.name=sgd", f"optimizer.learningRate={rate}", "schedule.name=linear")
            own = train_rp_dist(self.options.program, problem, data, self.options.data, settings, 2)["loss"] or math.nan
            peer = train_peer(problem, data, parameters, Setting("sgd", rate, "linear"), 2)["loss"] or math.nan
            difference = abs(own / peer - 1)
            agrees = difference <= TOLERANCE and abs(before / own - 1) >= LEAST_CHANGE
            all_agree = all_agree and agrees
            print(f"| {name} | {before:.6g} | {own:.6g} | {peer:.6g} | {difference:.1e}{'' if agrees else ' **no**'} |",
                  flush=True)
        return all_agree


def is_chance(summary):
    return not summary.accuracy > CHANCE or not math.isfinite(summary.loss)


def shown(summary, quantity="loss"):
    """A number of a summary, as text."""
    if not summary:
        return "–"
    value = getattr(summary, quantity)
    return f"{value:.2%}" if quantity == "accuracy" else f"{value:.4g}" if quantity == "loss" else f"{value:.1f}"


def chosen_problems(parser, names, folder):
    problems = []
    for name in names or GROUPS:
        if name not in GROUPS and name not in PROBLEMS:
            parser.error(f"no problem is called '{name}'; there are {', '.join(GROUPS)}; {', '.join(PROBLEMS)}")
        problems += GROUPS.get(name) or [PROBLEMS[name]]
    return [problem for problem in dict.fromkeys(problems) if has_data(problem, folder)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="rp-dist")
    parser.add_argument("problems", nargs="*", metavar="PROBLEM", help="problems, or groups: " + ", ".join(GROUPS))
    parser.add_argument("--data", required=True, metavar="DIR", help="the folder of the data sets' folders")
    parser.add_argument("--seeds", nargs="+", type=int, help="instead of the seeds of each problem")
    parser.add_argument("--results", default=".build/bench-quality.jsonl", metavar="FILE")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE",
                        help="a setting of rp-dist; repeatable")
    parser.add_argument("--label", default="rp-dist", help="the name of rp-dist's results (default rp-dist)")
    parser.add_argument("--only", choices=("rp-dist", "peers", "adam", "muon"),
                        help="train one side, or one peer, alone")
    parser.add_argument("--recorded", action="store_true",
                        help="take the peers' results that are kept with the script, whose seconds are not comparable")
    parser.add_argument("--again", action="store_true", help="train again what is in the file, for new times")
    parser.add_argument("--report", action="store_true", help="train nothing, print the tables")
    parser.add_argument("--check", action="store_true", help="whether both sides train the same; exit code 1 if not")
    options = parser.parse_intermixed_args()
    torch.set_num_threads(1)
    bench = Bench(options)
    if options.check:
        raise SystemExit(0 if bench.check() else "both sides train differently")
    problems = chosen_problems(parser, options.problems, options.data)
    if not options.report:
        references = [PROBLEMS[bar.reference] for problem in problems for bar in problem.bars if bar.reference]
        for problem in dict.fromkeys([*references, *problems]):
            bench.train_peers(problem)
        if options.only in (None, "rp-dist"):
            for problem in problems:
                bench.train_own(problem)
    bench.report(problems)


main()
