"""`Reading` and `Part`: what a component computed, and their JSON, which is read without trust."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from kplug.display.messages import quote
from kplug_numbers.errors import ReadingError

FORMAT = 1  # raised on incompatible changes
MOST_BYTES = 4096  # of a reading's JSON
MOST_SAMPLES = 4  # of a part
_MOST_READ = 100_000  # values of an array, as each is looked at in Python; of more, a tenth of that
LONGEST_NAME = 200
_MOST_DIMENSIONS = 16
_UNNAMED = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True, slots=True)
class Part:
    """One array that a component computed, or the error that it raised instead.

    Args:
        dtype: The name of the array's type; empty after an error.
        shape: Its shape.
        sample: Some of its values, at even distances; all of them if there are few.
        size: The largest finite absolute value.
        norm: The root of the sum of squares of the finite values.
        dot: The product of the finite values with fixed weights, which shows what moved.
        not_finite: How many values are not finite.
        raises: The name of the error's class.
    """

    dtype: str = ""
    shape: tuple[int, ...] = ()
    sample: tuple[float, ...] = ()
    size: float = 0.0
    norm: float = 0.0
    dot: float = 0.0
    not_finite: int = 0
    raises: str = ""

    @property
    def count(self) -> int:
        """How many values the array has."""
        return math.prod(self.shape)

    def as_data(self) -> dict[str, Any]:
        """Return it for JSON, without what its defaults say."""
        if self.raises:
            return {"raises": self.raises}
        data: dict[str, Any] = {"dtype": self.dtype, "shape": list(self.shape)}
        data["sample"] = [_name_number(value) for value in self.sample]
        if len(self.sample) < self.count:
            data |= {"size": self.size, "norm": self.norm, "dot": self.dot}
            data |= {"not_finite": self.not_finite} if self.not_finite else {}
        return data


@dataclass(frozen=True, slots=True)
class Reading:
    """The results of a component, with its arguments, on the inputs of a recipe.

    Args:
        kind: The kind of the component.
        spec: The component with its arguments, as text.
        recipe: The version of the kind's recipe.
        torch: The version of torch that computed it.
        parts: What was computed, by name, in the recipe's order.
        cut: How many parts were left out at the end, for length.
    """

    kind: str
    spec: str
    recipe: int
    torch: str
    parts: Mapping[str, Part] = field(default_factory=dict)
    cut: int = 0

    def as_data(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "format": FORMAT,
            "kind": self.kind,
            "spec": self.spec,
            "recipe": self.recipe,
            "torch": self.torch,
            **({"cut": self.cut} if self.cut else {}),
            "parts": {name: part.as_data() for name, part in self.parts.items()},
        }

    def to_json(self) -> str:
        """Return it as one line of JSON; the same reading gives the same text."""
        return json.dumps(self.as_data(), separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Reading:
        """Return the reading of a text; nothing in it is run.

        Raises:
            ReadingError: if it is too long, is no JSON, has another format, or a field that is wrong.
        """
        if len(text) > MOST_BYTES:
            raise ReadingError(f"a reading has {len(text)} bytes; {MOST_BYTES} are allowed")
        return cls.from_data(parse_json(text))

    @classmethod
    def from_data(cls, data: object) -> Reading:
        """Return the reading of parsed JSON.

        Raises:
            ReadingError: with the field that is wrong.
        """
        record = require_record(data, "the reading")
        if not is_known_format(record.get("format")):
            raise ReadingError(
                f"the reading has the format {quote(record.get('format'))}; this version of kplug-numbers "
                f"knows {FORMAT}",
                hint="A newer kplug-numbers may know it.",
            )
        found = cls(
            kind=_read_text(record, "kind"),
            spec=_read_text(record, "spec", MOST_BYTES),
            recipe=_read_count(record, "recipe"),
            torch=_read_text(record, "torch"),
            parts=_read_parts(record.get("parts")),
            cut=_read_count(record, "cut", 0),
        )
        if found.cut > 1000:
            raise _wrong("cut", found.cut)
        return found


def parse_json(text: str | bytes) -> object:
    """Return the data of a JSON text.

    Raises:
        ReadingError: if it is none, or has a key twice, or NaN or Infinity.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_read_pairs)
    except (ValueError, RecursionError) as error:
        if isinstance(error, ReadingError):
            raise
        raise ReadingError(f"it is no JSON: {str(error)[:200]}") from None


def is_known_format(value: object) -> bool:
    """Whether a value is the number of the format, and not one that equals it, such as true."""
    return type(value) is int and value == FORMAT


def is_plain(text: str, longest: int = LONGEST_NAME) -> bool:
    """Whether a text is printable, not empty and not too long."""
    return 0 < len(text) <= longest and text.isprintable()


def require_record(data: object, where: str) -> Mapping[str, object]:
    """Return data that are a JSON object.

    Raises:
        ReadingError: if they are not.
    """
    if not isinstance(data, dict):
        raise ReadingError(f"{where} is {quote(data)}, not an object")
    return data


def _read_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ReadingError("an object of the JSON has a key twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ReadingError(f"{name} is no JSON; it is written as a text")


def _read_parts(data: object) -> dict[str, Part]:
    record = require_record(data, "'parts'")
    for name in record:
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise _wrong("a part's name", name)
    return {name: _read_part(require_record(part, name), name) for name, part in record.items()}


def _read_part(record: Mapping[str, object], name: str) -> Part:
    if "raises" in record:
        return Part(raises=_read_text(record, "raises"))
    shape = _read_shape(record.get("shape"), name)
    sample = record.get("sample")
    if not isinstance(sample, list) or len(sample) > min(math.prod(shape), MOST_SAMPLES):
        raise _wrong(f"{name}: sample", sample)
    values = tuple(_read_number(value, f"{name}: sample") for value in sample)
    dtype = _read_text(record, "dtype")
    if len(values) == math.prod(shape):
        return summarize(dtype, shape, values, values)
    size, norm, dot = (_read_finite(record.get(key), key) for key in ("size", "norm", "dot"))
    count = _read_count(record, "not_finite", 0)
    if size < 0 or norm < 0 or count > math.prod(shape):
        raise _wrong(name, dict(record))
    return Part(dtype, shape, values, size, norm, dot, count)


def find_step(count: int) -> int:
    """Return how far apart the values are that stand for all of an array, or 1 for few values.

    It has no factor in common with their number, so none of the axes hides what lies along it.
    """
    if count <= _MOST_READ:
        return 1
    step = -(-count * 10 // _MOST_READ)  # in whole numbers: those of a file may be of any size
    while math.gcd(step, count) > 1:
        step += 1
    return step


def summarize(
    dtype: str, shape: tuple[int, ...], values: tuple[float, ...], sample: tuple[float, ...]
) -> Part:
    """Return the part of all values of an array, with the sample that is kept of them."""
    finite = values
    if not all(map(math.isfinite, values)):
        finite = tuple(value if math.isfinite(value) else 0.0 for value in values)
    size = max(map(abs, finite), default=0.0)
    norm = dot = 0.0
    if size:
        norm = size * math.sqrt(math.fsum([(value / size) ** 2 for value in finite]))
        terms = zip(itertools.cycle(_WEIGHTS), finite, strict=False)
        dot = _clip(size * math.fsum([weight * value / size for weight, value in terms]))
    not_finite = sum(not math.isfinite(value) for value in values) if finite is not values else 0
    return Part(dtype, shape, sample, size, norm, dot, not_finite)


# Of the places in a part's `dot`: multiples of 0.02 between -1 and 1.
_WEIGHTS = tuple((place * 37 % 101 - 50) / 50 for place in range(101))


def _clip(value: float) -> float:
    return max(min(value, 1.7e308), -1.7e308)


def _read_shape(data: object, name: str) -> tuple[int, ...]:
    if not isinstance(data, list) or len(data) > _MOST_DIMENSIONS:
        raise _wrong(f"{name}: shape", data)
    if not all(type(one) is int and 0 <= one < 2**31 for one in data):
        raise _wrong(f"{name}: shape", data)
    return tuple(data)


def _read_text(record: Mapping[str, object], key: str, longest: int = LONGEST_NAME) -> str:
    text = record.get(key)
    if not isinstance(text, str) or not is_plain(text, longest):
        raise _wrong(key, text)
    return text


def _read_count(record: Mapping[str, object], key: str, default: int | None = None) -> int:
    value = record.get(key, default)
    if type(value) is not int or not 0 <= value < 2**31:
        raise _wrong(key, value)
    return value


def _read_number(value: object, where: str) -> float:
    if isinstance(value, str) and value in _UNNAMED:
        return _UNNAMED[value]
    return _read_finite(value, where)


def _read_finite(value: object, where: str) -> float:
    # An integer of JSON may be too large for a float.
    if type(value) is int and abs(value) < 2**64:
        return value
    if type(value) is not float or not math.isfinite(value):
        raise _wrong(where, value)
    return value


def _name_number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _wrong(where: str, value: object) -> ReadingError:
    return ReadingError(f"in the reading, {quote(where)} cannot be {quote(value)}")
