"""`SideBySide`: what `kplug compare` and notebooks show of components of one kind."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from kplug import Spec, get_kind
from kplug.curves.curve import Curve
from kplug.curves.drawing import plot, render
from kplug.display.characters import draw
from kplug.display.html import html_table
from kplug.display.terminal import wrap
from kplug.errors import KplugError, MissingLibraryError
from kplug_numbers.candidates import Candidate, read_candidates
from kplug_numbers.reading import Part
from kplug_numbers.relations import CASES, choose_family, name_family, split

_MOST_ROWS = 12  # of the short table
_LEFT_OUT = frozenset({"float32", "strided", "shorter", "samples"})  # cases
_WIDTH = 72


@dataclass(frozen=True, repr=False)
class SideBySide:
    """Components of one kind, each compared with the first.

    Args:
        kind: The singular name of their kind.
        candidates: The components.
    """

    kind: str
    candidates: tuple[Candidate, ...]

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles of the table: what the inputs are, and the components' letters."""
        return (name_family(self.kind, self._family), *(one.label for one in self.candidates))

    @property
    def _family(self) -> str:
        """The inputs that the short table is about."""
        readings = [one.reading for one in self.candidates if one.reading is not None]
        return choose_family(readings[0]) if readings else ""

    def list_rows(self, *, has_all: bool = False) -> list[tuple[str, ...]]:
        """Return a row for each part: its name and the first value of each; ``=`` where it is as the first.

        Args:
            has_all: Whether all parts are shown, under the names that they have in readings, and not only
                the ordinary ones of one input in which anything differs.
        """
        readings = [one.reading for one in self.candidates if one.reading is not None]
        names = list(dict.fromkeys(name for reading in readings for name in reading.parts))
        rows = [(name, *(self._write_cell(name, one) for one in self.candidates)) for name in names]
        if has_all:
            return rows
        short = [
            (self._name(name), *cells)
            for name, *cells in rows
            if self._is_ordinary(name) and {*cells[1:]} - {"="}
        ]
        return short[:_MOST_ROWS]

    def _is_ordinary(self, name: str) -> bool:
        family, case, what = split(self.kind, name)
        return family == self._family and case not in _LEFT_OUT and not what.startswith("second")

    def _name(self, name: str) -> str:
        """Return a part's name in words."""
        _, case, what = split(self.kind, name)
        words = CASES.get(case, "" if case == "float64" else case)
        return ": ".join(filter(None, (words, what)))

    def _write_cell(self, name: str, candidate: Candidate) -> str:
        part = candidate.reading.parts.get(name) if candidate.reading is not None else None
        if part is None:
            return ""
        comparison = None if candidate is self.candidates[0] else candidate.comparison
        is_same = comparison and name not in {one.part for one in comparison.differences}
        return "=" if is_same else _write_part(part)

    def list_sentences(self) -> list[tuple[str, str]]:
        """Return each component with its letter, and what is said of it."""
        return [(f"{one.label}  {one.spec}", one.says) for one in self.candidates]

    @property
    def curves(self) -> list[tuple[Candidate, Curve]]:
        """The components that are functions of one variable, the same for all, with their curves."""
        return [(one, one.curve) for one in self.candidates if one.curve is not None]

    def draw(self, columns: int = 60) -> list[str]:
        """Return the lines of a picture of the curves, with the components' letters."""
        if not self.curves:
            return []
        curve = self.curves[0][1]
        points = [(one.x, one.y) for _, one in self.curves]
        marks = "".join(one.label for one, _ in self.curves)
        return draw(points, (curve.x_label, curve.y_label), columns, marks)

    def plot(self, to_file: str | os.PathLike[str]) -> None:
        """Draw the curves into one picture.

        Args:
            to_file: A ``.png``, or a ``.svg``, which follows the colours of a light or a dark page.

        Raises:
            KplugError: if there is no curve, or the file cannot be written.
            MissingLibraryError: if matplotlib is not installed.
        """
        if not self.curves:
            raise KplugError(
                f"{os.fspath(to_file)} was not written: none of these is a function of one variable"
            )
        plot(Path(to_file), self._list_titled(), is_shared=True)

    def _list_titled(self) -> list[tuple[str, Curve]]:
        return [(f"{one.label}  {one.spec}", curve) for one, curve in self.curves]

    def _repr_html_(self) -> str:
        """Return the sentences, the picture if matplotlib is installed, and the table, for notebooks."""
        rows = [(one.label, one.spec, one.says) for one in self.candidates]
        parts = [html_table(("", self.kind, "what it computes"), rows), self._embed_picture()]
        if table := self.list_rows():
            parts.append(html_table(self.titles, table))
        return "".join(parts)

    def _embed_picture(self) -> str:
        try:
            content = render(self._list_titled(), is_shared=True) if self.curves else b""
        except MissingLibraryError:
            return ""
        text = escape("; ".join(f"{one.label}: {curve.describe()}" for one, curve in self.curves))
        data = base64.b64encode(content).decode()
        return f'<img alt="{text}" src="data:image/svg+xml;base64,{data}">' if content else ""

    def __repr__(self) -> str:
        return "\n".join(self._list_lines())

    def _list_lines(self) -> Iterator[str]:
        for title, says in self.list_sentences():
            yield title
            yield from wrap(f"   {says}", _WIDTH, hanging=0)
        yield from self.draw()


def _write_part(part: Part) -> str:
    if part.raises:
        return part.raises
    return f"{part.sample[0]:.4g}" + (" …" if part.count > 1 else "") if part.sample else "none"


def compare_components(kind: str, *references: str | Spec) -> SideBySide:
    """Put components of one kind side by side.

    Args:
        kind: The singular name of the kind.
        *references: Two components or more, with arguments; the others are compared with the first. One
            that needs arguments and has none gets those of its author's example.

    Returns:
        A `SideBySide`, which notebooks show with a table and a picture.

    Raises:
        ReadingError: if these are less than two different ones, or more than eight.
        KplugError: if one is not installed, or needs arguments that neither its spec nor its author gives.

    Example:
        >>> found = compare_components("loss", "kplug/mse", "kplug/mse(reduction='sum')", "kplug/mae")
        >>> found.candidates[1].comparison.outcome
        'differs'
    """
    name = get_kind(kind).name
    return SideBySide(name, tuple(read_candidates(name, references)))
