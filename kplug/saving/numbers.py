"""Readings in files: what a model's components computed when it was saved, and whether they still do.

Plugins make and compare them (`kplug_reading`, `kplug_verdict`). Here they are data without a meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kplug.registry import REGISTRY, Verdict
from kplug.registry.component import BUILT_IN
from kplug.training.component_table import ComponentRow

_MOST_READINGS = 1000  # of a file

ReadRow = Callable[[ComponentRow], "dict[str, Any] | None"]


def make_reader() -> ReadRow:
    """Return a function that reads the component of a row; None if nothing here makes its reading."""
    known: dict[tuple[str, str], dict[str, Any] | None] = {}

    def read(row: ComponentRow) -> dict[str, Any] | None:
        key = (row.kind, row.spec)
        if row.spec and key not in known and len(known) < _MOST_READINGS:
            answers, _ = REGISTRY.ask_all(dict, "kplug_reading", kind=row.kind, spec=row.spec)
            known[key] = next(iter(answers), None)
        return known.get(key)

    return read


class Judge:
    """Compares what a file says with the components of the loaded model, each reading once.

    Args:
        rows: The rows of the model.
    """

    def __init__(self, rows: Iterable[ComponentRow]) -> None:
        self._rows: dict[str, list[ComponentRow]] = {}
        for row in rows:
            self._rows.setdefault(f"{row.kind} {row.name}", []).append(row)
        self._known: dict[tuple[str, str, int], Sequence[Verdict]] = {}

    def find_alike(self, stored: Mapping[str, Any]) -> list[ComponentRow]:
        """Return the rows of the model that a row of the file may be about."""
        alike = self._rows.get(f"{stored.get('kind')} {stored.get('name')}", [])
        # A nested component may have another slot after loading.
        return [row for row in alike if row.slot == stored.get("slot")] or alike

    def judge(self, stored: Mapping[str, Any]) -> Verdict | None:
        """Return whether the model computes what a row of the file says; None if nobody compares it."""
        alike = self.find_alike(stored)
        by_spec = {row.spec: row for row in alike if row.distribution not in BUILT_IN}
        verdicts = [
            one for row in by_spec.values() for one in self._ask(stored.get("reading"), row)
        ]
        return next((one for one in verdicts if one.outcome == "same"), next(iter(verdicts), None))

    def _ask(self, reading: object, row: ComponentRow) -> Sequence[Verdict]:
        key = (row.kind, row.spec or row.name, id(reading))  # the file's rows keep the reading
        if key not in self._known:
            facts = {"kind": row.kind, "spec": row.spec or row.name, "reading": reading}
            answers, _ = REGISTRY.ask_all(Verdict, "kplug_verdict", **facts)
            if answers and not row.spec:
                message = "its arguments are no literals, or its weights are too many"
                answers = [Verdict("cannot be compared", message)]
            self._known[key] = answers[:1]
        return self._known[key]
