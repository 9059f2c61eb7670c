"""The cases of ``training.py``: each model in kplug or Keras, and in torch, with its data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import backend_cases
import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass
class Case:
    """One model in several libraries, and its data.

    Args:
        name: Its name in the table.
        make: Makes the model of a library that has Keras's names.
        make_theirs: Makes torch's.
        x: Inputs, channels last.
        y: Targets.
        batch_size: Samples per step.
        loss: kplug's loss, and Keras's.
        torch_loss: The same in torch: called with predictions and targets.
        penalty: What is added to it.
        metrics: Metrics of kplug, and functions of predictions and targets that compute their means.
        targets: Largest ratios to the loop by hand and to Keras, by mode.
        is_in_keras: Whether it is tried there.
    """

    name: str
    make: Callable[[Any], Any]
    make_theirs: Callable[[], nn.Module]
    x: Tensor
    y: Tensor
    batch_size: int
    loss: str
    torch_loss: Loss
    penalty: Callable[[nn.Module], Tensor] | None = None
    metrics: dict[str, Loss] = field(default_factory=dict)
    targets: dict[str, tuple[float, float | None]] = field(default_factory=dict)
    is_in_keras: bool = True

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return -(-len(self.x) // self.batch_size)

    @property
    def torch_x(self) -> Tensor:
        """Inputs as torch's layers want them."""
        return self.x.permute(0, 3, 1, 2).contiguous() if self.x.ndim == 4 else self.x


def make_mlp(
    name: str, sizes: Sequence[int], rows: int, batch: int, classes: int, targets: Any
) -> Case:
    """Return a multilayer perceptron: a regression, or a classification from logits."""
    first, *hidden, last = sizes

    def make_theirs() -> nn.Module:
        pairs = zip(sizes[:-2], hidden, strict=True)
        inner = [each for a, b in pairs for each in (nn.Linear(a, b), nn.ReLU())]
        return nn.Sequential(*inner, nn.Linear(hidden[-1], last))

    x = torch.randn(rows, first)
    y = torch.randint(0, classes, (rows,)) if classes else torch.randn(rows, last)
    loss = "sparse_categorical_crossentropy" if classes else "mean_squared_error"
    torch_loss: Loss = nn.CrossEntropyLoss() if classes else nn.MSELoss()
    case = Case(name, backend_cases.make_mlp(*sizes), make_theirs, x, y, batch, loss, torch_loss)
    case.targets = targets
    return case


def make_rich_mlp(name: str, sizes: Sequence[int], rows: int, batch: int) -> Case:
    """Return the same network with dropout, ``l1_reg``, the dice loss of a plugin and two metrics."""
    first, *hidden, last = sizes

    options = {"activation": "relu", "kernel_regularizer": "l1_reg(1e-5)"}
    inner = [each for n in hidden for each in (("Dense", (n,), options), ("Dropout", (0.2,), {}))]
    make = backend_cases.make_chain(
        ("Input", ((first,),), {}), *inner, ("Dense", (last,), {"activation": "sigmoid"})
    )

    def make_theirs() -> nn.Module:
        inner: list[nn.Module] = []
        for before, after in zip(sizes[:-2], hidden, strict=True):
            inner += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(0.2)]
        return nn.Sequential(*inner, nn.Linear(hidden[-1], last), nn.Sigmoid())

    def dice(y_pred: Tensor, y_true: Tensor) -> Tensor:
        return -(2 * (y_pred * y_true).sum() + 1.0) / (y_pred.sum() + y_true.sum() + 1.0)

    def penalty(model: nn.Module) -> Tensor:
        kernels = [each.weight for each in model if isinstance(each, nn.Linear)][:-1]  # type: ignore[attr-defined]
        return sum((1e-5 * kernel.abs().sum() for kernel in kernels), torch.zeros(()))

    def accuracy(y_pred: Tensor, y_true: Tensor) -> Tensor:
        return ((y_pred > 0.5) == (y_true > 0.5)).float().mean()

    x, y = torch.randn(rows, first), torch.randint(0, 2, (rows, last)).float()
    metrics = {"mae": nn.functional.l1_loss, "binary_accuracy": accuracy}
    loss = "dice_loss(smooth=1.0, thresh=None)"
    case = Case(name, make, make_theirs, x, y, batch, loss, dice, penalty, metrics)
    case.is_in_keras = False
    return case


def make_cnn(rows: int, targets: Any) -> Case:
    """Return the small convolutional network."""

    def make_theirs() -> nn.Module:
        return nn.Sequential(
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(12 * 12 * 64, 128), nn.ReLU(), nn.Linear(128, 10)),
        )

    x, y = torch.randn(rows, 28, 28, 1), torch.randint(0, 10, (rows,))
    loss = "sparse_categorical_crossentropy"
    name, torch_loss = "CNN 28x28, batch 64", nn.CrossEntropyLoss()
    case = Case(name, backend_cases.make_cnn, make_theirs, x, y, 64, loss, torch_loss)
    case.targets = targets
    return case


class _LastOfLSTM(nn.Module):
    """An LSTM whose last output goes through a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.last = nn.LSTM(32, 64, batch_first=True), nn.Linear(64, 10)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits."""
        outputs: Tensor = self.last(self.lstm(inputs)[0][:, -1])
        return outputs


def make_lstm(rows: int) -> Case:
    """Return the recurrent network."""

    x, y = torch.randn(rows, 50, 32), torch.randint(0, 10, (rows,))
    loss = "sparse_categorical_crossentropy"
    name, torch_loss = "LSTM 50x32, 64 units, batch 32", nn.CrossEntropyLoss()
    return Case(name, backend_cases.make_lstm, _LastOfLSTM, x, y, 32, loss, torch_loss)


SMALL = {"eager": (1.0, 0.19), "jit": (0.40, 0.075), "jit x8": (0.25, 0.075)}
WIDE = {"eager": (1.0, 0.45), "jit": (0.95, 0.43)}
CNN = {"eager": (1.0, 0.70), "jit": (0.95, 0.67)}


def list_cases(*, is_quick: bool) -> list[Callable[[], Case]]:
    """Return functions that make the cases; quick ones have fewer rows."""
    part = 4 if is_quick else 1
    small, wide = [20, 64, 64, 1], [784, 512, 512, 10]
    return [
        lambda: make_mlp("MLP 20-64-64-1, batch 32", small, 12_800 // part, 32, 0, SMALL),
        lambda: make_mlp("MLP 784-512-512-10, batch 128", wide, 6_400 // part, 128, 10, WIDE),
        lambda: make_cnn(1_280 // part, CNN),
        lambda: make_lstm(3_200 // part),
        lambda: make_rich_mlp("small MLP, l1, dice, 2 metrics, dropout", small, 12_800 // part, 32),
        lambda: make_rich_mlp("wide MLP, l1, dice, 2 metrics, dropout", wide, 6_400 // part, 128),
    ]
