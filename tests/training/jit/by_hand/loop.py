"""A network and a loop over batches, with nothing of kplug in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.float64]
Update = Callable[[Sequence[Tensor], int], None]

# Ten steps an epoch, the last of 4 rows.
ROWS, BATCH, EPOCHS, FEATURES, HIDDEN = 76, 8, 5, 6, 5
STEPS = EPOCHS * (ROWS // BATCH + 1)

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: x.softmax(-1),
    "softplus": nn.functional.softplus,
    "tanh": torch.tanh,
}


@dataclass(frozen=True)
class Run:
    """The result of a training: the loss of each step, and the weights after the last."""

    losses: list[float]
    weights: list[Array]


class Network(nn.Module):
    """Two dense layers.

    Args:
        shape: Of the outputs of a sample.
        activation: Of the outputs.
    """

    def __init__(self, shape: tuple[int, ...], activation: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.shape, self.activate = shape, ACTIVATIONS[activation]
        self.hidden = nn.Linear(FEATURES, HIDDEN)
        self.output = nn.Linear(HIDDEN, int(np.prod(shape)))
        self.double()  # numbers that float32 has, computed with in float64

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, shape (N, *shape)."""
        outputs = self.activate(self.output(self.hidden(x).tanh()))
        return outputs.reshape(len(x), *self.shape)

    def list_weights(self) -> list[Array]:
        """Return the weights as Keras has them: a kernel is (in, out)."""
        return [weight.detach().numpy().T.copy() for weight in self.parameters()]


def draw_inputs() -> Tensor:
    """Return the inputs, numbers that float32 has."""
    return torch.randn(ROWS, FEATURES, generator=torch.Generator().manual_seed(1)).double()


def train(
    network: Network,
    x: Tensor,
    y: Tensor,
    find_loss: Callable[[Tensor, Tensor], Tensor],
    update: Update,
) -> Run:
    """Train in the order of the rows.

    Args:
        network: The network.
        x: Inputs.
        y: Targets.
        find_loss: Gives the loss of a batch from its targets and outputs.
        update: Changes the network's weights by their gradients, which are means over so many rows.
    """
    losses = []
    for _ in range(EPOCHS):
        for start in range(0, ROWS, BATCH):
            rows = slice(start, start + BATCH)
            loss = find_loss(y[rows], network(x[rows]))
            gradients = torch.autograd.grad(loss, list(network.parameters()))
            update(gradients, len(x[rows]))
            losses.append(loss.item())
    return Run(losses, network.list_weights())
