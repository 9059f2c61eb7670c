"""The table that says which component fills each slot of a model, and who supplied it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, overload

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kplug.html import html_table

_WIDTH = 120  # of the text form; on a terminal rich takes the terminal's own


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """One filled slot.

    Args:
        slot: Where, such as ``loss``, ``metrics[0]`` or ``dense_1.kernel_initializer``.
        kind: The kind of component, such as ``initializer``.
        name: Qualified name, such as ``kplug/glorot_uniform``.
        arguments: The arguments it was made with, as data that JSON can hold.
        distribution: Who supplied it; ``custom`` for objects of the user's own code.
        version: Version of the distribution.
        rule: Why this component and no other of that name.
        written: The qualified name with the arguments as they were written, for people.
    """

    slot: str
    kind: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    distribution: str = ""
    version: str = ""
    rule: str = ""
    written: str = ""

    @property
    def package(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}".rstrip()

    def to_json(self) -> dict[str, Any]:
        """Return the row as a dict that JSON can hold."""
        return asdict(self)


class ComponentTable(Sequence[ComponentRow]):
    """The rows of a model, in the order of its slots; prints as a table.

    Example:
        >>> table = ComponentTable([ComponentRow("loss", "loss", "kplug/mean_squared_error")])
        >>> table.get("loss").name
        'kplug/mean_squared_error'
    """

    def __init__(self, rows: Iterable[ComponentRow] = ()) -> None:
        self._rows = tuple(rows)

    @overload
    def __getitem__(self, index: int) -> ComponentRow: ...
    @overload
    def __getitem__(self, index: slice) -> ComponentTable: ...
    def __getitem__(self, index: int | slice) -> ComponentRow | ComponentTable:
        """Return one row, or a table of several."""
        rows = self._rows[index]
        return ComponentTable(rows) if isinstance(rows, tuple) else rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[ComponentRow]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComponentTable) and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(tuple((row.slot, row.name) for row in self._rows))

    def get(self, slot: str) -> ComponentRow:
        """Return the row of a slot.

        Raises:
            KeyError: If no component fills it.
        """
        for row in self._rows:
            if row.slot == slot:
                return row
        raise KeyError(slot)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rows as dicts that JSON can hold."""
        return [row.to_json() for row in self._rows]

    def __rich__(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("slot", no_wrap=True)
        table.add_column("component", overflow="fold")
        table.add_column("package", no_wrap=True)
        table.add_column("chosen as", no_wrap=True)
        for row in self._rows:
            cells = (row.slot, row.written or row.name, row.package, row.rule)
            table.add_row(*map(Text, cells))  # plain texts: a slot such as metrics[0] is no markup
        return table

    def __str__(self) -> str:
        console = Console(file=io.StringIO(), width=_WIDTH)
        with console.capture() as captured:
            console.print(self)
        lines = captured.get().splitlines()
        return "\n".join(line.rstrip() for line in lines).strip("\n")

    def __repr__(self) -> str:
        return f"ComponentTable({len(self)} rows)"

    def _repr_html_(self) -> str:
        """Return the table in HTML, for notebooks."""
        rows = [(row.slot, row.written or row.name, row.package, row.rule) for row in self._rows]
        return html_table(("slot", "component", "package", "chosen as"), rows)
