"""Writes a diagram in Graphviz's DOT language and runs ``dot``."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from html import escape
from pathlib import Path

from kplug.errors import KplugError
from kplug.models.diagram.boxes import Box, Diagram
from kplug.models.diagram.drawing import COLORS


def write_dot(diagram: Diagram, rankdir: str, dpi: int) -> str:
    """Return a diagram as DOT source; the arguments are those of ``plot_model``."""
    lines = [
        "digraph {",
        f"  graph [rankdir={rankdir}, dpi={dpi}];",
        '  node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=10];',
        *_write_boxes(diagram, "  "),
        *_write_links(diagram),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _write_boxes(diagram: Diagram, indent: str) -> Iterator[str]:
    for box in diagram.boxes:
        if box.inside is None:
            label, color = _label(box), COLORS[box.role]
            yield f'{indent}{_name(box.path)} [label={label}, fillcolor="{color}"];'
            continue
        yield f"{indent}subgraph {_name(('cluster', *box.path))} {{"
        yield f'{indent}  graph [label={_label(box)}, style="rounded,dashed"];'
        yield from _write_boxes(box.inside, indent + "  ")
        yield f"{indent}}}"


def _write_links(diagram: Diagram) -> Iterator[str]:
    for link in diagram.links:
        yield f"  {_name(link.start)} -> {_name(link.end)};"
    for box in diagram.boxes:
        if box.inside is not None:
            yield from _write_links(box.inside)


def _name(path: tuple[str, ...]) -> str:
    # Names of layers contain no "/", so box names are unique; DOT requires the quotes.
    prefix, rest = ("cluster_", path[1:]) if path[0] == "cluster" else ("", path)
    text = "/".join(rest).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{prefix}{text}"'


def _label(box: Box) -> str:
    lines = [f"<b>{escape(box.title)}</b>", *map(escape, box.lines)]
    return f"<{'<br/>'.join(lines)}>"


def run_dot(program: str, text: str, to_file: str | os.PathLike[str]) -> None:
    """Render DOT source into a file with Graphviz.

    Raises:
        KplugError: If the program fails; the message includes its output.
    """
    kind = Path(to_file).suffix.lstrip(".") or "png"
    done = subprocess.run(  # noqa: S603 - the program that the user has installed as dot
        [program, f"-T{kind}", "-o", os.fspath(to_file)],
        input=text.encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise KplugError(f"plot_model: {program} cannot write {os.fspath(to_file)}: {reason}")
