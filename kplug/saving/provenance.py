"""The component table in a file: packages and versions that supplied the model's components.

It is a JSON text in the attribute ``kplug_components`` of the file's root, which Keras ignores.
Its content is data: names are compared and printed, readings are compared. Where the configuration has the
plain name of a class of Keras that several plugins offer, the table decides. No other name in it is looked
up.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from kplug import __version__
from kplug.errors import WeightsError
from kplug.registry.component import CUSTOM
from kplug.registry.loading.running_builds import Build, find_build_here, warn_of_replacement
from kplug.saving.hdf5_library import h5py
from kplug.saving.numbers import ReadRow, make_reader
from kplug.saving.protocols import LayeredModel
from kplug.saving.text_attributes import ATTRIBUTE_LIMIT, read_attribute
from kplug.training.component_rows import list_components
from kplug.training.component_table import ComponentRow, ComponentTable

ATTRIBUTE = "kplug_components"
LAYOUT = 1
FIELDS = ("slot", "kind", "name", "arguments", "distribution", "version", "rule", "written")

_MOST_BYTES = 16 << 20
_Find = Callable[[str], Build | None]


def collect_rows(
    model: LayeredModel, *, of_layers: bool = False, has_readings: bool = False
) -> list[dict[str, Any]]:
    """Return the model's component table as plain data; before ``compile`` that of its layers.

    Args:
        model: The model.
        of_layers: Omit the arguments of ``compile``.
        has_readings: Add what the components of plugins compute.
    """
    table = list_rows(model, of_layers=of_layers)
    for distribution in {row.distribution for row in table}:
        warn_of_replacement(distribution)
    find, read = functools.cache(find_build_here), make_reader() if has_readings else _read_nothing
    return [_describe(row, find, read) for row in table]


def list_rows(model: LayeredModel, *, of_layers: bool = False) -> ComponentTable:
    """Return the model's component table; before ``compile`` that of its layers."""
    model.resolve_slots()  # includes slots assigned since
    return list_components(model, None if of_layers else getattr(model, "compiled", None))


def _read_nothing(row: ComponentRow) -> None:
    """Return no reading."""


def _describe(row: ComponentRow, find: _Find, read: ReadRow) -> dict[str, Any]:
    facts = row.to_json()
    described = {name: facts[name] for name in FIELDS}
    if (reading := read(row)) is not None:
        described["reading"] = reading
    described |= _describe_build(row.distribution, row.version, find)
    if row.code:
        build = find(row.code)
        version = "" if build is None else build.version
        described["code"] = {
            "distribution": row.code,
            "version": version,
            **_describe_build(row.code, version, find),
        }
    return described


def _describe_build(distribution: str, version: str, find: _Find) -> dict[str, Any]:
    """Return the hash of the code that supplied a component, or the reason for its absence.

    Two builds may share one version, and parts of another version may have been imported.
    """
    if distribution == CUSTOM:
        return {"hash": None}
    build = find(distribution) or Build(doubt="it is not installed")
    if build.version != version:
        return {"hash": None, "doubt": "modules of two versions of it were imported"}
    return {"hash": build.hash, **({"doubt": build.doubt} if build.hash is None else {})}


def list_suppliers(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the distribution that offers a component, and the one with its code if different."""
    code = row.get("code")
    return [row] if code is None else [row, code if isinstance(code, dict) else {}]


def write_components(file: h5py.File, rows: list[dict[str, Any]]) -> None:
    """Store the table on the root of ``file``, in several attributes if one is too small."""
    text = encode_components(rows)
    if len(text) <= ATTRIBUTE_LIMIT:
        file.attrs[ATTRIBUTE] = np.bytes_(text)
        return
    for number, start in enumerate(range(0, len(text), ATTRIBUTE_LIMIT)):
        file.attrs[f"{ATTRIBUTE}{number}"] = np.bytes_(text[start : start + ATTRIBUTE_LIMIT])


def encode_components(rows: list[dict[str, Any]]) -> bytes:
    """Return the table as JSON in ASCII, with each reading once."""
    readings = {id(row["reading"]): row["reading"] for row in rows if "reading" in row}
    places = {key: place for place, key in enumerate(readings)}
    content = {
        "layout": LAYOUT,
        "kplug": __version__,
        "components": [_replace_reading(row, places) for row in rows],
        **({"readings": list(readings.values())} if readings else {}),
    }
    return json.dumps(content, default=str, separators=(",", ":")).encode("ascii")


def _replace_reading(row: dict[str, Any], places: Mapping[int, int]) -> dict[str, Any]:
    return {**row, "reading": places[id(row["reading"])]} if "reading" in row else row


def has_components(file: h5py.File) -> bool:
    """Return whether a file has a table, so that kplug wrote it."""
    return ATTRIBUTE in file.attrs or f"{ATTRIBUTE}0" in file.attrs


def read_components(file: h5py.File) -> list[dict[str, Any]] | None:
    """Return the table stored in ``file``; None when the file was not written by kplug.

    Raises:
        WeightsError: The table is damaged or of a newer kplug.
    """
    return decode_components(_read_bytes(file)) if has_components(file) else None


def decode_components(text: bytes | str) -> list[dict[str, Any]]:
    """Return the table that `encode_components` wrote."""
    try:
        content = json.loads(text)
        layout, rows = content["layout"], content["components"]
        readings = content.get("readings", [])
        is_table = isinstance(layout, int) and all(isinstance(row, dict) for row in rows)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(f"the component table of the file cannot be read: {error!r}") from error
    if not is_table:
        raise WeightsError("the component table of the file cannot be read: it is no list of rows")
    if layout > LAYOUT:
        raise WeightsError(
            f"the component table of the file has layout {layout}, this kplug reads {LAYOUT}",
            hint="pip install --upgrade kplug",
        )
    return [_restore_reading(row, readings) for row in rows]


def _restore_reading(row: dict[str, Any], readings: object) -> dict[str, Any]:
    if "reading" not in row:
        return dict(row)
    place, known = row["reading"], readings if isinstance(readings, list) else []
    is_there = type(place) is int and 0 <= place < len(known)
    return {**row, "reading": known[place] if is_there else None}


def _read_bytes(file: h5py.File) -> bytes:
    names = [ATTRIBUTE] if ATTRIBUTE in file.attrs else list(_numbered(file))
    text = bytearray()
    for name in names:
        part = read_attribute(file, name)
        if not isinstance(part, (bytes, str)):
            raise WeightsError("the component table of the file cannot be read: it is no text")
        text += part.encode() if isinstance(part, str) else bytes(part)
        if len(text) > _MOST_BYTES:
            raise WeightsError(f"the component table of the file has more than {_MOST_BYTES} bytes")
    return bytes(text)


def _numbered(file: h5py.File) -> Iterable[str]:
    number = 0
    while number <= _MOST_BYTES // ATTRIBUTE_LIMIT and f"{ATTRIBUTE}{number}" in file.attrs:
        yield f"{ATTRIBUTE}{number}"
        number += 1
