"""The models of ``cases.py`` in torch, and their training as an expert writes it.

Pictures are channels last, attention is torch's own, Adam is fused, and metrics are added up on the device.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from cases import CHAIN, CODES, Case
from torch import Tensor, nn
from torch.nn import functional

Loss = Callable[[Any, Any], Tensor]


@dataclass
class Hand:
    """A module, and functions of its outputs and the targets.

    Args:
        module: Takes the inputs, pictures channels last.
        loss: The loss; of the first target alone if there is one.
        metrics: Their means are computed.
        extra: What the inputs add to the loss.
    """

    module: nn.Module
    loss: Loss
    metrics: list[Loss] = field(default_factory=list)
    extra: Callable[[Any, Tensor], Tensor] | None = None

    def compute(self, x: list[Tensor], y: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the loss, and loss and metrics without gradient."""
        outputs, targets = self.module(*x), y[0] if len(y) == 1 else y
        loss = self.loss(outputs, targets)
        if self.extra is not None:
            loss = loss + self.extra(x[0], outputs)
        with torch.no_grad():
            values = [loss.detach(), *(metric(outputs, targets) for metric in self.metrics)]
            return loss, torch.stack(values)


def adam(module: nn.Module) -> torch.optim.Optimizer:
    """Return the optimizer, with Keras's numbers."""
    return torch.optim.Adam(module.parameters(), lr=1e-3, eps=1e-7, fused=True)


class Loop:
    """Training and prediction in loops.

    Args:
        case: The case.
        hand: It in torch.
        is_compiled: Whether the forward pass with loss and metrics is compiled.
    """

    def __init__(self, case: Case, hand: Hand, *, is_compiled: bool = False) -> None:
        self.hand, self.size, self.optimizer = hand, case.batch_size, adam(hand.module)
        self.compute = torch.compile(hand.compute) if is_compiled else hand.compute
        self.x, self.y = ([torch.from_numpy(each) for each in arrays] for arrays in case.data)

    def fit(self, epochs: int, told: Callable[[], object] = lambda: None) -> list[float]:
        """Train; return the means of the last epoch."""
        means: list[float] = []
        for _ in range(epochs):
            self.hand.module.train()
            sums = torch.zeros(1 + len(self.hand.metrics))
            for rows in torch.randperm(len(self.x[0])).split(self.size):
                x, y = [each[rows] for each in self.x], [each[rows] for each in self.y]
                sums += self.step(x, y) * len(rows)
            means = (sums / len(self.x[0])).tolist()
            told()
        return means

    def step(self, x: list[Tensor], y: list[Tensor]) -> Tensor:
        """Train on a batch; return loss and metrics."""
        self.optimizer.zero_grad()
        loss, values = self.compute(x, y)
        loss.backward()
        self.optimizer.step()
        return values

    @torch.inference_mode()
    def predict(self) -> Any:
        """Return the outputs for all inputs."""
        self.hand.module.eval()
        batches = zip(*(each.split(self.size) for each in self.x), strict=True)
        outputs = [self.hand.module(*batch) for batch in batches]
        if isinstance(outputs[0], Tensor):
            return torch.cat(outputs).numpy()
        return [torch.cat(each).numpy() for each in zip(*outputs, strict=True)]

    @torch.inference_mode()
    def predict_one(self) -> Any:
        """Return the outputs for one sample."""
        self.hand.module.eval()
        outputs = self.hand.module(*(each[:1] for each in self.x))
        return outputs.numpy() if isinstance(outputs, Tensor) else [one.numpy() for one in outputs]


def train_with_lightning(case: Case, hand: Hand) -> tuple[Callable[..., object], Callable[[], Any]]:
    """Return training and prediction by Lightning."""
    import lightning
    from torch.utils.data import DataLoader, TensorDataset

    inputs = len(case.data[0])
    data = TensorDataset(*(torch.from_numpy(each) for arrays in case.data for each in arrays))

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.module = hand.module

        def training_step(self, batch: Any) -> Tensor:
            loss, values = hand.compute(list(batch[:inputs]), list(batch[inputs:]))
            for place, value in enumerate(values):
                self.log(f"mean {place}", value, on_step=False, on_epoch=True)
            return loss

        def predict_step(self, batch: Any) -> Any:
            return self.module(*batch[:inputs])

        def configure_optimizers(self) -> Any:
            return adam(self.module)

    module, options = Module(), {"logger": False, "enable_checkpointing": False}

    def trainer(**further: Any) -> Any:
        quiet = {"enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
        return lightning.Trainer(**options, **quiet, **further)

    def fit(epochs: int, told: Callable[[], object] = lambda: None) -> None:
        class Told(lightning.Callback):
            def on_train_epoch_end(self, *arguments: Any) -> None:
                told()

        loader = DataLoader(data, case.batch_size, shuffle=True)
        trainer(max_epochs=epochs, callbacks=[Told()]).fit(module, loader)

    def predict() -> Any:
        outputs = trainer().predict(module, DataLoader(data, case.batch_size))
        return [torch.cat(each) for each in zip(*outputs, strict=True)]

    return fit, predict


# -- losses and metrics ------------------------------------------------------------------------

cross_entropy, binary, mse = nn.CrossEntropyLoss(), nn.BCELoss(), nn.MSELoss()


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the share of classes that are right."""
    return (outputs.argmax(-1) == targets).float().mean()


def binary_accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the share of answers that are right."""
    return ((outputs > 0.5) == (targets > 0.5)).float().mean()


def top_k(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the share of classes that are among the five likeliest."""
    return (outputs.topk(5).indices == targets[:, None]).any(-1).float().mean()


def logarithmic(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean square of the difference of logarithms."""
    first, second = (torch.log(each.clamp(min=1e-7) + 1) for each in (outputs, targets))
    return mse(first, second)


def dice(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of kplug-segmentation."""
    common = (outputs * targets).sum()
    return -(2 * common + 1.0) / (outputs.sum() + targets.sum() + 1.0)


def of(place: int, function: Loss) -> Loss:
    """Return a function of the output of this place and its target."""
    return lambda outputs, targets: function(outputs[place], targets[place])


# -- modules -----------------------------------------------------------------------------------


def mlp(*sizes: int) -> nn.Sequential:
    """Return a multilayer perceptron."""
    inner = [
        each
        for before, after in itertools.pairwise(sizes[:-1])
        for each in (nn.Linear(before, after), nn.ReLU(inplace=True))
    ]
    return nn.Sequential(*inner, nn.Linear(*sizes[-2:]))


class ChannelsLast(nn.Module):
    """A network of pictures, which lie in memory as they are given: channels last."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers).to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs."""
        outputs: Tensor = self.layers(x.permute(0, 3, 1, 2))
        return outputs


class FlattenLast(nn.Module):
    """Flattens pictures in the order that they lie in."""

    def forward(self, x: Tensor) -> Tensor:
        """Return rows."""
        return x.permute(0, 2, 3, 1).flatten(1)


def convolve(before: int, after: int, padding: int = 0) -> list[nn.Module]:
    """Return a convolution and relu."""
    return [nn.Conv2d(before, after, 3, padding=padding), nn.ReLU(inplace=True)]


def cnn(convolutions: list[nn.Module], size: int) -> nn.Module:
    """Return a network that ends with two dense layers."""
    dense = [nn.Linear(size, 128), nn.ReLU(inplace=True), nn.Linear(128, 10)]
    return ChannelsLast(*convolutions, FlattenLast(), *dense)


def normalize(before: int, after: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Return a convolution and a batch normalization."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(after, eps=1e-3, momentum=0.01),
    )


class Residual(nn.Module):
    """A block of ResNet-18."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        stride = 1 if before == after else 2
        self.first = normalize(before, after, 3, stride)
        self.second = normalize(after, after)
        self.short = nn.Identity() if stride == 1 else normalize(before, after, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs."""
        inner = self.second(functional.relu_(self.first(x)))
        return functional.relu_(inner.add_(self.short(x)))


def resnet() -> nn.Module:
    """Return ResNet-18 for small pictures."""
    sizes = [64, 64, 64, 128, 128, 256, 256, 512, 512]
    blocks = [Residual(a, b) for a, b in itertools.pairwise(sizes)]
    last = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))
    return ChannelsLast(normalize(3, 64), nn.ReLU(inplace=True), *blocks, *last)


class LastOfLSTM(nn.Module):
    """An LSTM whose last output goes through a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.last = nn.LSTM(32, 64, batch_first=True), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        outputs: Tensor = self.last(self.lstm(x)[0][:, -1])
        return outputs


class MaskedGRU(nn.Module):
    """A GRU that reads words up to the first zero."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.gru = nn.Embedding(2000, 64), nn.GRU(64, 64, batch_first=True)
        self.last = nn.Linear(64, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return probabilities."""
        outputs, ends = self.gru(self.words(x))[0], (x != 0).sum(1) - 1
        return torch.sigmoid(self.last(outputs[torch.arange(len(x)), ends]))


class Mean(nn.Module):
    """The mean of a sequence."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the means."""
        return x.mean(1)


class Block(nn.Module):
    """Attention with one projection for queries, keys and values, and a perceptron."""

    def __init__(self) -> None:
        super().__init__()
        self.project, self.join = nn.Linear(128, 384), nn.Linear(128, 128)
        self.first, self.second = nn.LayerNorm(128, eps=1e-3), nn.LayerNorm(128, eps=1e-3)
        self.dense = mlp(128, 256, 128)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs."""
        parts = self.project(x).view(*x.shape[:2], 3, 4, 32).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(*parts.unbind(0))
        x = self.first(x + self.join(attended.transpose(1, 2).flatten(2)))
        outputs: Tensor = self.second(x + self.dense(x))
        return outputs


class Tabular(nn.Module):
    """Codes that are looked up, numbers that are normalized, and a perceptron."""

    def __init__(self) -> None:
        super().__init__()
        order = np.argsort(CODES)
        self.register_buffer("codes", torch.from_numpy(CODES[order]))
        self.register_buffer("places", torch.from_numpy(order + 1))
        self.known, self.dense = nn.Embedding(len(CODES) + 1, 8), mlp(44, 64, 64, 1)

    def forward(self, codes: Tensor, amounts: Tensor) -> Tensor:
        """Return probabilities."""
        found = torch.searchsorted(self.codes, codes).clamp_(max=len(CODES) - 1)
        places = torch.where(self.codes[found] == codes, self.places[found], 0)
        x = torch.cat([self.known(places).flatten(1), (amounts - 50.0) / 9.0], 1)
        return torch.sigmoid(self.dense(x))


class UNet(nn.Module):
    """A small U-Net."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [(3, 16), (16, 32), (32, 64), (96, 32), (48, 16)]
        pairs = [nn.Sequential(*convolve(a, b, 1), *convolve(b, b, 1)) for a, b in sizes]
        self.pairs, self.last = nn.ModuleList(pairs), nn.Conv2d(16, 1, 1)
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Return masks."""
        first = self.pairs[0](x.permute(0, 3, 1, 2))
        second = self.pairs[1](functional.max_pool2d(first, 2))
        x = self.pairs[2](functional.max_pool2d(second, 2))
        for pair, skipped in ((self.pairs[3], second), (self.pairs[4], first)):
            x = pair(torch.cat([functional.interpolate(x, scale_factor=2), skipped], 1))
        return torch.sigmoid(self.last(x)).permute(0, 2, 3, 1)


class Heads(nn.Module):
    """A model of three outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Sequential(*mlp(64, 128, 128, 1)[:-1])
        self.heads = nn.ModuleList([nn.Linear(128, size) for size in (1, 10, 1)])

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the outputs."""
        x = self.dense(x)
        number, classes, answer = (head(x) for head in self.heads)
        return [number, classes, torch.sigmoid(answer)]


def make_heads() -> Hand:
    """Return the model of three outputs, three losses and eight metrics."""
    l1 = nn.L1Loss()
    metrics = [
        *(of(0, l1), of(0, mse), of(0, logarithmic), of(1, accuracy), of(1, top_k)),
        *(of(2, binary_accuracy), of(2, l1), of(2, mse)),
    ]

    def loss(outputs: list[Tensor], targets: list[Tensor]) -> Tensor:
        parts = zip((mse, cross_entropy, binary), outputs, targets, strict=True)
        return torch.stack([function(*pair) for function, *pair in parts]).sum()

    return Hand(Heads(), loss, metrics)


def make_own_step() -> Hand:
    """Return the model that compares its outputs for inputs and for these made smaller."""
    module = mlp(64, 128, 128, 1)
    return Hand(
        module,
        mse,
        [nn.L1Loss()],
        lambda x, outputs: 0.1 * (module(0.9 * x) - outputs).square().mean(),
    )


def pools(*sizes: int) -> list[nn.Module]:
    """Return convolutions with a pooling after each."""
    pairs = itertools.pairwise(sizes)
    return [each for a, b in pairs for each in (*convolve(a, b, 1), nn.MaxPool2d(2))]


HANDS: dict[str, Callable[[], Hand]] = {
    "small MLP": lambda: Hand(mlp(20, 64, 64, 1), mse),
    "wide MLP": lambda: Hand(mlp(784, 512, 512, 10), cross_entropy, [accuracy]),
    "CNN 28": lambda: Hand(
        cnn([*convolve(1, 32), *convolve(32, 64), nn.MaxPool2d(2)], 9216), cross_entropy
    ),
    "CNN 64": lambda: Hand(cnn(pools(3, 32, 64, 128), 8192), cross_entropy),
    "ResNet-18": lambda: Hand(resnet(), cross_entropy),
    "LSTM": lambda: Hand(LastOfLSTM(), cross_entropy),
    "GRU with masks": lambda: Hand(MaskedGRU(), binary, [binary_accuracy]),
    "encoder": lambda: Hand(
        nn.Sequential(Block(), Block(), Mean(), nn.Linear(128, 10)), cross_entropy
    ),
    "text, 100,000 words": lambda: Hand(
        nn.Sequential(nn.Embedding(100_000, 64), Mean(), mlp(64, 64, 1), nn.Sigmoid()),
        binary,
        [binary_accuracy],
    ),
    "tabular": lambda: Hand(Tabular(), binary, [binary_accuracy]),
    "segmentation": lambda: Hand(UNet(), dice),
    "3 losses, 8 metrics": make_heads,
    "own train_step": make_own_step,
    f"chain of {CHAIN} layers": lambda: Hand(mlp(16, *[16] * CHAIN, 1), mse),
}
