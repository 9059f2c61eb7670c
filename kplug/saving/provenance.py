"""The component table inside a file: which packages and versions supplied the pieces of the model.

It is a JSON text in the attribute ``kplug_components`` of the file's root, where Keras does not
look. What is read back is data: names to compare and to print, nothing that is looked up or
imported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import h5py
import importlib_metadata
import numpy as np
from packaging.version import InvalidVersion, Version

from kplug.arguments import require_choice
from kplug.errors import WeightsError
from kplug.layers.base.layer import Layer
from kplug.registry.user_warnings import warn
from kplug.saving.hdf5 import ATTRIBUTE_LIMIT
from kplug.training.component_rows import list_components

Verify = Literal["off", "warn", "exact"]

ATTRIBUTE = "kplug_components"
LAYOUT = 1
FIELDS = ("slot", "kind", "name", "arguments", "distribution", "version", "rule")

_MOST_BYTES = 16 << 20
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")


def collect_rows(model: object) -> list[dict[str, Any]]:
    """Return the model's component table as plain data; before ``compile`` that of its layers."""
    if not isinstance(model, Layer):
        return [_to_row(row) for row in getattr(model, "components", ())]
    model.resolve_slots()  # what a slot was given since is decided by the save
    return [_to_row(row) for row in list_components(model, getattr(model, "compiled", None))]


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
    content = {"layout": LAYOUT, "kplug": find_version("kplug"), "components": rows}
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
    """Return the table that `encode_components` wrote.

    Raises:
        WeightsError: It is damaged or of a newer kplug.
    """
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


def verify_components(
    read: Callable[[], list[dict[str, Any]]], verify: Verify, source: Path
) -> None:
    """Compare the packages that a file names with those that are installed.

    Args:
        read: Returns the rows of the file's table.
        verify: Whether to warn or to raise; nothing is read for ``"off"``.
        source: The file, for the warning.

    Raises:
        WeightsError: For ``"exact"``, if a package is missing or differs, or the table is damaged.
    """
    if verify == "off":
        return
    try:
        rows = read()
    except WeightsError as error:
        if verify == "exact":
            raise
        warn(f"{source}: {error}")
        return
    sentences = compare_installed(rows, exact=verify == "exact")
    if not sentences:
        return
    message = "the file was made with other packages:\n  " + "\n  ".join(sentences)
    if verify == "exact":
        raise WeightsError(message, hint="Install them, or pass verify='warn'.")
    warn(f"{source}: {message}")


def compare_installed(rows: Iterable[Mapping[str, Any]], *, exact: bool) -> list[str]:
    """Return a sentence for each distribution of the table that is missing or differs.

    Args:
        rows: The table as it was stored.
        exact: Compare whole version strings. Otherwise local labels (``+cpu``) do not count, and
            for kplug and torch, which every file names, nothing below the minor version does.
    """
    stored: dict[str, tuple[str, list[str]]] = {}
    for row in rows:
        distribution, version = row.get("distribution"), row.get("version")
        # "custom" stands for objects of the user's own code, which no package supplies.
        if distribution == "custom" or not version:
            continue
        if _is_distribution(distribution) and isinstance(version, str):
            names = stored.setdefault(str(distribution), (version, []))[1]
            if str(row.get("name")) not in names:
                names.append(str(row.get("name")))
    sentences = []
    for distribution, (version, names) in sorted(stored.items()):
        sentence = _compare(distribution, version, names, exact=exact)
        if sentence:
            sentences.append(sentence)
    return sentences


def check_verify(verify: str) -> None:
    """Raise ``ArgumentValueError`` unless ``verify`` is one of the three words."""
    require_choice("load_weights", "verify", verify, ("off", "warn", "exact"))


def find_version(distribution: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    try:
        return str(importlib_metadata.version(distribution))
    except importlib_metadata.PackageNotFoundError:
        return None


def _compare(distribution: str, version: str, names: list[str], *, exact: bool) -> str | None:
    installed = find_version(distribution)
    used = _printable(", ".join(names))
    if installed is None:
        return (
            f"{distribution} {_printable(version)}, which supplied {used}, is not installed: "
            f"{_install_line(distribution, version)}"
        )
    if _reduce(distribution, installed, exact=exact) == _reduce(distribution, version, exact=exact):
        return None
    return (
        f"{distribution}, which supplied {used}, was {_printable(version)}, here {installed}: "
        f"{_install_line(distribution, version)}"
    )


def _reduce(distribution: str, version: str, *, exact: bool) -> object:
    """Return the part of a version that counts."""
    if exact:
        return version
    try:
        parsed = Version(version)
    except InvalidVersion:
        return version
    return parsed.release[:2] if distribution in {"kplug", "torch"} else Version(parsed.public)


def _install_line(distribution: str, version: str) -> str:
    """Return the command that installs it; only a well-formed version gets into it."""
    try:
        return f'pip install "{distribution}=={Version(version).public}"'
    except InvalidVersion:
        return f"pip install {distribution}"


def _is_distribution(name: object) -> bool:
    return isinstance(name, str) and _DISTRIBUTION.fullmatch(name) is not None


def _printable(text: str) -> str:
    """Return text from a file without what could steer a terminal."""
    return "".join(mark if mark.isprintable() else "?" for mark in text[:200])


def _to_row(row: object) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return {name: row.get(name) for name in FIELDS}
    return {name: getattr(row, name, None) for name in FIELDS}


def _read_bytes(file: h5py.File) -> bytes:
    names = [ATTRIBUTE] if ATTRIBUTE in file.attrs else list(_numbered(file))
    sizes = [file.attrs.get_id(name).get_storage_size() for name in names]
    if sum(sizes) > _MOST_BYTES:
        raise WeightsError(f"the component table of the file has {sum(sizes)} bytes")
    parts = [file.attrs[name] for name in names]
    if not all(isinstance(part, (bytes, str)) for part in parts):
        raise WeightsError("the component table of the file cannot be read: it is no text")
    return b"".join(part.encode() if isinstance(part, str) else bytes(part) for part in parts)


def _numbered(file: h5py.File) -> Iterable[str]:
    number = 0
    while number <= _MOST_BYTES // ATTRIBUTE_LIMIT and f"{ATTRIBUTE}{number}" in file.attrs:
        yield f"{ATTRIBUTE}{number}"
        number += 1
