"""The recipe of layers: outputs in both modes, gradients, state, masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from kplug import config
from kplug.backend import attach_masks, get_mask
from kplug.support.nested import find_leaves
from kplug_numbers.recipes.inputs import ids, spread, with_strides
from kplug_numbers.recipes.recorder import Recorder

_SAMPLES = 4


def record_layer(out: Recorder) -> None:
    """Record a layer on the first inputs that it takes, with weights of the generator."""
    found = next((one for one in _calls() if _takes(out, one[1])), None)
    if found is None:
        return
    name, call = found
    for dtype in (torch.float64, torch.float32):
        label = str(dtype).removeprefix("torch.")
        out.attempt(f"{name}/{label}", _differentiate, out, _cast(call, dtype))
    out.attempt(f"{name}/training", _train, out, call)
    out.attempt(f"{name}/strided", _strided, out, call)
    out.attempt(f"{name}/zeros", lambda: {"value": _infer(out, call, torch.zeros_like)})
    out.attempt(f"{name}/shorter", _shorter, out, call)
    sequence = (_real("sequence", 6, 5),)
    if name == "sequence" or (name == "row" and _takes(out, sequence)):
        out.attempt("sequence/masked", _mask, out, sequence)


def _real(name: str, *shape: int) -> Tensor:
    return spread(f"layer/{name}", _SAMPLES, *shape).float()


def _calls() -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the arguments of calls by name, in the order in which they are tried."""
    row, sequence = _real("row", 5), _real("sequence", 6, 5)
    yield "row", (row,)
    yield "sequence", (sequence,)
    yield "image", (_real("image", 8, 8, 3),)
    yield "volume", (_real("volume", 6, 6, 6, 2),)
    yield "film", (_real("film", 2, 4, 4, 3),)
    yield "volumes", (_real("volumes", 2, 4, 4, 4, 3),)
    yield "sequences", ([sequence, _real("sequence_2", 6, 5)],)
    yield "rows", ([row, _real("row_2", 5)],)
    yield "ids", (ids("layer/ids", _SAMPLES, 3, classes=3),)
    yield "query_and_value", (sequence, _real("value", 6, 5))
    for size in (4, 3):
        for count in (1, 2):
            yield f"states_{count}_{size}", (row, [_real("state", size)] * count)
    yield "states_of_cells", (row, [_real("state", size) for size in (3, 3, 2)])
    yield "states_of_images", (_real("line", 4, 3), [_real("line_2", 4, 3)] * 2)


def _takes(out: Recorder, call: tuple[Any, ...]) -> bool:
    with torch.no_grad():
        return out.takes(lambda: _call(_make(out, torch.float32), call))


def _make(out: Recorder, dtype: torch.dtype) -> Any:
    config.set_floatx(str(dtype).removeprefix("torch."))
    try:
        layer = out.make()
    finally:
        config.set_floatx("float32")
    return layer.eval() if isinstance(layer, nn.Module) else layer


def _built(out: Recorder, call: tuple[Any, ...], dtype: torch.dtype = torch.float32) -> Any:
    """Return a layer whose weights were replaced by the generator's numbers."""
    layer = _make(out, dtype)
    with torch.no_grad():
        _call(layer, call)
        trained = set(map(id, layer.trainable_weights))
        for at, weight in enumerate(layer.weights):
            if weight.is_floating_point():
                low, high = (-0.5, 0.5) if id(weight) in trained else (0.5, 1.5)
                weight.copy_(spread(f"layer/weight/{at}", *weight.shape, low=low, high=high))
    return layer


def _call(layer: Any, call: tuple[Any, ...], **how: Any) -> Any:
    return layer(*_fill(call, torch.clone), **how)


def _fill(value: Any, replace: Callable[[Tensor], Any]) -> Any:
    if isinstance(value, Tensor):
        return replace(value)
    return type(value)(_fill(item, replace) for item in value)


def _cast(call: tuple[Any, ...], dtype: torch.dtype) -> Any:
    return _fill(call, lambda one: one.to(dtype) if one.is_floating_point() else one)


def _differentiate(out: Recorder, call: tuple[Any, ...]) -> dict[str, Any]:
    """Return the outputs, and the gradients of the first input and of each weight."""
    first = next(find_leaves(call, Tensor))
    dtype = first.dtype if first.is_floating_point() else torch.float32
    layer = _built(out, call, dtype)
    inputs = _fill(call, lambda one: one.clone().requires_grad_(one.is_floating_point()))
    outputs = list(find_leaves(layer(*inputs), Tensor))
    found: dict[str, Any] = {"value": outputs}
    total = [(one * _ramp(one)).sum() for one in outputs if one.requires_grad]
    weights = list(layer.trainable_weights)
    wanted = [*weights, *[one for one in find_leaves(inputs, Tensor) if one.requires_grad][:1]]
    if total and wanted:
        gradients: tuple[Tensor | None, ...] = torch.autograd.grad(
            torch.stack([one.double() for one in total]).sum(), wanted, allow_unused=True
        )
        names = [*(f"weight_gradient/{at}" for at in range(len(weights))), "gradient"]
        found |= {name: one for name, one in zip(names, gradients, strict=False) if one is not None}
    return found


def _ramp(value: Tensor) -> Tensor:
    return 1 + torch.arange(value.numel(), dtype=value.dtype).reshape(value.shape) / 64


def _infer(out: Recorder, call: tuple[Any, ...], change: Callable[[Tensor], Any]) -> list[Tensor]:
    layer = _built(out, call)
    with torch.no_grad():
        return list(find_leaves(_call(layer, _fill(call, change)), Tensor))


def _train(out: Recorder, call: tuple[Any, ...]) -> dict[str, Any]:
    """Return outputs in training, and what became of the weights that no gradient trains.

    Outputs that depend on torch's generator are left out, since processors draw differently.
    """
    runs = []
    for seed in (1, 2):
        layer = _built(out, call)
        torch.default_generator.manual_seed(seed)
        layer.train()
        with torch.no_grad():
            outputs = list(find_leaves(_call(layer, call, training=True), Tensor))
        runs.append((outputs, [one.clone() for one in layer.non_trainable_weights]))
    (first, state), (second, _) = runs
    is_random = any(not torch.equal(*pair) for pair in zip(first, second, strict=True))
    found: dict[str, Any] = {"is_random": is_random}
    if is_random:
        return found | {"shape": [list(one.shape) for one in first]}
    floating = {str(at): one for at, one in enumerate(state) if one.is_floating_point()}
    return found | {"value": first, "state": floating}


def _strided(out: Recorder, call: tuple[Any, ...]) -> dict[str, bool]:
    plain, other = (_infer(out, call, change) for change in (torch.clone, with_strides))
    return {
        "same": all(
            one.shape == two.shape and torch.allclose(one.double(), two.double(), 1e-4, 1e-5)
            for one, two in zip(plain, other, strict=True)
        )
    }


def _shorter(out: Recorder, call: tuple[Any, ...]) -> dict[str, Any]:
    """Return outputs for fewer samples, and for fewer steps where there is a sequence alone."""
    is_sequence = len(call) == 1 and isinstance(call[0], Tensor) and call[0].ndim == 3
    shorter = _fill(call, lambda one: one[:2, :4] if is_sequence else one[:2])
    layer = _built(out, call)
    with torch.no_grad():
        return {"value": list(find_leaves(_call(layer, shorter), Tensor))}


def _mask(out: Recorder, call: tuple[Any, ...]) -> dict[str, Any]:
    """Return outputs and their mask, where steps of one sample and all of another are masked."""
    mask = torch.ones(call[0].shape[:2], dtype=torch.bool)
    mask[1, -2:] = False
    mask[2] = False
    layer = _built(out, call)
    with torch.no_grad():
        outputs = layer(*_fill(call, lambda one: attach_masks(one.clone(), mask)))
    leaves = list(find_leaves(outputs, Tensor))
    masks = [get_mask(one) for one in leaves]
    return {"value": leaves, "mask": [one for one in masks if isinstance(one, Tensor)]}
