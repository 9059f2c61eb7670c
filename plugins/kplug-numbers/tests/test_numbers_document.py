"""Readings of a loss and of an optimizer, made from what `docs/numbers.md` says, with NumPy alone.

Nothing of kplug-numbers is used but its comparison, so what the document lacks fails here.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from kplug_numbers import Reading, compare, make_reading
from numpy.typing import NDArray

Array = NDArray[Any]
MASK = 2**64 - 1
CLASSES = np.array([0, 2, 1, 2, 0])


def draw(stream: str, count: int) -> list[int]:
    state = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "big")
    numbers: list[int] = []
    while len(numbers) < count:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & MASK
        if (number := 2 * ((mixed ^ mixed >> 31) >> 44) + 1) not in numbers:
            numbers.append(number)
    return numbers


def spread(stream: str, *shape: int, low: float = -2, high: float = 2) -> Array:
    numbers = np.array(draw(stream, int(np.prod(shape))), float).reshape(shape)
    return np.asarray(low + numbers * (high - low) / 2**21)


def shares(stream: str, *shape: int) -> Array:
    numbers = np.array(draw(stream, int(np.prod(shape))), float).reshape(shape)
    return np.asarray(numbers / numbers.sum(-1, keepdims=True))


def write(array: Any) -> dict[str, Any]:
    """Return a part of an array."""
    array = np.asarray(array)
    name, values = str(array.dtype), array.ravel().tolist()
    digits, count = (10 if name == "float64" else 6), len(values)
    rounded = [float(f"{v:.{digits}g}") if array.dtype.kind == "f" else int(v) for v in values]
    part = {"dtype": name, "shape": list(array.shape)}
    if count <= 4:
        return {**part, "sample": rounded}
    weights = [((37 * j % 101) - 50) / 50 for j in range(count)]
    sums = {
        "size": max(map(abs, rounded)),
        "norm": sum(v * v for v in rounded) ** 0.5,
        "dot": sum(w * v for w, v in zip(weights, rounded, strict=True)),
    }
    sample = [rounded[i * (count - 1) // 3] for i in range(4)]
    return {**part, "sample": sample, **{key: float(f"{v:.8g}") for key, v in sums.items()}}


def read(kind: str, spec: str, parts: dict[str, Any]) -> Reading:
    record: dict[str, Any] = {"format": 1, "kind": kind, "spec": spec, "recipe": 1, "torch": "2"}
    record["parts"] = {name: write(value) for name, value in parts.items()}
    return Reading.from_json(json.dumps(record, separators=(",", ":")))


def mse(y_true: Array, y_pred: Array, name: str) -> dict[str, Any]:
    """Return the parts of the mean squared error for a family."""
    found: dict[str, Any] = {}

    def case(label: str, pred: Array, whats: int = 2) -> None:
        true = y_true.astype(pred.dtype)
        ramp = 1 + np.arange(pred.size).reshape(pred.shape) / 64
        parts = {
            "value": np.mean((pred - true) ** 2),
            "gradient": 2 * (pred - true) / pred.size,
            "second": 2 * ramp / pred.size,
        }
        found.update({f"{name}/{label}/{what}": parts[what] for what in list(parts)[:whats]})

    case("float64", y_pred, 3)
    case("float32", y_pred.astype("float32"))
    values = ((y_pred - y_true) ** 2).mean(-1)
    found[f"{name}/samples/values"] = values
    case("exact", y_true)
    case("wrong", np.roll(y_true, 1, -1))
    case("zeros", 0 * y_pred)
    weights, mask = np.array([0, 1, 2.5, 0.5, 3]), np.array([1, 1, 0, 1, 0])
    found[f"{name}/weighted/value"] = (values * weights).sum() / 5
    found[f"{name}/masked/value"] = (values * mask).sum() / mask.sum()
    found[f"{name}/all_masked/value"] = np.float64(0)
    found[f"{name}/strided/same"] = np.bool_(True)
    found[f"{name}/shorter/value"] = values[:2].mean()
    return found


def test_a_loss_is_read_from_the_document_alone() -> None:
    real = spread("pairs/target", 5, 3), spread("pairs/real", 5, 3)
    one_hot = np.eye(3)[CLASSES], shares("pairs/shares", 5, 3)
    parts = {**mse(*real, "real"), **mse(*one_hot, "shares")}
    ours, theirs = read("loss", "kplug/mse", parts), make_reading("loss", "kplug/mse")
    assert str(compare(ours, theirs)) == "same"
    assert list(ours.parts) == list(theirs.parts)


RATE, MOMENTUM = 0.1, 0.9


def descend(
    steps: list[int],
    *,
    scale: float = 1.0,
    dtype: str = "float64",
    lr: float = RATE,
    first: int = 0,
) -> list[Array]:
    """Return both weights and their velocities after each number of steps."""
    weights = [
        spread("optimizer/matrix", 2, 3).astype(dtype),
        spread("optimizer/vector", 2).astype(dtype),
    ]
    factors = [
        spread("optimizer/factor", 6, low=0.5, high=2),
        spread("optimizer/other", 2, low=0.5, high=2),
    ]
    speeds, found = [np.zeros_like(one) for one in weights], []
    for step in range(1, max(steps) + 1):
        for at in (0, 1):
            if at < first and step <= 2:
                continue
            slope = 2 * scale * factors[at].reshape(weights[at].shape) * (weights[at] - 0.25)
            rate = lr if at else RATE
            speeds[at] = (MOMENTUM * speeds[at] - rate * slope).astype(dtype)
            weights[at] = weights[at] + speeds[at]
        if step in steps:
            found += [np.concatenate([one.ravel() for one in weights])]
    return [*found, np.concatenate([one.ravel() for one in speeds])]


def test_an_optimizer_is_read_from_the_document_alone() -> None:
    spec = f"kplug/sgd(lr={RATE}, momentum={MOMENTUM})"
    steps = [1, 2, 3, 10]
    early, late, _ = descend([2, 4], first=1)
    parts = {
        **{f"float64/step_{step}": one for step, one in zip(steps, descend(steps), strict=False)},
        "float32/step_3": descend([3], dtype="float32")[0],
        "state/momentum_buffer": descend([3])[-1] / -RATE,  # as torch keeps it
        "large/step_2": descend([2], scale=1e6)[0],
        "zeros/step_2": descend([2], scale=0)[0],
        "without_gradient/early": early,
        "without_gradient/late": late,
        "strided/same": np.bool_(True),
        "groups/weights": descend([2], lr=0.125)[0],
    }
    theirs = make_reading("optimizer", spec)
    assert str(compare(read("optimizer", spec, parts), theirs)) == "same"
    assert list(parts) == list(theirs.parts)
