"""Samples a component as a function of one variable."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch

from kplug.curves.curve import Curve
from kplug.curves.optimizer_path import sample_optimizer
from kplug.registry import Kind, Spec, resolve

_POINTS = 161
_BINS = 60
_MOST_STEPS = 100_000
_Function = Callable[[float], Any]


def sample(kind: Kind, spec: Spec) -> Curve | None:
    """Return the curve of a component, or None if it is no function of one variable.

    Args:
        kind: One of ``SAMPLERS``.
        spec: The name with its required arguments.

    Raises:
        KplugError: if the component cannot be created.
    """
    return next(iter(_sample_all(kind, spec, most=1)), None)


def sample_together(kind: Kind, specs: Sequence[Spec]) -> list[Curve | None]:
    """Return the curves of components over the variable that suits most of them; None for the others.

    Args:
        kind: One of ``SAMPLERS``.
        specs: The names with their required arguments.

    Raises:
        KplugError: if a component cannot be created.
    """
    found = [list(_sample_all(kind, spec)) for spec in specs]
    frames = [_identify(curve) for curves in found for curve in curves]
    best = max(dict.fromkeys(frames), key=frames.count, default=None)
    return [next((one for one in curves if _identify(one) == best), None) for curves in found]


def _identify(curve: Curve) -> tuple[object, ...]:
    """Return the variable of a curve; of a loss also where it ends, as some take probabilities alone."""
    ends = (curve.x[0], curve.x[-1]) if curve.y_label == "loss" else ()
    return (curve.x_label, *ends)


def _sample_all(kind: Kind, spec: Spec, most: int | None = None) -> list[Curve]:
    resolved = resolve(kind.name, spec)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        found = SAMPLERS[kind.name](resolved.object, dict(resolved.arguments))
        curves = [found] if isinstance(found, Curve) else found or ()
        return list(itertools.islice(curves, most))


def _sample_activation(activation: Any, _: dict[str, Any]) -> Curve | None:
    # A pair, for activations that combine neighbours, such as softmax and glu.
    def call(x: float) -> Any:
        return activation(torch.tensor([[x, 0.0]]))[0, 0]

    return _sample(call, -4.0, 4.0, "x (beside a 0)", "activation")


def _sample_regularizer(regularizer: Any, _: dict[str, Any]) -> Curve | None:
    return _sample(lambda w: regularizer(torch.tensor([[w]])), -2.0, 2.0, "a weight", "penalty")


def _sample_constraint(constraint: Any, _: dict[str, Any]) -> Curve | None:
    # The first of two weights of a unit: norm constraints depend on both.
    def call(w: float) -> Any:
        return constraint(torch.tensor([[w], [1.0]]))[0, 0]

    return _sample(call, -4.0, 4.0, "a weight (beside a 1)", "constrained weight")


def _sample_loss(loss: Any, _: dict[str, Any]) -> Iterator[Curve]:
    for call, start, end, label in _loss_calls(loss):
        curve = _sample(call, start, end, label, "loss")
        if curve is not None and _is_meant(curve):
            yield curve


def _is_meant(curve: Curve) -> bool:
    """Whether the correct prediction has the lowest loss.

    Otherwise the loss expects probabilities, or ``y_true`` in another form.
    """
    if 1.0 in curve.x:
        return curve.y[curve.x.index(1.0)] <= min(curve.y) + 1e-6
    return curve.y[-1] <= curve.y[_POINTS // 2]


def _loss_calls(loss: Any) -> Iterator[tuple[_Function, float, float, str]]:
    """Yield calls of a loss: with any number, a probability, or the probability of one of two classes."""

    def one(p: float) -> Any:
        return loss(torch.tensor([[1.0]]), torch.tensor([[p]]))

    def one_hot(p: float) -> Any:
        return loss(torch.tensor([[0.0, 1.0]]), torch.tensor([[1 - p, p]]))

    def class_id(p: float) -> Any:
        return loss(torch.tensor([1]), torch.tensor([[1 - p, p]]))

    yield one, -2.0, 4.0, "y_pred, where y_true is 1"
    yield one, 0.01, 0.99, "y_pred, where y_true is 1"
    yield one_hot, 0.01, 0.99, "y_pred of the right one of two classes"
    yield class_id, 0.01, 0.99, "y_pred of the right one of two classes"


def _sample_schedule(schedule: Any, arguments: dict[str, Any]) -> Curve | None:
    numbers = [value for name, value in arguments.items() if "step" in name or name == "boundaries"]
    counts = [
        n for value in numbers for n in (value if isinstance(value, (list, tuple)) else [value])
    ]
    longest = max((int(n) for n in counts if isinstance(n, (int, float))), default=500)
    gaps = _POINTS - 1  # steps are integers, so the gaps are too
    end = min(-(-2 * max(longest, 1) // gaps) * gaps, _MOST_STEPS)
    return _sample(lambda step: schedule(int(step)), 0.0, float(end), "step", "learning rate")


def _sample_initializer(initializer: Any, _: dict[str, Any]) -> Curve | None:
    values = torch.as_tensor(initializer(shape=(128, 128))).flatten().float()
    low, high = values.min().item(), values.max().item()
    if low == high:  # a constant is one bar
        low, high = low - 0.5, high + 0.5
    counts = torch.histc(values, _BINS, low, high)
    width = (high - low) / _BINS
    x = tuple(low + (place + 0.5) * width for place in range(_BINS))
    return Curve(x, tuple(counts.tolist()), "a weight of (128, 128)", "how many", "bars")


def _sample(
    function: _Function, start: float, end: float, x_label: str, y_label: str
) -> Curve | None:
    """Return the values of a function; None if it refuses one, or is constant."""
    step = (end - start) / (_POINTS - 1)
    x = tuple(start + place * step for place in range(_POINTS))
    try:
        y = tuple(torch.as_tensor(function(value)).float().mean().item() for value in x)
    except Exception:  # noqa: BLE001 - it is anyone's component, and may want other inputs
        return None
    is_finite = all(abs(value) < float("inf") for value in y)
    return Curve(x, y, x_label, y_label) if is_finite and min(y) < max(y) else None


SAMPLERS: dict[str, Callable[[Any, dict[str, Any]], Curve | Iterable[Curve] | None]] = {
    "activation": _sample_activation,
    "regularizer": _sample_regularizer,
    "loss": _sample_loss,
    "schedule": _sample_schedule,
    "initializer": _sample_initializer,
    "constraint": _sample_constraint,
    "optimizer": sample_optimizer,
}
