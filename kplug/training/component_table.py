"""The component table: which component fills each slot of a model, and which package supplied it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, SupportsIndex, overload

from kplug.display.html import html_table
from kplug.display.terminal import TextTable
from kplug.registry.loading.running_builds import find_replacement

_COLUMNS = ("slot", "component", "package", "chosen as")
_WIDTH = 60  # of the column of components; a longer one moves the rest of its line


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """One filled slot.

    Args:
        slot: The slot, such as ``loss``, ``metrics/0`` or ``dense_1.kernel_initializer``.
        kind: The kind of component, such as ``initializer``.
        name: Qualified name, such as ``kplug/glorot_uniform``.
        arguments: Its constructor arguments, as JSON data.
        distribution: The distribution that supplied it; ``custom`` for the user's own code.
        version: Version of the distribution.
        rule: The rule that chose this component among those of its name.
        written: The qualified name and the arguments as the user wrote them, for display.
        spec: A plugin's component with all arguments, as text; empty if one of them is no literal, and for
            layers with many weights.
        code: The distribution that contains the code, if another one offers the component.
    """

    slot: str
    kind: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    distribution: str = ""
    version: str = ""
    rule: str = ""
    written: str = ""
    spec: str = ""
    code: str = ""

    @property
    def package(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}".rstrip()

    @property
    def replacement(self) -> str:
        """The remark for messages if the installed build of the distribution is not the running one."""
        return find_replacement(self.distribution) or ""

    def to_json(self) -> dict[str, Any]:
        """Return the row as a dict that JSON can hold."""
        return asdict(self)


class ComponentTable(tuple[ComponentRow, ...]):
    """The rows of a model, in the order of its slots; prints as a table.

    Example:
        >>> table = ComponentTable([ComponentRow("loss", "loss", "kplug/mean_squared_error")])
        >>> table.get("loss").name
        'kplug/mean_squared_error'
    """

    __slots__ = ()

    @overload
    def __getitem__(self, index: SupportsIndex) -> ComponentRow: ...
    @overload
    def __getitem__(self, index: slice) -> ComponentTable: ...
    def __getitem__(self, index: SupportsIndex | slice) -> ComponentRow | ComponentTable:
        """Return one row, or a table of several."""
        if isinstance(index, slice):
            return ComponentTable(super().__getitem__(index))
        return super().__getitem__(index)

    def get(self, slot: str) -> ComponentRow:
        """Return the row of a slot.

        Raises:
            KeyError: If no component fills it.
        """
        for row in self:
            if row.slot == slot:
                return row
        raise KeyError(slot)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rows as dicts that JSON can hold."""
        return [row.to_json() for row in self]

    def _list_cells(self) -> list[tuple[str, ...]]:
        return [(row.slot, row.written or row.name, row.package, row.rule) for row in self]

    def _list_replacements(self) -> list[str]:
        return sorted({row.replacement for row in self} - {""})

    def __rich__(self) -> TextTable:
        caption = "\n".join(self._list_replacements()) or None
        return TextTable(_COLUMNS, self._list_cells(), wrapped=1, caption=caption)

    def __repr__(self) -> str:
        """Return a line for each row, below the titles."""
        rows = [_COLUMNS, *self._list_cells()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        widths[1] = min(widths[1], _WIDTH)
        lines = (
            "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        )
        return "\n".join(line.rstrip() for line in (*lines, *self._list_replacements()))

    def _repr_html_(self) -> str:
        """Return the table in HTML, for notebooks."""
        return html_table(_COLUMNS, self._list_cells(), notes=self._list_replacements())
