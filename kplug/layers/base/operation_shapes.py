"""Shape inference for functions whose unknown input sizes must fit one another.

``matmul`` of (None, 3) and (None, 5) requires the second size to be 3, and a split into 2 parts an even
size. So the inference tries sizes: some fixed numbers first, then the known sizes of the arguments.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from kplug.errors import GraphError, KplugError
from kplug.graph import TensorSpec
from kplug.support.nested import find_leaves, map_leaves

Trial: TypeAlias = tuple[int, int]  # sizes tried for an unknown batch, and for other unknown axes
Specs: TypeAlias = tuple[TensorSpec, ...]
Infer: TypeAlias = Callable[[tuple[Any, ...], Mapping[str, Any], Sequence[Trial]], Specs]

_MOST_ATTEMPTS = 100


class Numbers(NamedTuple):
    """Trial sizes for unknown axes: distinct ones, two of which must fit, or equal ones."""

    separate: Sequence[Trial]
    alike: Sequence[Trial]


# Small batches lack a tenth sample; numbers with many divisors split into any number of parts.
WITHOUT_MEMORY = Numbers(((2, 64), (3, 96), (240, 480)), ((5040, 5040), (10080, 10080)))
ONLY_LARGE = Numbers(WITHOUT_MEMORY.alike, WITHOUT_MEMORY.alike)  # slices stay in range
WITH_VALUES = Numbers(((2, 64), (3, 96)), ((12, 12), (24, 24)))


def infer_by_fitting(
    infer: Infer, args: tuple[Any, ...], kwargs: Mapping[str, Any], numbers: Numbers
) -> Specs:
    """Return shapes and types of outputs.

    Args:
        infer: Infers them from arguments and trial sizes.
        args: Positional arguments, with a ``TensorSpec`` in the place of each tensor.
        kwargs: Keyword arguments, likewise.
        numbers: The first trial sizes.

    Raises:
        KplugError: No trial fits; the error of the first one.
    """
    count = sum(spec.shape.count(None) for spec in find_leaves((args, kwargs), TensorSpec))
    if not count:
        return infer(args, kwargs, numbers.separate[:1])
    try:
        return _merge_possible(infer, args, kwargs, numbers.separate)
    except KplugError as error:
        choices = _list_choices(count, _list_sizes(args, kwargs))
        for fixed in itertools.islice(choices, _MOST_ATTEMPTS):
            try:
                return _infer_with(infer, args, kwargs, fixed, numbers.alike)
            except KplugError:
                continue
        raise error from None


def _merge_possible(
    infer: Infer, args: tuple[Any, ...], kwargs: Mapping[str, Any], trials: Sequence[Trial]
) -> Specs:
    found, failure = [], None
    for trial in trials:
        try:
            found.append(infer(args, kwargs, (trial,)))
        except KplugError as error:
            failure = failure or error
    if failure is not None and len(found) < 2:
        raise failure
    return _merge(found)


def _infer_with(
    infer: Infer,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    fixed: Mapping[int, int],
    trials: Sequence[Trial],
) -> Specs:
    made = infer(*_fix(args, kwargs, fixed), trials)
    try:  # sizes that vary between trials are unknown
        other = {place: 2 * size for place, size in fixed.items()}
        return _merge([made, infer(*_fix(args, kwargs, other), trials)]) if fixed else made
    except KplugError:
        return made


def _merge(found: Sequence[Specs]) -> Specs:
    """Return specs with the sizes that all agree on.

    Raises:
        GraphError: They differ in the number of outputs or of axes.
    """
    ranks = {tuple(len(spec.shape) for spec in specs) for specs in found}
    if len(ranks) > 1:
        raise GraphError("the number of outputs depends on a size that is unknown")
    return tuple(_merge_specs(specs) for specs in zip(*found, strict=True))


def _merge_specs(specs: Sequence[TensorSpec]) -> TensorSpec:
    columns = zip(*(spec.shape for spec in specs), strict=True)
    shape = tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in columns)
    return TensorSpec(shape, specs[0].dtype)


def _list_sizes(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[int]:
    """Return 1, and the sizes and integers among the arguments."""
    given = args, dict(kwargs)
    known = [size for spec in find_leaves(given, TensorSpec) for size in spec.shape if size]
    rest = map_leaves(given, TensorSpec, lambda _: None)
    numbers = [one for one in find_leaves(rest, int) if one > 0 and not isinstance(one, bool)]
    return list(dict.fromkeys([1, *known, *numbers]))


def _list_choices(count: int, sizes: Sequence[int]) -> Iterator[dict[int, int]]:
    """Yield sizes for none of the unknown axes, for one of them, for two, and so on."""
    for several in range(count + 1):
        for places in itertools.combinations(range(count), several):
            for numbers in itertools.product(sizes, repeat=several):
                yield dict(zip(places, numbers, strict=True))


def _fix(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], fixed: Mapping[int, int]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    numbers = itertools.count()

    def fill(spec: TensorSpec) -> TensorSpec:
        sizes = (fixed.get(next(numbers)) if size is None else size for size in spec.shape)
        return TensorSpec(tuple(sizes), spec.dtype)

    made: tuple[tuple[Any, ...], dict[str, Any]] = map_leaves(
        (args, dict(kwargs)), TensorSpec, fill
    )
    return made
