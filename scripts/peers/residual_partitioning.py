"""Residual partitioning in the paper's form (M1-M11) and its peers, written with PyTorch's operations."""
import torch
from torch.nn.functional import linear, softplus

# Each of the paper's networks once: the sizes of the dense layers, the activation, whether the last layer has one too.
NETWORKS = {
    "mnist-classifier": ((784, 400, 100, 36, 10), "softplus"),
    "mnist-autoencoder": ((784, 64, 2, 64, 784), "tanh"),
    "cifar-10-classifier": ((3072, 400, 100, 36, 10), "softplus"),
    "cifar-10-autoencoder": ((3072, 64, 2, 64, 3072), "tanh"),
}


class Network:
    """Weights and biases, a batch of random samples, and the operations of a step."""

    def __init__(self, name, batch, seed=1):
        self.sizes, self.activation = NETWORKS[name]
        self.is_classifier = self.activation == "softplus"
        generator = torch.Generator().manual_seed(seed)

        def uniform(*shape, bound=1.0):
            return (2 * torch.rand(*shape, generator=generator) - 1) * bound

        self.weights, self.biases = [], []
        for inputs, outputs in zip(self.sizes, self.sizes[1:]):
            self.weights.append(uniform(outputs, inputs, bound=inputs**-0.5))
            self.biases.append(uniform(outputs, bound=inputs**-0.5))
        self.x = uniform(batch, self.sizes[0])
        self.classes = torch.randint(10, (batch,), generator=generator)
        one_hot = torch.nn.functional.one_hot(self.classes, 10).float()
        self.targets = one_hot if self.is_classifier else self.x

    @property
    def layers(self):
        """What `rp-dist statistics --network` calls the layers."""
        names = []
        for _ in self.weights:
            names += ["dense", self.activation]
        return names[:-1] if self.is_classifier else names

    def has_activation(self, layer):
        return not self.is_classifier or layer + 1 < len(self.weights)

    def parameters(self):
        return [p for pair in zip(self.weights, self.biases) for p in pair]

    # First-order training, as PyTorch's users write it.

    def loss(self):
        y = self.x
        for layer, (w, b) in enumerate(zip(self.weights, self.biases)):
            y = linear(y, w, b)
            if self.has_activation(layer):
                y = torch.tanh(y) if self.activation == "tanh" else softplus(y)
        if self.is_classifier:
            return torch.nn.functional.cross_entropy(y, self.classes)
        return (y - self.x).square().sum() / len(y)

    # Residual partitioning.

    def statistics(self):
        """The means of (M9) over the samples, for each layer: wDot, wDDot, bDot, bDDot; one forward, one backward pass."""
        values, gradients, slopes = [self.x], [None], []
        y, u = self.x, None
        for layer, (w, b) in enumerate(zip(self.weights, self.biases)):
            above = y.abs().sum(1, keepdim=True) + 1  # (M4)
            if u is not None:
                above = above + u @ w.abs().t()
            y, u = torch.addmm(b, y, w.t()), above
            if self.has_activation(layer):
                below = u
                if self.activation == "tanh":
                    y = torch.tanh(y)
                    slope = 1 - y * y
                    curvature = -2 * y * slope
                else:
                    slope = torch.sigmoid(y)
                    curvature = slope * (1 - slope)
                    y = softplus(y)
                u = slope.abs() * u  # (M5)
                slopes.append((slope, curvature, below))
            else:
                slopes.append(None)
            values.append(y)
            gradients.append(u)
        if self.is_classifier:  # (M7)
            p = torch.softmax(y, 1)
            y_dot = p - self.targets
            root = (p * (1 - p)).sqrt()
            z = root * (u * root).sum(1, keepdim=True)
        else:  # (M6)
            y_dot = 2 * (y - self.targets)
            z = 2 * u
        found = [None] * len(self.weights)
        samples = len(self.x)
        for layer in reversed(range(len(self.weights))):
            if slopes[layer] is not None:  # (M8)
                slope, curvature, below = slopes[layer]
                z = (z * slope.abs() + y_dot * curvature * below).abs()
                y_dot = y_dot * slope
            w, x = self.weights[layer], values[layer]
            found[layer] = (  # (M9)
                y_dot.t() @ x / samples, z.t() @ x.abs() / samples, y_dot.mean(0), z.mean(0))
            if layer > 0:  # (M10)
                y_dot, z = y_dot @ w, z @ w.abs()
        return found

    def step(self, rate=1.0):
        """(M11)"""
        for w, b, (w_dot, w_ddot, b_dot, b_ddot) in zip(self.weights, self.biases, self.statistics()):
            for p, first, second in ((w, w_dot, w_ddot), (b, b_dot, b_ddot)):
                p.sub_(torch.where(second > 0, first / second, 0), alpha=rate)


class Products:
    """The matrix products of a step of residual partitioning, on matrices of their own."""

    def __init__(self, sizes, batch):
        self.layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            x, y, w = (torch.full(shape, 0.5) for shape in ((batch, inputs), (batch, outputs), (outputs, inputs)))
            self.layers.append((x, y, w, x.clone(), y.clone(), w.clone()))

    def run(self):
        for layer, (x, _, w, _, out, _) in enumerate(self.layers):
            for _ in range(2 if layer else 1):
                torch.mm(x, w.t(), out=out)
        for layer, (x, y, w, below, _, sums) in reversed(list(enumerate(self.layers))):
            for _ in range(2):
                torch.mm(y.t(), x, out=sums)
            for _ in range(2 if layer else 0):
                torch.mm(y, w, out=below)
