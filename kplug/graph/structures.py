"""Nested call arguments: flattens and rebuilds lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, final

from kplug.support.nested import map_leaves


class ValueIndex(NamedTuple):
    """Placeholder of the value at an index of a list."""

    position: int


def fill_places(template: Any, values: Sequence[Any]) -> Any:
    """Return a copy of a template with placeholders replaced by values.

    Example:
        >>> fill_places([ValueIndex(1), {"a": ValueIndex(0), "b": 7}], ["first", "second"])
        ['second', {'a': 'first', 'b': 7}]
    """
    return map_leaves(template, ValueIndex, lambda place: values[place.position])


@final
class Layout:
    """The nesting of values in lists, tuples and dicts; it flattens others of the same form.

    Args:
        structure: Nested values of ``leaf_type``.
        leaf_type: Their type.

    Attributes:
        leaves: The values in one list; those of a dict in the order of its sorted keys, as in Keras.
        is_single: Whether there is one value, alone or in a list of one.
        keys: The sorted keys, if the structure is a dict of values, else ``None``.
        is_nested: Whether there are lists or dicts inside others.

    Raises:
        TypeError: The structure contains other values.

    Example:
        >>> layout = Layout({"b": 2, "a": [1, 3]}, int)
        >>> layout.leaves
        [1, 3, 2]
        >>> layout.pack("xyz")
        {'b': 'z', 'a': ['x', 'y']}
        >>> layout.unpack({"a": [10, 30], "b": 20})
        [10, 30, 20]
    """

    def __init__(self, structure: Any, leaf_type: type[Any]) -> None:
        self.leaves: list[Any] = []
        self._template = template = self._note(structure, leaf_type)
        self._is_list = isinstance(template, list) and _are_places(template)
        self.is_single = isinstance(template, ValueIndex) or (self._is_list and len(template) == 1)
        is_dict = isinstance(template, dict) and _are_places(template.values())
        self.keys: list[str] | None = sorted(template) if is_dict else None
        self.is_nested = not (self.is_single or self._is_list or is_dict)

    def _note(self, structure: Any, leaf_type: type[Any]) -> Any:
        if isinstance(structure, leaf_type):
            self.leaves.append(structure)
            return ValueIndex(len(self.leaves) - 1)
        if isinstance(structure, (list, tuple)):
            return [self._note(part, leaf_type) for part in structure]
        if isinstance(structure, dict):
            noted = {key: self._note(structure[key], leaf_type) for key in sorted(structure)}
            return {key: noted[key] for key in structure}
        raise TypeError(structure)

    @property
    def structure(self) -> Any:
        """The given structure, with lists for tuples."""
        return fill_places(self._template, self.leaves)

    def pack(self, values: Sequence[Any]) -> Any:
        """Return values, one per leaf, nested like the structure; a single one alone."""
        if self.is_single:
            return values[0]
        if self._is_list:
            return list(values)
        return fill_places(self._template, values)

    def unpack(self, structure: Any) -> list[Any]:
        """Return the values of a structure of this form in the order of ``leaves``.

        Raises:
            ValueError: It has another form; the message says where, if known.
        """
        found: list[Any] = [None] * len(self.leaves)
        self._collect(self._template, structure, found, "")
        return found

    def _collect(self, template: Any, structure: Any, found: list[Any], where: str) -> None:
        if isinstance(template, ValueIndex):
            found[template.position] = structure
        elif isinstance(template, dict):
            if not isinstance(structure, dict) or set(template) - set(structure):
                raise ValueError(f"a dict with the keys {list(template)}{where}")
            for key, part in template.items():
                self._collect(part, structure[key], found, f"{where} in {key!r}")
        else:
            is_list = isinstance(structure, (list, tuple)) and len(structure) == len(template)
            if not is_list:
                raise ValueError(f"a list of {len(template)}{where}")
            for index, part in enumerate(template):
                self._collect(part, structure[index], found, f"{where} at {index}")


def _are_places(parts: Iterable[Any]) -> bool:
    return all(isinstance(part, ValueIndex) for part in parts)
