"""The component table inside a file: which packages and versions supplied the pieces of the model.

It is a JSON text in the attribute ``kplug_components`` of the file's root, where Keras does not
look. What is read back is data: names to compare and to print, nothing that is looked up or
imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import h5py
import numpy as np

from kplug import __version__
from kplug.errors import WeightsError
from kplug.registry.component import CUSTOM
from kplug.registry.loading.imported_code import find_build_here, warn_of_replacement
from kplug.saving.protocols import LayeredModel
from kplug.saving.text_attributes import ATTRIBUTE_LIMIT, read_attribute
from kplug.training.component_rows import list_components
from kplug.training.component_table import ComponentRow

ATTRIBUTE = "kplug_components"
LAYOUT = 1
FIELDS = ("slot", "kind", "name", "arguments", "distribution", "version", "rule", "written")

_MOST_BYTES = 16 << 20


def collect_rows(model: LayeredModel) -> list[dict[str, Any]]:
    """Return the model's component table as plain data; before ``compile`` that of its layers."""
    model.resolve_slots()  # what a slot was given since is decided by the save
    table = list_components(model, getattr(model, "compiled", None))
    for distribution in {row.distribution for row in table}:
        warn_of_replacement(distribution)
    return [{**_select(row.to_json()), "hash": _find_hash(row)} for row in table]


def _select(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in FIELDS}


def _find_hash(row: ComponentRow) -> str | None:
    """Return the hash of the code that supplied a component; two builds may have one version."""
    build = None if row.distribution == CUSTOM else find_build_here(row.distribution)
    return build.hash if build is not None and build.version == row.version else None


def write_components(file: h5py.File, rows: list[dict[str, Any]]) -> None:
    """Store the table on the root of ``file``, in several attributes if one is too small."""
    text = encode_components(rows)
    if len(text) <= ATTRIBUTE_LIMIT:
        file.attrs[ATTRIBUTE] = np.bytes_(text)
        return
    for number, start in enumerate(range(0, len(text), ATTRIBUTE_LIMIT)):
        file.attrs[f"{ATTRIBUTE}{number}"] = np.bytes_(text[start : start + ATTRIBUTE_LIMIT])


def encode_components(rows: list[dict[str, Any]]) -> bytes:
    """Return the table as JSON in ASCII."""
    content = {"layout": LAYOUT, "kplug": __version__, "components": rows}
    return json.dumps(content, default=str, sort_keys=True).encode("ascii")


def has_components(file: h5py.File) -> bool:
    """Return whether there is a table in a file: kplug wrote it."""
    return ATTRIBUTE in file.attrs or f"{ATTRIBUTE}0" in file.attrs


def read_components(file: h5py.File) -> list[dict[str, Any]]:
    """Return the table stored in ``file``; empty when the file was not written by kplug.

    Raises:
        WeightsError: There is a table, and it is damaged or of a newer kplug.
    """
    text = _read_bytes(file)
    return decode_components(text) if text else []


def decode_components(text: bytes | str) -> list[dict[str, Any]]:
    """Return the table that `encode_components` wrote."""
    try:
        content = json.loads(text)
        layout, rows = content["layout"], content["components"]
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
    return [dict(row) for row in rows]


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
