"""`Recorder`: gathers the parts of a reading, with limits of time and length."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kplug.display.messages import describe_error, make_printable
from kplug.support.nested import find_leaves
from kplug_numbers.errors import ReadingError
from kplug_numbers.reading import MOST_BYTES, MOST_SAMPLES, Part, Reading, find_step, summarize
from kplug_numbers.time_limit import OverdueError, TimeLimit

MOST_SECONDS = 5.0  # of a reading, in processor time
_MOST_VALUES = 10_000_000  # of an array
_DIGITS = {torch.float64: 10}  # significant decimal ones
_FEWER_DIGITS = 6  # of the other types
_LONGEST_NAME = 100
_POWERS = np.array([float(f"1e{power}") for power in range(23)])  # all that are exact
_FEW = 50  # values, which are written and read in less time
_MARGIN = 1e-4  # far more than the error of ten digits, and far less than a half


class Recorder:
    """Gathers parts.

    Args:
        make: Makes the component anew, in a fixed state of torch's generator.
        most_seconds: How much processor time the recipe may take: its `limit` is asked between two calls of
            the component.
    """

    def __init__(self, make: Callable[[], Any], most_seconds: float = MOST_SECONDS) -> None:
        self.make = make
        self.parts: dict[str, Part] = {}
        self.refusals: list[str] = []  # errors of the component
        self.limit = TimeLimit(most_seconds)

    def put(self, name: str, value: Any) -> None:
        """Record a value: a tensor, a number, or lists, tuples and dicts of them."""
        if isinstance(value, Mapping):
            for key, item in value.items():
                self.put(f"{name}/{key}", item)
        elif isinstance(value, (list, tuple)):
            for at, item in enumerate(value):
                self.put(f"{name}/{at}", item)
        else:
            # A component chooses the keys of its results, and the classes.
            self._put_one(make_printable(name)[:_LONGEST_NAME], value)

    def takes(self, compute: Callable[[], Any]) -> bool:
        """Whether a call returns numbers, and finite ones."""
        try:
            found = [torch.as_tensor(one) for one in find_leaves(compute(), (Tensor, int, float))]
            return bool(found) and all(bool(one.isfinite().all()) for one in found)
        except (KeyboardInterrupt, OverdueError):
            raise
        except BaseException as error:  # noqa: BLE001 - foreign code refuses in any way
            self.refusals.append(describe_error(error))
            return False

    def attempt(
        self, name: str, compute: Callable[..., Mapping[str, Any]], *arguments: object
    ) -> None:
        """Record what a call returns by name, or the class of the error that it raises.

        Raises:
            ReadingError: if the time is over.
        """
        self.limit.require()
        try:
            for key, value in compute(*arguments).items():
                self.put(f"{name}/{key}", value)
        except (ReadingError, KeyboardInterrupt, OverdueError):
            raise
        except BaseException as error:  # noqa: BLE001 - foreign code
            self.parts[name] = Part(raises=make_printable(type(error).__name__)[:_LONGEST_NAME])
            self.refusals.append(describe_error(error))

    def finish(self, kind: str, spec: str, recipe: int) -> Reading:
        """Return the reading, with as many samples and parts as its length allows.

        Raises:
            ReadingError: if nothing was computed, or the spec alone is too long.
        """
        if not any(not part.raises for part in self.parts.values()):
            first = "".join(f"; the first was refused with {one}" for one in self.refusals[:1])
            raise ReadingError(f"no input of the recipe suits it{first}")
        reading = Reading(kind, spec, recipe, torch.__version__, self._sample(MOST_SAMPLES))
        for count in (2, 1):
            if len(reading.to_json()) > MOST_BYTES:
                reading = replace(reading, parts=self._sample(count))
        names = list(reading.parts)
        while len(reading.to_json()) > MOST_BYTES:
            if not names:
                raise ReadingError("its arguments are too long for a reading")
            names.pop()
            parts = {name: reading.parts[name] for name in names}
            reading = replace(reading, parts=parts, cut=reading.cut + 1)
        return reading

    def _put_one(self, name: str, value: Any) -> None:
        if not isinstance(value, (Tensor, bool, int, float)):
            self.parts[name] = Part(make_printable(type(value).__name__)[:_LONGEST_NAME], (0,))
            return
        array = torch.as_tensor(value).detach()
        if array.numel() > _MOST_VALUES:
            raise ReadingError(
                f"{name} has {array.numel()} values; {_MOST_VALUES} are allowed",
                hint="Read the component with smaller arguments.",
            )
        # Autograd's zeros have no memory.
        array = torch.empty_like(array, device="cpu").copy_(array)
        if array.is_complex():
            array = torch.view_as_real(array)
        digits = _DIGITS.get(array.dtype, _FEWER_DIGITS)
        flat = array.flatten()[:: find_step(array.numel())]
        values = (
            round_values(flat.double().numpy(), digits)
            if flat.is_floating_point()
            else tuple(map(int, flat.tolist()))
        )
        dtype = str(array.dtype).removeprefix("torch.")
        self.parts[name] = summarize(dtype, tuple(array.shape), values, values)

    def _sample(self, most: int) -> dict[str, Part]:
        return {name: _cut(part, most) for name, part in self.parts.items()}


def _cut(part: Part, most: int) -> Part:
    """Return a part with some of its values, from the first to the last, if it has more."""
    values = part.sample
    if len(values) <= most:
        return part
    places = [at * (len(values) - 1) // max(most - 1, 1) for at in range(most)]
    size, norm, dot = (_round(one, 8) for one in (part.size, part.norm, part.dot))
    sample = tuple(values[at] for at in places)
    return replace(part, sample=sample, size=size, norm=norm, dot=dot)


def round_values(values: NDArray[np.float64], digits: int) -> tuple[float, ...]:
    """Return values with some significant decimal digits, each the double that is nearest to its text.

    An integer below 2⁵³ by a power of ten that a double holds exactly is rounded once, so it is that double.
    What is too close to the middle of two texts, or of another size, is written and read.

    Args:
        values: Of one axis.
        digits: How many, 10 at most.
    """
    if len(values) < _FEW:
        return tuple(_round(value, digits) for value in values.tolist())
    with np.errstate(all="ignore"):
        exponents = digits - 1 - np.floor(np.log10(np.abs(values)))
        is_known = np.abs(exponents) < len(_POWERS)
        exponents = np.where(is_known, exponents, 0).astype(np.int64)
        powers = _POWERS[np.abs(exponents)]
        scaled = np.where(exponents < 0, values / powers, values * powers)
        whole = np.rint(scaled)
        found = np.where(exponents < 0, whole * powers, whole / powers)
        is_clear = is_known & (np.abs(np.abs(scaled - whole) - 0.5) > _MARGIN)
    rounded: list[float] = found.tolist()
    for at in np.flatnonzero(~is_clear).tolist():
        rounded[at] = _round(float(values[at]), digits)
    return tuple(rounded)


def _round(value: float, digits: int) -> float:
    if not isinstance(value, float):
        return int(value)
    return float(f"{value:.{digits}g}") if value and math.isfinite(value) else value
