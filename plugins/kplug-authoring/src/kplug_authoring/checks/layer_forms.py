"""Checks of layers: views, half types, lengths, masks, instances beside each other."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from kplug.backend import attach_masks, get_mask
from kplug.layers import Input
from kplug.support.nested import find_leaves
from kplug_authoring.checks.layer_inputs import calls_of, fill
from kplug_authoring.checks.memory import LAYOUTS
from kplug_authoring.checks.ranks import is_refusal
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    find_difference,
    leaves,
    seeded,
    shown,
)
from kplug_authoring.checks.switches import find_reseeded

_TOLERANCE = 1e-4  # sums depend on the order in memory, and on the batch


def draw(*shape: int) -> Tensor:
    """Return normal numbers, the same at each call."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape)))


def list_calls(subject: Subject) -> Iterator[tuple[Any, ...]]:
    """Yield the inputs of calls, and others that it may take: even numbers of features."""
    yield calls_of(subject)
    for shape in ((4, 6), (4, 5, 6), (4, 6, 6, 4)):
        yield (draw(*shape),)


def run(layer: Any, inputs: tuple[Any, ...], *, seed: int = 99, **how: Any) -> list[Tensor]:
    """Return the outputs of a call with a fixed seed."""
    with seeded(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return leaves(layer(*inputs, **how))


def build(subject: Subject, inputs: tuple[Any, ...], **arguments: object) -> Any | None:
    """Return a layer that took inputs, or None if it refuses them."""
    try:
        layer = subject.make(**arguments)
        with torch.no_grad():
            run(layer, fill(inputs, torch.clone))
            copy.deepcopy(layer)
    except Exception:  # noqa: BLE001 - foreign code
        return None
    return layer


def differentiate(
    layer: Any, inputs: tuple[Any, ...], training: bool, seed: int = 99
) -> list[Tensor]:
    """Return outputs of a copy of a layer, and gradients of the inputs."""
    given = fill(inputs, lambda value: value.detach().requires_grad_(value.is_floating_point()))
    outputs = run(
        copy.deepcopy(layer), given, seed=seed, **({"training": True} if training else {})
    )
    sources = [one for one in find_leaves(given, Tensor) if one.requires_grad]
    found = [one.detach() for one in outputs]
    used = [one for one in outputs if one.requires_grad]
    if used and sources:
        total = torch.stack([weigh(one) for one in used]).sum()
        found += torch.autograd.grad(total, sources, allow_unused=True, materialize_grads=True)
    return found


def weigh(value: Tensor) -> Tensor:
    """Return a sum of values with different weights."""
    weights = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).reshape(value.shape)
    return (value * weights).sum().float()


@check(
    "the same outputs and gradients for inputs of any order in memory",
    "Use reshape, not view or as_strided; index by axes, not by flat places.",
    after=("inputs", "determinism"),
    level="gold",
)
def memory(subject: Subject) -> Finding:
    """Give a layer views of its inputs."""
    for inputs in list_calls(subject):
        layer = build(subject, inputs)
        if layer is None:
            continue
        for training in (False, True):
            try:
                plain = fill(inputs, torch.Tensor.contiguous)
                expected = differentiate(layer, plain, training)
                if find_difference(expected, differentiate(layer, plain, training, seed=1)):
                    continue  # it draws numbers, which have an order in memory too
            except Exception:  # noqa: BLE001, S112 - other checks report it
                continue
            for name, lay in LAYOUTS.items():
                try:
                    found = differentiate(layer, fill(inputs, lay), training)
                except Exception as error:  # noqa: BLE001 - foreign code
                    return f"for inputs {name}: {type(error).__name__}: {error}"
                difference = find_difference(expected, found, _TOLERANCE)
                if difference:
                    return f"for contiguous inputs, and for those {name}: {difference}"
    return None


@check(
    "in float16 and bfloat16 the outputs of float32, within rounding, also for inputs of 300",
    "Compute in float32 where sums, squares or exp overflow: x.float(), then .to(x.dtype). Count in a weight "
    "of int64: in bfloat16 256 + 1 is 256.",
    after=("dtype", "determinism"),
    level="gold",
)
def half(subject: Subject) -> Finding:
    """Call a layer of each half type with small and large inputs."""
    for inputs in list_calls(subject):
        plain = build(subject, inputs)
        for dtype in (torch.float16, torch.bfloat16) if plain is not None else ():
            layer = build(subject, inputs, dtype=str(dtype).removeprefix("torch."))
            if layer is None or not _share_weights(plain, layer):
                continue
            for size in (1.0, 300.0):
                given = fill(inputs, functools.partial(_round, size=size, dtype=dtype))
                finding = _compare_halves(plain, layer, given, dtype)
                if finding:
                    return f"for inputs of {size:g}: {finding}"
            finding = layer and _find_count(layer, given)
            if finding:
                return finding
    return None


def _find_count(layer: Any, inputs: tuple[Any, ...]) -> Finding:
    """Look for a number of a half type that each call in training raises by a whole number."""
    counts = []
    try:
        with torch.no_grad():
            for _ in range(3):
                run(layer, fill(inputs, torch.clone), training=True)
                counts.append([float(one) if one.numel() == 1 else 0.0 for one in layer.weights])
    except Exception:  # noqa: BLE001 - torch has some operations in no half type
        return None
    for weight, *values in zip(layer.weights, *counts, strict=True):
        first, second, third = values
        step = second - first
        is_half = weight.dtype in (torch.float16, torch.bfloat16)
        if is_half and step == third - second and step >= 1 and step == round(step):
            return f"{first:g}, {second:g}, {third:g} in {weight.dtype}: a count that stops at some number"
    return None


def _round(value: Tensor, size: float, dtype: torch.dtype) -> Tensor:
    return (size * value).to(dtype) if value.is_floating_point() else value


def _compare_halves(plain: Any, layer: Any, inputs: tuple[Any, ...], dtype: torch.dtype) -> Finding:
    wide = fill(inputs, lambda one: one.float() if one.is_floating_point() else one)
    try:
        with torch.no_grad():
            expected, found = (run(copy.deepcopy(plain), wide), run(copy.deepcopy(layer), inputs))
            near = [run(copy.deepcopy(plain), one) for one in _list_neighbours(wide, dtype)]
    except Exception:  # noqa: BLE001 - torch has some operations in no half type
        return None
    for one, other, *beside in zip(expected, found, *near, strict=False):
        largest = float(one.abs().max()) if one.numel() else 0.0
        if not one.is_floating_point() or not largest < torch.finfo(dtype).max:
            continue
        # Where float32 itself moves as far for inputs that a half type cannot tell apart, it is rounding.
        spread = torch.stack([(value - one).abs().double() for value in beside]).amax(0)
        allowed = 0.06 * largest + 1e-3 + 8.0 * spread.nan_to_num(0.0)
        if not bool(((other.double() - one.double()).abs() <= allowed).all()):
            return f"{shown(other)} in {dtype}, {shown(one)} in float32"
    return None


def _list_neighbours(inputs: tuple[Any, ...], dtype: torch.dtype) -> Iterator[tuple[Any, ...]]:
    """Yield inputs that are rounded otherwise."""
    for seed in range(3):
        chance = torch.Generator().manual_seed(seed)

        def move(value: Tensor, chance: torch.Generator = chance) -> Tensor:
            if not value.is_floating_point():
                return value
            signs = torch.randint(0, 2, value.shape, generator=chance) * 2 - 1
            return value * (1.0 + torch.finfo(dtype).eps * signs)

        yield fill(inputs, move)


@check(
    "two with different arguments at once: each behaves as it does alone, leaves the program's generators "
    "to others, and draws anew at each call in training",
    "Keep what an instance is made with in the instance: no class attribute, module global or lru_cache. "
    "Draw from a torch.Generator of one's own, with no torch.manual_seed.",
    after=("determinism",),
)
def instances(subject: Subject) -> Finding:
    """Make others with other arguments between the making of one and its use."""
    inputs = calls_of(subject)
    expected = run(subject.make(), inputs)
    for name, value in list(subject.variations.items())[:6]:
        one, other = subject.make(), subject.make(**{name: value})
        try:
            first = run(copy.deepcopy(other), inputs)
        except Exception:  # noqa: BLE001, S112 - the value does not suit the inputs
            continue
        difference = find_difference(expected, run(one, inputs))
        if difference:
            return f"alone, and beside one made with {name}={value!r}: {difference}"
        difference = find_difference(first, run(other, inputs))
        if difference:
            return f"one made with {name}={value!r}, before and after another is used: {difference}"
    return _find_seed(subject, inputs)


def _find_seed(subject: Subject, inputs: tuple[Any, ...]) -> Finding:
    """Look whether calls seed a generator of the process, or draw once for all calls."""
    for arguments in ({"seed": 5},) if "seed" in subject.parameters else ({},):

        def use(arguments: dict[str, Any] = arguments) -> None:
            with warnings.catch_warnings(), contextlib.suppress(Exception):
                warnings.simplefilter("ignore")
                subject.make_plainly(**arguments)(*fill(inputs, torch.clone), training=True)

        if found := find_reseeded(use):
            return f"with {arguments} {found} is in one state, whichever it was in before"
    layer = build(subject, inputs)
    if layer is None:
        return None
    try:
        first, second, fresh = (
            run(one, inputs, seed=seed, training=True)
            for one, seed in ((layer, 1), (layer, 2), (copy.deepcopy(build(subject, inputs)), 2))
        )
        if not find_difference(first, second) and find_difference(first, fresh):
            return "in training it draws at the first call, and takes the same numbers at the next"
    except Exception:  # noqa: BLE001 - other checks report it
        return None
    return None


@check(
    "the outputs of a layer that saw nothing else, whatever lengths and sizes came before, also if it was "
    "built for unknown ones",
    "Take lengths and sizes from inputs.shape at each call, and keep none; a dimension may be None in build.",
    after=("batch_sizes", "inference", "determinism", "second_call", "device"),
)
def lengths(subject: Subject) -> Finding:
    """Call a layer with sequences and images of several sizes."""
    for shapes in _SIZES:
        kept = build(subject, (draw(*shapes[0]),))
        if kept is None:
            continue
        named = [
            ("after others", kept),
            ("built for unknown sizes", _build_symbolic(subject, shapes[0])),
        ]
        for shape in (*shapes[1:], shapes[0]):
            inputs = (draw(*shape),)
            for how, layer in named:
                fresh = build(subject, inputs)
                if fresh is None or layer is None or not _share_weights(layer, fresh):
                    continue
                with torch.no_grad():
                    expected = run(fresh, inputs)
                    try:
                        found = run(layer, inputs)
                    except Exception as error:  # noqa: BLE001 - foreign code
                        if is_refusal(error):
                            continue
                        return f"for the shape {shape} {how}: {type(error).__name__}: {error}"
                difference = find_difference(expected, found, _TOLERANCE)
                if difference:
                    return f"for the shape {shape} at first, and {how}: {difference}"
    return None


_SIZES = (
    ((4, 6, 5), (4, 4, 5), (4, 9, 5), (2, 1, 5)),
    ((2, 6, 8, 3), (2, 8, 6, 3), (2, 9, 9, 3), (2, 4, 12, 3)),
)


def _build_symbolic(subject: Subject, shape: tuple[int, ...]) -> Any | None:
    """Return a layer that was called with sizes of None, or None if it needs them."""
    layer = subject.make()
    with contextlib.suppress(Exception), warnings.catch_warnings(), seeded(99):
        warnings.simplefilter("ignore")
        outputs = layer(Input((*[None] * (len(shape) - 2), shape[-1])))
        for one in outputs if isinstance(outputs, (list, tuple)) else [outputs]:
            _ = one.shape  # which runs it
        return layer
    return None


def _share_weights(one: Any, other: Any) -> bool:
    """Give the second layer the weights of the first, if it has such."""
    values = one.get_weights()
    if [value.shape for value in values] != [value.shape for value in other.get_weights()]:
        return False
    other.set_weights(values)
    return True


@check(
    "with a mask the outputs of the steps that it keeps, whatever the others hold and however many they are",
    "Replace masked steps by what does not count: -inf before a maximum or a softmax, 0 before a sum that is "
    "divided by mask.sum(), the state before. Move the mask as the steps are moved: compute_mask.",
    after=("mask", "single_row", "inference", "determinism"),
)
def padding(subject: Subject) -> Finding:
    """Compare sequences that are padded and masked with each of them alone."""
    for scale, shift in ((1.0, 0.0), (0.3, -2.0), (0.3, 2.0)):
        sequences = scale * draw(3, 6, 5) + shift
        layer = build(subject, (sequences,))
        if layer is None or not _takes_masks(layer):
            return None
        counts = (6, 4, 1)
        alone = [
            _run_masked(layer, one[None, :count], torch.ones(1, count, dtype=torch.bool))
            for one, count in zip(sequences, counts, strict=True)
        ]
        if not all(alone):
            return None
        for filling in (0.0, 7.0, -7.0):
            for length in (6, 9):
                values = torch.full((3, length, 5), filling)
                mask = torch.zeros(3, length, dtype=torch.bool)
                for row, count in enumerate(counts):
                    values[row, :count], mask[row, :count] = sequences[row, :count], True
                found = _run_masked(layer, values, mask)
                if not found:
                    return None
                finding = _compare_rows(found, alone, counts, length)
                if finding:
                    return f"for {length} steps, padded with {filling:g}, and alone: {finding}"
    return _find_in_holes(layer, draw(4, 6, 5))


_HOLES = torch.tensor(
    [[0, 0, 1, 1, 1, 1], [1, 0, 1, 1, 0, 1], [1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]],
    dtype=torch.bool,
)


def _find_in_holes(layer: Any, sequences: Tensor) -> Finding:
    """Mask steps at the beginning, in between, and all steps of a sample."""
    for training in (False, True):
        found = []
        for filling in (0.0, 7.0, -7.0):
            given = torch.where(_HOLES[..., None], sequences, filling)
            one = copy.deepcopy(layer)
            leaf = given.requires_grad_()
            try:
                outputs = _run_leaf(one, leaf, training)
            except Exception:  # noqa: BLE001 - other checks report it
                return None
            kept = [_keep(value, get_mask(value)) for value in outputs]
            differentiable = [value for value in kept if value.requires_grad]
            if differentiable:
                total = torch.stack([weigh(value) for value in differentiable]).sum()
                (gradient,) = torch.autograd.grad(
                    total, leaf, allow_unused=True, materialize_grads=True
                )
                if bool(gradient.isnan().any()):
                    return "a gradient of NaN where a sample has no step"
            if any(bool(value.isnan().any()) for value in outputs):
                return "NaN where a sample has no step"
            states = [value.detach().clone() for value in one.weights]
            found.append([*(value.detach() for value in kept), *states])
        for filling, other in zip((7.0, -7.0), found[1:], strict=True):
            if [one.shape for one in found[0]] != [one.shape for one in other]:
                return None  # it finds the steps that count by itself
            difference = find_difference(found[0], other, _TOLERANCE)
            if difference:
                how = "in training" if training else "in inference"
                return f"{how} for masked steps of 0, and of {filling:g}: {difference}"
    return _find_on_the_left(layer, sequences)


def _run_leaf(layer: Any, values: Tensor, training: bool) -> list[Tensor]:
    with seeded(99), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        how = {"training": True} if training else {}
        return list(find_leaves(layer(attach_masks(values * 1.0, _HOLES), **how), Tensor))


def _keep(value: Tensor, mask: Any) -> Tensor:
    """Return the outputs of the steps that count, in samples that have some."""
    if mask is not None and mask.shape == value.shape[:2]:
        return value[mask.bool()]
    if value.ndim >= 2 and value.shape[1] == _HOLES.shape[1]:
        return value[_HOLES]
    return value[:3]


def _find_on_the_left(layer: Any, sequences: Tensor) -> Finding:
    """Compare sequences padded on the left with those alone, if places do not count."""
    first, count = sequences[:1], 4
    everything = torch.ones(1, 6, dtype=torch.bool)
    same = first[:, :1].expand(1, 6, 5)
    level = [value for value, _ in _run_masked(layer, same, everything)]
    short = [value for value, _ in _run_masked(layer, same[:, :count], everything[:, :count])]
    for value, other in zip(level, short, strict=False):
        if value.ndim < 3 or value.shape[1] != 6 or other.shape[1] != count:
            return None
        if find_difference(value, value[:, :1].expand_as(value), _TOLERANCE):
            return None
        if find_difference(value[:, :count], other, _TOLERANCE):
            return None
    padded = torch.cat([torch.zeros(1, 6 - count, 5), first[:, :count]], 1)
    found = _run_masked(layer, padded, torch.arange(6)[None] >= 6 - count)
    alone = _run_masked(layer, first[:, :count], everything[:, :count])
    for (value, _), (other, _) in zip(found, alone, strict=False):
        difference = find_difference(other, value[:, 6 - count :], _TOLERANCE)
        if difference:
            return f"alone, and padded on the left: {difference}"
    return None


def _takes_masks(layer: Any) -> bool:
    call = getattr(layer, "call", layer.forward)
    return bool(getattr(layer, "supports_masking", False)) or (
        "mask" in inspect.signature(call).parameters
    )


def _run_masked(layer: Any, values: Tensor, mask: Tensor) -> list[tuple[Tensor, Any]]:
    """Return outputs with their masks; empty if it refuses."""
    try:
        with torch.no_grad(), seeded(99), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outputs = layer(attach_masks(values.clone(), mask))
    except Exception:  # noqa: BLE001 - other checks report it
        return []
    return [(one, get_mask(one)) for one in find_leaves(outputs, Tensor)]


def _compare_rows(
    found: list[tuple[Tensor, Any]],
    alone: list[list[tuple[Tensor, Any]]],
    counts: tuple[int, ...],
    length: int,
) -> Finding:
    for place, (output, mask) in enumerate(found):
        has_steps = output.ndim >= 2 and output.shape[1] == length
        for row, count in enumerate(counts):
            expected = alone[row][place][0][0]
            if mask is not None and mask.shape == output.shape[:2]:
                value = output[row][mask[row].bool()]
            elif has_steps:
                value = output[row, :count]
            else:
                value = output[row]
            if value.shape != expected.shape:
                continue
            difference = find_difference(expected, value, _TOLERANCE)
            if difference:
                return f"sample {row} of {count} steps: {difference}"
    return None


OF_FORMS = (memory, half, instances, lengths, padding)
