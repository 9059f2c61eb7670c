"""Asks a component what its reading does not tell: what a loss sums over, and its cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from kplug.optimizers import build_optimizer, set_gradients, take_step
from kplug_numbers.recipes.inputs import Family, pairs, spread
from kplug_numbers.recipes.metrics import ORDER, update
from kplug_numbers.recipes.optimizers import STEPS, advance, begin, join
from kplug_numbers.recipes.recorder import Recorder
from kplug_numbers.recipes.tensor_functions import OF_LOSSES

_CLOSE = 1e-7


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations that torch runs."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.count += 1
        return function(*args, **(kwargs or {}))


def count_operations(out: Recorder, kind: str) -> int | None:
    """Return how many operations torch runs for one call and its gradient; None if that cannot be told.

    The number is the same in every run. Copies and views count as well.
    """
    counter = _Counter()

    def count() -> int:
        use = _find_use(out, kind)
        if use is not None:
            with counter:
                use()
        return 1

    return counter.count if out.takes(count) and counter.count else None


def _find_use(out: Recorder, kind: str) -> Callable[[], Any] | None:
    """Return one use of a component, whose object and inputs are made before."""
    if kind in ("loss", "metric"):
        return _use_pairs(out, kind)
    if kind == "initializer":
        made = out.make()
        return lambda: made((48, 32), dtype=torch.float32)
    if kind in ("activation", "regularizer", "constraint"):
        made, x = out.make(), spread("activation/rows", 4, 6).float().requires_grad_()
        return lambda: _backward(made(x))
    return _use_optimizer(out) if kind == "optimizer" else None


def _use_pairs(out: Recorder, kind: str) -> Callable[[], Any] | None:
    family = find_family(out, kind)
    if family is None:
        return None
    made, inputs = out.make(), family.cast(torch.float32)
    if kind == "metric":
        return lambda: update(made, inputs).result()
    y_pred = inputs[-1].requires_grad_()
    return lambda: _backward(made(inputs[0], y_pred))


def _use_optimizer(out: Recorder) -> Callable[[], Any]:
    weights = [spread("optimizer/matrix", 2, 3).requires_grad_()]
    optimizer = build_optimizer(out.make(), weights)

    def compute() -> Tensor:
        return set_gradients(optimizer, weights, lambda these: these[0].square().sum())

    for _ in range(2):  # the first step makes the state
        take_step(optimizer, compute)
    loss = torch.zeros(())
    return lambda: take_step(optimizer, lambda: loss)


def _backward(value: Any) -> None:
    if isinstance(value, Tensor) and value.requires_grad:
        torch.autograd.backward(value.sum())


def find_family(out: Recorder, kind: str) -> Family | None:
    """Return the first inputs that a loss or a metric takes; None without."""
    known = {one.name: one for one in pairs()}
    if kind == "loss":
        return next((one for one in pairs()[:OF_LOSSES] if _takes_loss(out, one)), None)
    return next((known[name] for name in ORDER if _takes_metric(out, known[name])), None)


def _takes_loss(out: Recorder, family: Family) -> bool:
    return out.takes(lambda: out.make()(*family.cast(torch.float64)))


def _takes_metric(out: Recorder, family: Family) -> bool:
    return out.takes(lambda: update(out.make(), family.cast(torch.float32)).result())


def find_loss_traits(out: Recorder, family: str) -> dict[str, str]:
    """Return what a loss sums over, which classes it leaves out, and what does not change it.

    Args:
        out: Makes the loss.
        family: The name of inputs that suit it.
    """
    found: dict[str, str] = {}
    y_true, y_pred = next(one for one in pairs() if one.name == family).cast(torch.float64)

    def ask() -> int:
        found.update(_probe(out.make(), y_true, y_pred))
        return 1

    out.takes(ask)
    return found


def _probe(loss: Callable[..., Any], y_true: Tensor, y_pred: Tensor) -> dict[str, str]:
    # Samples of other sizes, since the mean of ratios is their sums' ratio where all have the same size.
    y_pred = y_pred * torch.linspace(1, 0.6, len(y_pred)).reshape(-1, *[1] * (y_pred.ndim - 1))
    value = _number(loss(y_true, y_pred))
    alone = [_number(loss(y_true[at : at + 1], y_pred[at : at + 1])) for at in range(len(y_pred))]
    found = {"batch": "one value of the whole batch"}
    for total, words in (
        (sum(alone) / len(alone), "the mean of its samples"),
        (sum(alone), "the sum of its samples"),
    ):
        if _is_close(value, total):
            found["batch"] = words
    if y_pred.ndim > 1 and y_pred.shape[-1] > 1:
        found |= _find_idle_classes(loss, y_true, y_pred)
        if _is_close(value, _number(loss(y_true, y_pred + 0.5))):
            found["shift"] = "ignores a shift of all scores, as a softmax does"
    if _is_close(value, _number(loss(y_true, y_pred * 1.25))):
        found["scale"] = "ignores the scale of predictions"
    return found


def _find_idle_classes(loss: Callable[..., Any], y_true: Tensor, y_pred: Tensor) -> dict[str, str]:
    x = y_pred.clone().requires_grad_()
    value = torch.as_tensor(loss(y_true, x)).mean()
    if not value.requires_grad:
        return {"gradient": "has no gradient"}
    gradients: tuple[Tensor | None, ...] = torch.autograd.grad(value, x, allow_unused=True)
    gradient = gradients[0]
    if gradient is None or not gradient.any():
        return {}
    plain, idle = _number(value), []
    for at, one in enumerate(gradient.unbind(-1)):
        # A gradient is 0 too where a value is clipped or counted.
        moved = y_pred + torch.nn.functional.one_hot(torch.tensor(at), y_pred.shape[-1])
        values = [_number(loss(y_true, each)) for each in (moved, 2 * y_pred - moved)]
        if not one.any() and all(_is_close(plain, each) for each in values):
            idle.append(at)
    names = " and ".join(map(str, idle))
    return {"classes": f"leaves out class {names}"} if idle else {}


def measure_way(out: Recorder) -> float:
    """Return how far an optimizer moves the weights of its recipe, summed over them; 0 if it does not."""
    ways = [0.0]

    def measure() -> float:
        weights = begin()
        advance(build_optimizer(out.make(), weights), weights, STEPS)
        ways.append(float((join(weights) - join(begin())).abs().sum()))
        return ways[-1]

    return ways[-1] if out.takes(measure) else 0.0


def _number(value: Any) -> float:
    return float(torch.as_tensor(value).detach().double().mean())


def _is_close(first: float, second: float) -> bool:
    return abs(first - second) <= _CLOSE * max(abs(first), abs(second), 0.1)
