"""Mappings and sequences that are no dicts and lists, as OmegaConf's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


class Config(Mapping[str, Any]):
    """A mapping whose value ``???`` is missing."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def __getitem__(self, key: str) -> Any:
        value = self._values[key]
        if value == "???":
            raise ValueError(f"Missing mandatory value: {key}")
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Items(Sequence[Any]):
    """A sequence."""

    def __init__(self, *items: Any) -> None:
        self._items = items

    def __getitem__(self, at: Any) -> Any:
        return self._items[at]

    def __len__(self) -> int:
        return len(self._items)
