"""Reads vocabularies from an archive's asset files, one token per line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from kplug.backend import snake_case
from kplug.errors import WeightsError
from kplug.saving.archive import Archive
from kplug.saving.json_text import MOST_BYTES

_KINDS: dict[str, type] = {"IntegerLookup": int, "StringLookup": str, "TextVectorization": str}


def put_vocabularies(config: Any, archive: Archive) -> None:
    """Write the vocabularies of an archive into its configuration, as lists.

    Args:
        config: A model's entry; the entries of lookup layers without a vocabulary are changed.
        archive: The archive.

    Raises:
        WeightsError: A file is no text, or holds other values than the expected integers.
    """
    for path, entry in _walk(config, "assets"):
        kind, name = _KINDS.get(entry["class_name"]), f"{path}/vocabulary.txt"
        own = entry["config"]
        if kind is not None and own.get("vocabulary") is None and archive.has(name):
            tokens = _read(archive, name, kind)
            own |= {"vocabulary": tokens or None, "has_input_vocabulary": False}


def _walk(entry: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the layers of a model with their paths in Keras: class names, numbered."""
    inner = entry.get("config") if isinstance(entry, dict) else None
    layers = inner.get("layers") if isinstance(inner, dict) else None
    counts: Counter[str] = Counter()
    for layer in layers if isinstance(layers, list) else []:
        is_entry = isinstance(layer, dict) and isinstance(layer.get("config"), dict)
        if not is_entry or not isinstance(layer.get("class_name"), str):
            continue
        name = snake_case(layer["class_name"])
        number = f"_{counts[name]}" if counts[name] else ""
        counts[name] += 1
        place = f"{path}/layers/{name}{number}"
        yield place, layer
        yield from _walk(layer, place)


def _read(archive: Archive, name: str, kind: type) -> list[Any]:
    try:
        lines = archive.read_text(name, MOST_BYTES).decode().split("\n")
        while lines and not lines[-1]:
            lines.pop()
        return [kind(line) for line in lines]
    except ValueError as error:
        raise WeightsError(
            f"{name!r} holds no vocabulary of {kind.__name__} tokens: {error}",
            hint="Expected is a text file with one token in each line.",
        ) from None
