"""The check of arguments without effect: other values are tried on many inputs."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.inspection import load
from kplug.optimizers import build_optimizer
from kplug_authoring.checks.layer_forms import differentiate, list_calls, run
from kplug_authoring.checks.layer_inputs import fill
from kplug_authoring.checks.optimizer_life import give
from kplug_authoring.checks.optimizer_tasks import start
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    find_difference,
    leaves,
    seeded,
    values_of,
)
from kplug_authoring.examples import cast, image_inputs, usual_inputs
from kplug_authoring.readings import find_texts

_STEPS = (*range(0, 3_000, 7), 10_000, 100_000)
_SHAPES = ((7,), (6, 5), (4, 6), (3, 4, 6), (3, 3, 4, 6), (0, 3))


@check(
    "another value of an argument changes a result, for some of many inputs",
    "Look at where the argument is used: it may cancel, be overwritten, or be read from what all instances "
    "share. Remove it if it does nothing.",
    after=("determinism", "effect"),
)
def idle(subject: Subject) -> Finding:
    """Find arguments that are read and change nothing, and those that a cache forgets."""
    if subject.is_slow:
        return None
    for name in subject.variations:
        if is_idle(subject, name):
            tried = ", ".join(map(repr, subject.candidates[name]))
            return f"{name!r} changes nothing: {tried}"
    return None


def is_idle(subject: Subject, name: str) -> bool:
    """Whether no other value of an argument changes a result, for any of many inputs.

    Some arguments count only together with another, as epsilon may with a logarithm.
    """
    kind = subject.kind.name
    probe = PROBES.get(kind)
    is_switch = name in _SWITCHES or kind == "schedule"
    tried = (one for one in subject.candidates[name] if is_switch or not isinstance(one, bool))
    values = [one for one in tried if subject.is_taken(**{name: one})]
    types = _TYPES.get(kind, (float, str, bool))
    is_tried = any(isinstance(one, types) for one in values)
    if probe is None or not is_tried:
        return False
    # epsilon is for what is next to 0, and may not be reached; averages of weights count after training, and
    # what scales a loss divides its gradients.
    if "eps" in name or name.startswith(("ema_", "loss_scale")):
        return False
    if kind == "optimizer" and getattr(subject.make(), "scales_loss", False):
        return False
    if name == "reduction" and not _has_values(subject):
        return False
    return not any(
        _counts(subject, probe, name, values if not around else values[:3], around)
        for around in _list_surroundings(subject, name)
    )


def _has_values(subject: Subject) -> bool:
    """Whether a loss has values that can be reduced; its metric is a mean."""
    if subject.kind.name != "loss":
        return False
    return bool(values_of(subject.make(), *cast(subject.inputs, torch.float64)).ndim)


def _list_surroundings(subject: Subject, name: str) -> Iterator[dict[str, Any]]:
    yield {}
    for other, candidates in subject.candidates.items():
        if other != name:
            texts = [one for one in candidates if isinstance(one, str)]
            for value in texts or candidates[:2]:
                yield {other: value}
    target = load(subject.component)
    for other, value in subject.resolve().arguments.items():
        if isinstance(value, int) and not isinstance(value, bool) and other != name:
            yield from ({other: few} for few in (0, 1))
        if isinstance(value, str) and other not in ("name", *subject.candidates):
            yield from ({other: text} for text in ("constant", *find_texts(target)))


def _counts(
    subject: Subject, probe: _Probe, name: str, values: list[Any], around: dict[str, Any]
) -> bool:
    """Whether one of some values changes a result, beside other arguments."""
    expected, tolerance = _collect(subject, probe, around), _ROUNDING.get(subject.kind.name, 1e-9)
    if all(isinstance(one, str) for one in expected):  # it refuses all
        return not around
    return any(
        not _is_same(expected, _collect(subject, probe, {**around, name: value}), tolerance)
        for value in values
    )


def _collect(subject: Subject, probe: _Probe, arguments: Mapping[str, object]) -> list[Any]:
    """Return the results for each input; an error counts as one, by its type."""
    found: list[Any] = []
    for measure in probe(subject):
        try:
            with seeded(99):
                found.append(
                    [one.detach().clone() for one in leaves(measure(subject.make(**arguments)))]
                )
        except Exception as error:  # noqa: BLE001 - foreign code
            found.append(type(error).__name__)
    return found


def _is_same(first: list[Any], second: list[Any], tolerance: float) -> bool:
    pairs = zip(first, second, strict=True)
    return all(
        one == other
        if isinstance(one, str) or isinstance(other, str)
        else find_difference(one, other, max(tolerance, _find_rounding(one))) is None
        for one, other in pairs
    )


def _find_rounding(values: list[Tensor]) -> float:
    """Return the tolerance of values of float32, in which each operation rounds."""
    return 1e-5 if any(one.dtype is torch.float32 for one in values) else 0.0


_Run = Callable[[Any], Any]
_Probe = Callable[[Subject], Iterator[_Run]]


def _list_inputs(subject: Subject) -> Iterator[tuple[Tensor, ...]]:
    kind = subject.kind.name
    own = cast(subject.inputs, torch.float64)
    pairs = [own, *usual_inputs(kind), *(image_inputs() if kind in ("loss", "metric") else [])]
    for inputs in pairs:
        *others, last = cast(inputs, torch.float64)
        yield (*others, last)
        yield (*others, 3.0 * last)
        yield (*others, 100.0 * last - 1.0)
        yield (*others, 0.05 * last)
        yield (*others, 0.0 * last)
        yield (*others, last.round())
        for one in others:  # exactly right and wrong, left-out classes, targets that are no zeros
            yield (one, one.to(last) if one.shape == last.shape else last.flip(-1))
            yield (one, 1.0 - one.to(last) if one.shape == last.shape else last.flip(0))
            yield (one - 1, last)
            yield (one + 0.5 * last if one.shape == last.shape else one * 0, last)
    for place in range(len(own)):
        yield (*own[:place], _spoil(own[place]), *own[place + 1 :])
    yield cast(subject.inputs, torch.float32)


def _spoil(value: Tensor) -> Tensor:
    """Put NaN into the first place."""
    spoilt = value.clone().flatten()
    if value.is_floating_point():
        spoilt[:1] = torch.nan
    return spoilt.reshape(value.shape)


def _functions(subject: Subject) -> Iterator[_Run]:
    for inputs in _list_inputs(subject):
        yield functools.partial(_differentiate, inputs=inputs)


def _differentiate(made: Any, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    *others, last = inputs
    leaf = last.detach().clone().requires_grad_()
    value = made(*others, leaf)
    # At 0 an activation may have several right gradients.
    if not value.requires_grad or (not others and bool((last == 0).any())):
        return [value]
    weights = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).reshape(value.shape)
    return [value, *torch.autograd.grad((weights * value).sum(), leaf)]


def _metrics(subject: Subject) -> Iterator[_Run]:
    for inputs in _list_inputs(subject):
        yield functools.partial(_update, inputs=inputs)


def _update(metric: Any, inputs: tuple[Tensor, ...]) -> Any:
    metric.update_state(*inputs, sample_weight=None)
    metric.update_state(*(one[:1] for one in inputs), sample_weight=None)
    result = metric.result()
    # A type that was asked for is an effect.
    return [result, *(float(str(one.dtype) == "torch.float32") for one in leaves(result))]


def _schedules(subject: Subject) -> Iterator[_Run]:  # noqa: ARG001 - as for other kinds
    yield lambda made: [float(made(step)) for step in _STEPS]


def _initializers(subject: Subject) -> Iterator[_Run]:  # noqa: ARG001 - as for other kinds
    for shape in _SHAPES:
        yield functools.partial(_draw, shape=shape)


def _layers(subject: Subject) -> Iterator[_Run]:
    for inputs in list_calls(subject):
        ones = fill(inputs, lambda one: torch.ones_like(one) if one.is_floating_point() else one)
        yield functools.partial(_call, inputs=ones, training=False)
        yield functools.partial(_call, inputs=fill(inputs, _spoil), training=False)
        for size in (1.0, 0.1, 10.0):
            sized = fill(inputs, functools.partial(_scale, size=size))
            for training in (False, True):
                yield functools.partial(_call, inputs=sized, training=training)


def _call(layer: Any, inputs: tuple[Any, ...], training: bool) -> list[Any]:
    """Return what a layer makes, with what it penalizes, and its weights before and after."""
    run(layer, fill(inputs, torch.clone))
    before = [one.detach().clone() for one in layer.weights]
    outputs = differentiate(layer, inputs, training)
    again = run(layer, inputs, training=training)
    if training:  # a running mean has moved on when another batch has come
        again += run(layer, fill(inputs, functools.partial(_scale, size=3.0)), training=training)
    return [outputs, *again, layer.losses, before, *layer.weights]


def _optimizers(subject: Subject) -> Iterator[_Run]:  # noqa: ARG001 - as for other kinds
    for factors in _HISTORIES:
        yield functools.partial(_make_steps, factors=factors)


def _make_steps(made: Any, factors: Sequence[float]) -> list[Tensor]:
    """Return two weights after steps whose gradients are multiples of one."""
    weights = start()
    optimizer = build_optimizer(copy.deepcopy(made), weights)

    def pull(weight: Tensor, place: int, step: int) -> Tensor:
        waves = torch.linspace(0.5, 2.5, weight.numel(), dtype=weight.dtype).reshape(weight.shape)
        return factors[step] * (waves.sin() + place + 0.1 * weight.detach())

    for step in range(len(factors)):
        give(optimizer, weights, pull, step)
    return [weight.detach() for weight in weights]


def _draw(initializer: Any, shape: tuple[int, ...]) -> Any:
    return initializer(shape, dtype=torch.float64)


def _scale(value: Tensor, size: float) -> Tensor:
    return size * value if value.is_floating_point() else value


_ROUNDING = {"metric": 1e-6, "layer": 1e-5, "schedule": 1e-12}
_HISTORIES = (  # of gradients: steady, falling, changing signs and sizes, large, small, none
    (1.0,) * 8,
    (10.0,) * 3 + (0.1,) * 9,
    (1.0, -1.0) * 5,
    (1.0, 1.0, 1.0, -1.0, 0.3, -0.5, -0.1, 0.8, -0.4, -0.2),
    (100.0,) * 4,
    (1e-3,) * 4,
    (0.0,) * 3,
)
# Other switches may change memory or speed only.
_SWITCHES = {
    *("amsgrad", "centered", "nesterov", "from_logits", "center", "scale", "squared", "normalize"),
    *("normalized", "percent", "weighted", "inverse"),
}
_TYPES: dict[str, Any] = {
    "optimizer": (float, bool),
    "schedule": (int, float, str),
    "initializer": (int, float, str),
    "layer": (float, bool),
}
PROBES: dict[str, _Probe] = {
    **dict.fromkeys(("loss", "activation", "regularizer", "constraint"), _functions),
    "metric": _metrics,
    "schedule": _schedules,
    "initializer": _initializers,
    "layer": _layers,
    "optimizer": _optimizers,
}
