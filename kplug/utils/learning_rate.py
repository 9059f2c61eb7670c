"""``find_learning_rate``: the loss over a learning rate that rises with each step."""

from __future__ import annotations

import copy
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kplug.callbacks import Callback
from kplug.callbacks.base.learning_rates import rated_optimizers, set_learning_rate
from kplug.components.arguments import require_integer, require_number, require_positive
from kplug.curves.curve import Curve
from kplug.curves.drawing import plot
from kplug.errors import ContractError, DataError

_MEMORY = 0.98  # β of the smoothed loss
_WORST = 4.0  # times the lowest smoothed loss, where the search stops
_OWNER = "find_learning_rate"


@dataclass(frozen=True)
class RateSearch:
    """What `find_learning_rate` has found.

    Attributes:
        rates: The learning rate of each step.
        losses: The smoothed loss of each step.
        suggestion: A tenth of the rate with the lowest loss.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestion: float

    def plot(self, to_file: str | os.PathLike[str]) -> str:
        """Draw the loss over the learning rate into a PNG or SVG file, and return a description of it.

        Raises:
            KplugError: If the file cannot be written.
            MissingLibraryError: If matplotlib is not installed.
        """
        exponents = tuple(map(math.log10, self.rates))
        curve = Curve(exponents, self.losses, "log₁₀ of the learning rate", "loss")
        title = f"suggested: {self.suggestion:.2g}"
        plot(Path(to_file), [(title, curve)])
        return f"{title}: {curve.describe()}"


class _Sweep(Callback):
    """Raises the rate at each epoch, which is a step here."""

    def __init__(self, low: float, high: float, steps: int) -> None:
        self.planned = np.geomspace(low, high, steps)
        self.rates: list[float] = []
        self.losses: list[float] = []
        self._mean = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras's signature
        for optimizer in rated_optimizers(self.model.optimizer).values():
            _set_rate(optimizer, float(self.planned[epoch]))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._mean = _MEMORY * self._mean + (1.0 - _MEMORY) * float(logs["loss"])
        smoothed = self._mean / (1.0 - _MEMORY ** (epoch + 1))
        if not math.isfinite(smoothed):
            self.model.stop_training = True
            return
        self.rates.append(float(self.planned[epoch]))
        self.losses.append(smoothed)
        if epoch and smoothed > _WORST * min(self.losses):
            self.model.stop_training = True


def _set_rate(optimizer: Any, rate: float) -> None:
    try:
        set_learning_rate(optimizer, rate)
    except ContractError:  # it follows a schedule
        optimizer.learning_rate = lambda step: rate  # noqa: ARG005 - a schedule's signature


def find_learning_rate(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    low: float = 1e-7,
    high: float = 1.0,
    steps: int = 100,
    batch_size: int = 32,
    **fit_arguments: Any,
) -> RateSearch:
    """Train a copy of a compiled model while the learning rate rises, and return the curve of the loss.

    lrᵢ = low · (high / low)^(i / (steps − 1)). The loss lᵢ of each step's batch is smoothed,
    mᵢ = β·mᵢ₋₁ + (1 − β)·lᵢ divided by 1 − βⁱ⁺¹ with β = 0.98. The search stops early where that is 4 times
    its lowest value. Suggested is a tenth of the rate where it is lowest.

    Args:
        model: The compiled model, which does not change.
        x: Inputs, as for ``fit``, or an iterable of batches.
        y: Targets.
        low: The first rate, > 0.
        high: The last rate, > ``low``.
        steps: The number of steps, >= 2.
        batch_size: Samples per step, of arrays.
        **fit_arguments: Further arguments of ``fit``, such as ``sample_weight``.

    Returns:
        Rates, losses and the suggestion; ``plot`` draws them.

    Raises:
        ArgumentValueError: If a number is outside its range.
        DataError: If the loss does not fall at any rate.
        NotCompiledError: If the model is not compiled.

    Example:
        >>> from kplug import Sequential
        >>> from kplug.layers import Dense
        >>> model = Sequential([Dense(1, input_dim=2, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> x = np.random.default_rng(0).normal(size=(64, 2))
        >>> found = find_learning_rate(model, x, x[:, :1], high=10.0)
        >>> 0.01 < found.suggestion < 0.5, float(abs(model.get_weights()[0]).max())
        (True, 0.0)

    Reference:
        Smith, Cyclical Learning Rates for Training Neural Networks, 2017. Smoothing and stop are those of
        fastai's and Lightning's ``lr_find``, the suggestion is fastai's ``minimum``. Neither Keras nor torch
        has it.
    """
    low = require_positive(_OWNER, "low", low)
    high = require_number(_OWNER, "high", high, f"a finite number > {low}", above=low)
    steps = require_integer(_OWNER, "steps", steps, "an integer >= 2", at_least=2)
    sweep = _Sweep(low, high, steps)
    trained = copy.deepcopy(model)
    trained.built_optimizer = None  # it begins anew
    options = {"batch_size": batch_size} if y is not None else {}  # batches have their size
    with torch.random.fork_rng():
        trained.fit(
            x,
            y,
            epochs=steps,
            steps_per_epoch=1,
            verbose=0,
            callbacks=[sweep],
            **options,
            **fit_arguments,
        )
    best = int(np.argmin(sweep.losses)) if sweep.losses else 0
    if best == 0:
        raise DataError(
            f"{_OWNER}: the loss falls at no rate from {low:g} to {high:g}",
            hint="Begin with a smaller rate, low=…, and see whether fit trains the model at all.",
        )
    return RateSearch(tuple(sweep.rates), tuple(sweep.losses), sweep.rates[best] / 10.0)
