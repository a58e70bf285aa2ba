"""The problems of `scripts/bench-quality`: networks, data, peers and bars."""
import dataclasses
import functools
import gzip
import hashlib
import json
import pathlib
import tarfile

import numpy as np
import sklearn.datasets
import torch
from sklearn.model_selection import train_test_split


@dataclasses.dataclass(frozen=True)
class Setting:
    """A peer: 'adam' or 'muon' with a learning rate and a schedule, 'constant' or 'linear'."""
    optimizer: str
    rate: float
    schedule: str

    def __str__(self):
        return f"{self.optimizer} {self.rate:g} {self.schedule}"


def settings(optimizer, rates, *schedules):
    return tuple(Setting(optimizer, rate, schedule) for schedule in schedules for rate in rates)


ADAM = settings("adam", (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), "linear", "constant")
ADAM_OF_DEEP = settings("adam", (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), "linear") + settings("adam", (1e-3, 3e-3), "constant")
ADAM_OF_DEPTH = settings("adam", (3e-4, 1e-3, 3e-3), "linear")
MUON = settings("muon", (1e-3, 3e-3, 1e-2, 2e-2), "linear")
MUON_OF_DEEP = settings("muon", (1e-2, 2e-2, 5e-2, 1e-1), "linear")


@dataclasses.dataclass(frozen=True)
class Bar:
    """A limit of what rp-dist reaches, beside a tuned peer on the same problem or on the problem `reference`.

    'loss': the most that its mean test loss may be, relative to the peer's. 'accuracy': the least that its mean
    accuracy may be, less the peer's where there is a peer."""
    limit: float
    peer: str | None = "adam"
    reference: str | None = None
    quantity: str = "loss"

    def value(self, own, peer):
        if self.quantity == "loss":
            return own.loss / peer.loss
        return own.accuracy - (peer.accuracy if peer else 0)

    def is_met(self, value):
        return value <= self.limit if self.quantity == "loss" else value >= self.limit

    def __str__(self):
        return f"{'≤' if self.quantity == 'loss' else '≥'} {self.limit:g}"


@dataclasses.dataclass(frozen=True)
class Problem:
    """What is trained how long. `network` lists the outputs of dense layers and the names of activations."""
    name: str
    data: str
    network: tuple
    bars: tuple = ()
    loss: str = "softmaxCrossEntropy"
    target: str = "label"
    scale: str = "symmetric"
    initialization: str = "uniform"
    l2: float = 0.0
    batch: int = 100
    epochs: int = 5
    peers: tuple = ADAM
    # All settings are tried with the first seed, so many of the best with all seeds.
    finalists: int = 3
    seeds: tuple = (1, 2, 3)
    peer_seeds: tuple = (1, 2, 3)

    def configuration(self):
        """rp-dist's configuration, without the place of the data and the optimizer."""
        return {
            "data": {"scale": self.scale, "target": self.target},
            "network": [{"dense": layer} if isinstance(layer, int) else layer for layer in self.network],
            "loss": self.loss,
            "regularization": {"l2": self.l2},
            "training": {"batch": self.batch, "epochs": self.epochs, "initialization": self.initialization,
                         "lastBatch": "spread", "precision": "float32", "threads": 1},
        }

    @property
    def outputs(self):
        """The outputs of the network."""
        return next(layer for layer in reversed(self.network) if isinstance(layer, int))

    @property
    def definition(self):
        """A hash of what results depend on."""
        text = json.dumps([self.data, self.configuration()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


# The problems

CLASSIFIER = (400, "softplus", 100, "softplus", 36, "softplus", 10)
DEEP = (1000, "sigmoid", 500, "sigmoid", 250, "sigmoid", 30, 250, "sigmoid", 500, "sigmoid", 1000, "sigmoid", 784)
DEPTHS = (2, 5, 8, 16)
ACTIVATIONS = ("identity", "relu", "leakyRelu", "softplus", "elu", "tanh", "sigmoid", "swish")


def autoencoder(inputs):
    return (64, "tanh", 2, "tanh", 64, "tanh", inputs, "tanh")


def classifier(name, *bars, **changes):
    return Problem(name, "mnist", CLASSIFIER, bars, **{"l2": 1e-4, **changes})


def mnist_autoencoder(name, *bars, **changes):
    return Problem(name, "mnist", autoencoder(784), bars, "squaredError", "input", l2=0.01, epochs=10, **changes)


def paper(data, inputs):
    """The two presets of a data set."""
    return (
        Problem(f"{data}-classifier", data, CLASSIFIER, (Bar(1.0),), l2=1e-4, epochs=10),
        Problem(f"{data}-autoencoder", data, autoencoder(inputs), (Bar(1.0),), "squaredError", "input", epochs=10))


def table(name, loss, outputs, limit, scale="standardise"):
    return Problem(name, name, (64, "relu", 64, "relu", outputs), (Bar(limit),), loss, scale=scale, l2=1e-3, batch=32,
                   epochs=20, target="value" if loss == "squaredError" else "label")


def initializations(activation):
    return "uniform", "xavier" if activation in ("sigmoid", "tanh") else "he"


def depth(count, activation, initialization):
    return Problem(
        f"depth:{count}:{activation}:{initialization}", "mnist", (128, activation) * count + (10,), (Bar(1.05),),
        initialization=initialization, epochs=3, peers=ADAM_OF_DEPTH, seeds=(1,), peer_seeds=(1,))


GROUPS = {
    "classifiers": (
        classifier("classifier", Bar(0.90)),
        classifier("classifier-2", Bar(1.0, reference="classifier"), epochs=2, peers=()),
        classifier("classifier-1000", Bar(0.95, reference="classifier"), Bar(0.5), Bar(1.05, "muon"), batch=1000,
                   peers=ADAM + MUON),
        classifier("classifier-4000", Bar(0.6), batch=4000)),
    "autoencoders": (
        mnist_autoencoder("autoencoder-1000", Bar(0.88), batch=1000),
        mnist_autoencoder("autoencoder", Bar(0.97))),
    "tables": (
        Problem("digits", "digits", (64, "tanh", 32, "tanh", 10), (Bar(0.96, None, quantity="accuracy"),), l2=1e-4,
                batch=2000, epochs=20),
        Problem("iris", "iris", (32, "tanh", 3), (Bar(-0.03, quantity="accuracy"),), scale="standardise", l2=1e-3,
                batch=150, epochs=20),
        table("breast-cancer", "softmaxCrossEntropy", 2, 1.1),
        table("friedman1", "squaredError", 1, 1.1),
        table("breast-cancer-raw", "softmaxCrossEntropy", 2, 1.3, scale="none"),
        table("friedman1-scaled", "squaredError", 1, 1.3, scale="none")),
    "deep-autoencoder": (
        Problem("deep", "mnist", DEEP, (Bar(0.65), Bar(1.0, "muon")), "sigmoidCrossEntropy", "input", "unit", "xavier",
                l2=1e-5, batch=200, epochs=2, peers=ADAM_OF_DEEP + MUON_OF_DEEP, finalists=2, seeds=(1, 2, 3, 4, 5),
                peer_seeds=(1, 2)),),
    "depth": tuple(
        depth(count, activation, initialization) for count in DEPTHS for activation in ACTIVATIONS
        for initialization in initializations(activation)),
    "paper": paper("fashion-mnist", 784) + paper("cifar-10", 3072),
}
PROBLEMS = {problem.name: problem for group in GROUPS.values() for problem in group}


def has_data(problem, folder):
    return problem.data in TABLES or pathlib.Path(folder, problem.data).is_dir()


# Data


@dataclasses.dataclass(frozen=True)
class Samples:
    """Training and test set: inputs as the network sees them, and targets."""
    x: torch.Tensor
    t: torch.Tensor
    test_x: torch.Tensor
    test_t: torch.Tensor


def read_idx(path):
    data = gzip.open(path).read()
    sizes = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def read_mnist(folder):
    """Images as rows, and labels, of both parts."""
    return [array for part in ("train", "t10k") for array in (
        read_idx(f"{folder}/{part}-images-idx3-ubyte.gz").reshape(-1, 784),
        read_idx(f"{folder}/{part}-labels-idx1-ubyte.gz"))]


def read_cifar(folder):
    records = {}
    with tarfile.open(next(pathlib.Path(folder).glob("cifar-10-binary*.tar.gz"))) as archive:
        for entry in archive:
            if entry.name.endswith(".bin"):
                data = archive.extractfile(entry).read()
                records[pathlib.Path(entry.name).name] = np.frombuffer(data, np.uint8).reshape(-1, 3073)
    test = records.pop("test_batch.bin")
    training = np.concatenate([records[name] for name in sorted(records)])
    return training[:, 1:], training[:, 0], test[:, 1:], test[:, 0]


def split(x, t):
    """A fifth of the rows, stratified by class, is the test set."""
    x, test_x, t, test_t = train_test_split(
        x, t, test_size=0.2, random_state=0, stratify=t if t.dtype.kind == "i" else None)
    return x, t, test_x, test_t


def friedman1():
    """Friedman's first problem with his noise; targets are standardised."""
    x, t, test_x, test_t = split(*sklearn.datasets.make_friedman1(2000, noise=1.0, random_state=0))
    mean, deviation = t.mean(), t.std()
    return x, (t - mean) / deviation, test_x, (test_t - mean) / deviation


def friedman1_scaled():
    """Standardised features, each multiplied by 10^U(-2, 2).

    The draw leaves large enough what matters; with the generator's seed 0 no optimizer learns more than a fifth."""
    x, t, test_x, test_t = friedman1()
    factors = 10 ** np.random.default_rng(1).uniform(-2, 2, x.shape[1]) / x.std(0)
    return (x - x.mean(0)) * factors, t, (test_x - x.mean(0)) * factors, test_t


TABLES = {
    "digits": lambda: split(*sklearn.datasets.load_digits(return_X_y=True)),
    "iris": lambda: split(*sklearn.datasets.load_iris(return_X_y=True)),
    "breast-cancer": lambda: split(*sklearn.datasets.load_breast_cancer(return_X_y=True)),
    "breast-cancer-raw": lambda: split(*sklearn.datasets.load_breast_cancer(return_X_y=True)),
    "friedman1": friedman1,
    "friedman1-scaled": friedman1_scaled,
}


def scaled(training, test, scale):
    """(M20)."""
    training, test = training.astype(np.float64), test.astype(np.float64)
    low, high = training.min(), training.max()
    factor, offset = {
        "symmetric": lambda: (2 / (high - low), -(high + low) / (high - low)),
        "unit": lambda: (1 / (high - low), -low / (high - low)),
        "standardise": lambda: ((training.var(0) + 1e-8) ** -0.5, -training.mean(0) * (training.var(0) + 1e-8) ** -0.5),
        "none": lambda: (1, 0),
    }[scale]()
    return (torch.tensor((x * factor + offset).astype(np.float32)) for x in (training, test))


@functools.lru_cache(maxsize=2)
def samples(data, scale, target, folder):
    """The samples of a problem."""
    if data in TABLES:
        x, t, test_x, test_t = TABLES[data]()
    else:
        x, t, test_x, test_t = (read_cifar if data == "cifar-10" else read_mnist)(f"{folder}/{data}")
    x, test_x = scaled(x, test_x, scale)
    if target == "input":
        return Samples(x, x, test_x, test_x)
    if target == "value":
        t, test_t = (torch.tensor(part.astype(np.float32))[:, None] for part in (t, test_t))
    else:
        t, test_t = (torch.tensor(part.astype(np.int64)) for part in (t, test_t))
    return Samples(x, t, test_x, test_t)


def write_csv(path, x, t):
    """Rows of inputs with the label last."""
    with open(path, "w") as file:
        for row, label in zip(x.tolist(), t.tolist()):
            file.write(",".join(map(repr, [*row, label])) + "\n")


def data_section(data, folder, temporary):
    """rp-dist's keys for the place of the data; tables are written into the folder `temporary`."""
    if data not in TABLES:
        return {"set": data, "path": f"{folder}/{data}"}
    x, t, test_x, test_t = TABLES[data]()
    write_csv(f"{temporary}/training.csv", x, t)
    write_csv(f"{temporary}/test.csv", test_x, test_t)
    return {"set": "csv", "path": f"{temporary}/training.csv", "test": f"{temporary}/test.csv", "header": False}
