"""Writes nouns as JSON, and reads untrusted JSON with validation of every field."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format.schema import SearchHit

Noun = TypeVar("Noun")


def to_json(noun: object) -> str:
    """Return a noun as canonical JSON, so that unchanged files keep the same bytes.

    Args:
        noun: A dataclass of `kplug_registry.site_format.schema`.

    Example:
        >>> from kplug_registry.site_format import WheelFile
        >>> print(to_json(WheelFile("a-1-py3-none-any.whl", "0" * 4, 7)), end="")
        {"filename":"a-1-py3-none-any.whl","sha256":"0000","size":7,"metadata_sha256":"","published":""}
    """
    return f"{_ENCODER.encode(noun)}\n"


def from_json(noun: type[Noun], text: str | bytes, where: str) -> Noun:
    """Return the noun of a JSON text.

    Args:
        noun: The expected type.
        text: The JSON.
        where: The file, for messages.

    Raises:
        SiteFormatError: for invalid JSON, with the field.

    Unknown keys are ignored, as a later format may add some.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SiteFormatError(f"{where} is no JSON: {str(error)[:200]}") from error
    made: Noun = _read(noun, data, where)
    return made


def _as_object(noun: Any) -> dict[str, Any]:
    if isinstance(noun, SearchHit):  # there are very many
        pairs = ((name, getattr(noun, name)) for name in noun.__match_args__)
        return {name: value for name, value in pairs if value != _DEFAULTS[name]}
    return dict(zip(noun.__match_args__, _getter(noun.__class__)(noun), strict=True))


@lru_cache
def _getter(noun: Any) -> Callable[[Any], Any]:
    """Return what gets all fields of a noun at once."""
    names = noun.__match_args__
    return attrgetter(*names) if len(names) > 1 else lambda one: (getattr(one, *names),)


_DEFAULTS = {field.name: field.default for field in dataclasses.fields(SearchHit)}
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":"), default=_as_object
)


def _read(wanted: Any, data: object, where: str) -> Any:
    origin = get_origin(wanted)
    if dataclasses.is_dataclass(wanted):
        return _read_record(wanted, data, where)
    if origin is tuple:
        (item, _) = get_args(wanted)
        if not isinstance(data, list):
            raise _wrong(where, "a list", data)
        return tuple(_read(item, value, f"{where}[{at}]") for at, value in enumerate(data))
    if origin is dict:
        (_, item) = get_args(wanted)
        if not isinstance(data, dict):
            raise _wrong(where, "an object", data)
        return {key: _read(item, value, f"{where}: {key[:80]}") for key, value in data.items()}
    if origin in (Union, types.UnionType):
        (inner,) = (one for one in get_args(wanted) if one is not type(None))
        return None if data is None else _read(inner, data, where)
    if type(data) is not wanted:
        raise _wrong(where, wanted.__name__, data)
    return data


def _read_record(wanted: Any, data: object, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise _wrong(where, "an object", data)
    hints = _hints(wanted)
    values = {key: _read(hints[key], data[key], f"{where}: {key}") for key in hints if key in data}
    missing = [
        field.name
        for field in dataclasses.fields(wanted)
        if field.name not in values and field.default is dataclasses.MISSING
    ]
    if missing:
        raise SiteFormatError(f"{where} has no {', '.join(missing)}")
    return wanted(**values)


@lru_cache
def _hints(wanted: Any) -> dict[str, Any]:
    return get_type_hints(wanted)


def _wrong(where: str, wanted: str, data: object) -> SiteFormatError:
    return SiteFormatError(f"{where} is {repr(data)[:80]}, not {wanted}")
