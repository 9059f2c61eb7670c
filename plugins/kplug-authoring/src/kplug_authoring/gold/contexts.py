"""Contexts: the checks of a kind again, with other arguments, inputs and pasts.

A check is a relation, tried with the arguments of the example and the first inputs that suit. A defect hides
where neither goes. So each context makes other subjects of a subject, and runs the same checks on them.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from kplug.errors import ContractError
from kplug_authoring.checks.layer_inputs import calls_of, fill, usual_calls
from kplug_authoring.checks.ranks import is_refusal
from kplug_authoring.checks.subject import Check, Finding, Subject, is_finite, leaves
from kplug_authoring.examples import USUAL_SHAPES, usual_inputs

Derived = Iterator[tuple[str, Subject]]

_AT_MOST, _LIKELY = 6, 3  # other values of all arguments, and of one
_PAIRS = ("loss", "metric")
_TIMES = 8
_MANY_CLASSES = 130
# An axis, what is left out, or no reduction changes what the relations mean; a large epsilon covers the rest.
_NOT_VARIED, _NO_REDUCTION = ("axis", "axes", "dim", "eps", "ignore_", "pad"), "none"

_OF_ARGUMENTS = dict.fromkeys(
    ("made", "config", "arguments", "search_ranges", "effect", "idle", "instances"),
    "they go through all arguments by themselves",
)
_OF_TRAINING = dict.fromkeys(
    ("parabola", "rosenbrock", "file", "fit"),
    "they train for long, and another rate or momentum may be too large",
)
_OF_MANY = dict.fromkeys(("many", "classes", "layout", "half"), "they compute a lot each time")
_OF_EXAMPLE = {"variance": "it is declared for the arguments and the shape of the example"}
_OF_VALUES = {
    **dict.fromkeys(("gradients", "large_logits", "soft_targets"), "another limit may lie there"),
    "memory": "what a seed draws has an order in memory too",
}
_OF_INPUTS = dict.fromkeys(
    (
        *("pickle", "determinism", "many", "classes", "layout", "ranks", "calls", "precise"),
        *("lengths", "padding", "left_out_class", "mask", "zero", "large", "file", "fit", "half"),
    ),
    "they take inputs of their own",
)
_WHERE_IT_ENDS = {
    **dict.fromkeys(("gradients", "gradcheck", "second_order"), "a clamp may end it there"),
    "soft_targets": "where a clamp ends, the slope jumps",
    "drift": "beside small weights epsilon counts",
}


def _vary_arguments(subject: Subject) -> Derived:
    """Give one argument another value, the likeliest values of all arguments first."""
    rounds = itertools.zip_longest(
        *(
            [(name, value) for value in values[:_LIKELY] if value != _NO_REDUCTION]
            for name, values in subject.candidates.items()
            if not name.startswith(_NOT_VARIED)
        )
    )
    pairs = (one for together in rounds for one in together if one is not None)
    taken = ((name, value) for name, value in pairs if subject.is_taken(**{name: value}))
    for name, value in itertools.islice(taken, _AT_MOST):
        arguments = {**subject.example.arguments, name: value}
        yield f"{name}={value!r}", subject.derive(arguments=arguments)


def _take_others(subject: Subject) -> Derived:
    """Take each of the usual inputs and shapes, not only the first that suits."""
    kind = subject.kind.name
    if kind == "initializer":
        for shape in (*USUAL_SHAPES, (40, 30)):
            yield f"the shape {shape}", subject.derive(shape=shape)
        return
    usual: list[Any] = usual_calls() if kind == "layer" else list(usual_inputs(kind))
    for inputs in [*usual, *(_draw_classes() if kind in _PAIRS else ())]:
        # What takes one-hot classes may take ids for something else, without a word.
        if kind in _PAIRS and _are_alike(inputs) != _are_alike(subject.inputs):
            continue
        shapes = " and ".join(str(tuple(one.shape)) for one in leaves(inputs))
        yield f"inputs of shape {shapes}", subject.derive(inputs=inputs)


def _are_alike(inputs: tuple[Tensor, ...]) -> bool:
    return len({one.ndim for one in inputs}) == 1


def _draw_classes() -> Iterator[tuple[Tensor, Tensor]]:
    chance = torch.Generator().manual_seed(3)
    scores = torch.rand((12, _MANY_CLASSES), dtype=torch.float64, generator=chance)
    ids = torch.randint(0, _MANY_CLASSES, (12,), generator=chance)
    yield torch.nn.functional.one_hot(ids, _MANY_CLASSES).double(), (6.0 * scores).softmax(-1)
    yield ids, (6.0 * scores).softmax(-1)


def _size(subject: Subject) -> Derived:
    """Take large and small numbers, and those of one sign."""
    if subject.kind.name in _PAIRS:
        yield from _size_pairs(subject)
        return
    for name, change in _CHANGES.items():
        inputs = fill(_inputs_of(subject), functools.partial(_of_floats, change=change))
        yield f"inputs {name}", subject.derive(inputs=inputs)


_CHANGES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "30 times as large": lambda one: 30.0 * one,
    "30 times as small": lambda one: one / 30.0,
    "above 0": lambda one: one.abs() + 0.01,
    "below 0": lambda one: -one.abs() - 0.01,
}


def _size_pairs(subject: Subject) -> Derived:
    if not subject.inputs:  # texts are no tensors
        return
    *targets, last = subject.inputs
    if _is_share(last):
        inputs = (*targets, _sharpen(last, 8.0))
        yield "surer predictions", subject.derive(inputs=inputs)
    if any(one.shape != last.shape for one in targets):
        return
    waves = torch.linspace(0.4, 99.0, last.numel(), dtype=torch.float64).reshape(last.shape)
    real, other, error = 3.0 * waves.sin(), 3.0 * (1.5 * waves).cos(), 0.2 + waves.cos().abs()
    for name, target, prediction in (
        ("real numbers", real, other),
        ("real numbers 30 times as large", 30.0 * real, 30.0 * other),
        ("numbers below 0", -real.abs(), -other.abs()),
        ("errors above 0", real, real + error),
        ("errors below 0", real, real - error),
    ):
        yield name, subject.derive(inputs=(target, prediction)[-len(subject.inputs) :])


def _multiply(subject: Subject) -> Derived:
    """Take eight times as many samples, none like another, and twice as many steps."""
    inputs = _inputs_of(subject)
    if not leaves(inputs):
        return

    def vary(value: Tensor) -> Tensor:
        more = torch.cat([value.roll(turn, 0) for turn in range(_TIMES)])
        factors = torch.linspace(0.5, 2.0, len(more), dtype=torch.float64)
        factors = factors.reshape(-1, *[1] * (value.ndim - 1)).to(more.dtype)
        is_pair = subject.kind.name in _PAIRS
        return _sharpen(more, factors) if is_pair and _is_share(value) else factors * more

    more = fill(inputs, lambda one: _of_floats(one, vary, lambda ids: torch.cat([ids] * _TIMES)))
    if subject.kind.name in _PAIRS:  # targets stay what they are
        more = (*(torch.cat([one] * _TIMES) for one in inputs[:-1]), more[-1])
    yield f"{_TIMES} times as many samples", subject.derive(inputs=more)
    if all(one.ndim >= 3 for one in leaves(inputs)):
        longer = fill(inputs, lambda one: torch.cat([one, one.flip(1)], 1))
        yield "twice as many steps", subject.derive(inputs=longer)


def _use(subject: Subject) -> Derived:
    """Use each instance before: a metric is reset then, and a layer has other weights."""
    inputs = _inputs_of(subject)

    def measure(metric: Any) -> None:
        *targets, last = inputs
        metric.update_state(*(one.clone() for one in targets), last.flip(0), sample_weight=None)
        metric.result()
        metric.reset_state()

    def train(layer: Any) -> None:
        layer(*fill(inputs, torch.clone), training=True)
        with torch.no_grad():
            for weight in layer.weights:
                if weight.is_floating_point():  # what is positive stays so
                    wave = torch.linspace(0.3, 90.0, weight.numel()).sin().reshape(weight.shape)
                    weight.mul_(1.0 + 0.3 * wave.to(weight)).add_(0.1 * wave.abs().to(weight))

    if subject.kind.name == "metric":
        yield "batches and a reset before", subject.derive(measure, inputs=inputs)
    else:
        yield "other weights", subject.derive(train, inputs=inputs)


def _inputs_of(subject: Subject) -> tuple[Any, ...]:
    return calls_of(subject) if subject.kind.name == "layer" else subject.inputs


def _of_floats(
    value: Tensor,
    change: Callable[[Tensor], Tensor],
    other: Callable[[Tensor], Tensor] = lambda one: one,
) -> Tensor:
    return change(value) if value.is_floating_point() else other(value)


def _is_share(value: Tensor) -> bool:
    return value.is_floating_point() and bool(((value >= 0) & (value <= 1)).all())


def _sharpen(shares: Tensor, power: float | Tensor) -> Tensor:
    """Return surer shares; those that add up to 1 still do."""
    powers = shares**power
    if shares.shape[-1] > 1 and torch.allclose(shares.sum(-1), shares.new_ones(())):
        return powers / powers.sum(-1, keepdim=True)
    return powers / (powers + (1.0 - shares) ** power)


def run_in(
    subject: Subject, several: Derived, exempt: Mapping[str, str]
) -> Iterator[tuple[str, Check, str]]:
    """Yield what checks find in a context that find nothing outside of it.

    A context that a component refuses, or that leaves it without numbers, tells nothing.
    """
    checks = [
        one for one in subject.suite.checks if one.name not in exempt and subject.passes(one.name)
    ]
    for context, derived in several if checks else ():
        if not _is_usable(derived):
            continue
        for one in checks:
            if not all(derived.passes(name) for name in one.after if name not in exempt):
                continue
            try:
                found = one.find(derived)
            except Exception as error:  # noqa: BLE001 - foreign code
                found = None if is_refusal(error) else f"{type(error).__name__}: {error}"
            if found:
                yield context, one, found


def _is_usable(subject: Subject) -> bool:
    try:
        return subject.obstacle is None and all(map(is_finite, subject.behaviour))
    except Exception:  # noqa: BLE001 - foreign code
        return False


def _context(
    name: str, what: str, derive: Callable[[Subject], Derived], *exempt: Mapping[str, str]
) -> Check:
    reasons = {check: why for one in exempt for check, why in one.items()}

    def find(subject: Subject) -> Finding:
        for context, check, found in run_in(subject, derive(subject), reasons):
            raise ContractError(
                f"with {context} the check {check.name!r}, which expects {check.expected}, finds: {found}",
                hint=check.advice,
            )
        return None

    advice = "The check that is named says what helps."
    return Check(name, f"with {what} all that holds without", advice, find, level="gold")


_ARGUMENTS = _context(
    *("argument_values", "other values of each argument", _vary_arguments),
    *(_OF_ARGUMENTS, _OF_TRAINING, _OF_MANY, _OF_VALUES, _OF_EXAMPLE),
)
_OTHERS = _context(
    *("other_inputs", "inputs of other shapes and meanings", _take_others),
    *(_OF_ARGUMENTS, _OF_INPUTS, _OF_MANY, _WHERE_IT_ENDS, _OF_EXAMPLE),
)
_SIZES = _context(
    *("input_sizes", "large and small inputs, and those of one sign", _size),
    *(_OF_ARGUMENTS, _OF_INPUTS, _WHERE_IT_ENDS),
)
_MORE = _context(
    *("more_samples", "more samples and steps", _multiply),
    *(_OF_ARGUMENTS, _OF_INPUTS, _WHERE_IT_ENDS),
)
_USED = _context("used_before", "a use before it", _use, _OF_ARGUMENTS, _OF_TRAINING)

CONTEXTS: dict[str, tuple[Check, ...]] = {
    **dict.fromkeys(("optimizer", "schedule", "callback"), (_ARGUMENTS,)),
    "initializer": (_ARGUMENTS, _OTHERS),
    **dict.fromkeys(("regularizer", "constraint"), (_ARGUMENTS, _OTHERS, _SIZES)),
    **dict.fromkeys(("activation", "loss"), (_ARGUMENTS, _OTHERS, _SIZES, _MORE)),
    **dict.fromkeys(("metric", "layer"), (_ARGUMENTS, _OTHERS, _SIZES, _MORE, _USED)),
}
"""The contexts of each kind, as checks."""
