"""Fills the landing page: it runs the program that stands there, and takes numbers from the other pages."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import statistics
from pathlib import Path
from typing import Any

import numpy as np
from marks import fill
from matplotlib import image

from kplug.inspection import KINDS, list_components

SHOWN = 10  # scans of the validation data, evenly from the first to the last
GAP = 2  # pixels between them


def fill_landing_page(folder: Path) -> None:
    """Fill the page ``index.md`` in the folder of all pages."""
    page = folder / "index.md"
    text = page.read_text(encoding="utf-8")
    program = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    if program is None:
        raise SystemExit(f"{page} has no program with its output")
    output, strips = run_program(program[1])
    page.write_text(text.replace(program[2], output, 1), encoding="utf-8")
    fill(
        page,
        masks=draw_strips(folder / "masks", strips),
        speed=describe_speed((folder / "performance.md").read_text(encoding="utf-8")),
        parts=describe_parts(),
        plants=describe_plants((folder / "plugins" / "contract.md").read_text(encoding="utf-8")),
    )


def run_program(source: str) -> tuple[str, dict[str, Any]]:
    """Run a program that trains ``model``, and return what it prints, and pictures by what they show.

    The model predicts before the line that trains it, and at the end.
    """
    names: dict[str, Any] = {}
    output = io.StringIO()
    masks = []

    def predict() -> None:
        first = len(names["noisy"]) * 4 // 5  # fit keeps the last fifth for validation
        chosen = np.linspace(first, len(names["noisy"]) - 1, SHOWN).astype(int)
        masks.append(names["model"].predict(names["noisy"][chosen], verbose=0))
        names["chosen"] = chosen

    with contextlib.redirect_stdout(output):
        for statement in ast.parse(source).body:
            line = ast.unparse(statement)
            if ".fit(" in line:
                predict()
            exec(line, names)  # noqa: S102 - the page's own program
        predict()
    before, after = masks
    scans, noisy = (names[name][names["chosen"]] for name in ("scans", "noisy"))
    return output.getvalue(), {
        "scan with noise": noisy,
        "mask before training": before,
        "mask after training": after,
        "right mask": scans > 0.5,
    }


def draw_strips(folder: Path, strips: dict[str, Any]) -> str:
    """Write a picture for each row of masks, a pixel a value, and return the table of them."""
    folder.mkdir()
    rows = []
    for title, pictures in strips.items():
        grey = np.clip(np.asarray(pictures, float), 0, 1)[..., [0, 0, 0]]
        opaque = np.concatenate([grey, np.ones_like(grey[..., :1])], axis=-1)
        spaced = np.pad(opaque, [(0, 0), (0, 0), (0, GAP), (0, 0)])  # transparent between two
        strip = np.concatenate(list(spaced), axis=1)[:, :-GAP]
        file = f"{title.replace(' ', '-')}.png"
        image.imsave(folder / file, np.ascontiguousarray(strip))
        rows.append(f"| {title} | ![{title} of {len(pictures)} digits]({folder.name}/{file}) |")
    head = "Ten scans that it was not trained on:"
    return "\n".join([head, "", "| | |", "|---|---|", *rows])


def describe_speed(page: str) -> str:
    """Return a sentence from the first table of the page about performance with ratios of an epoch."""
    lines = page.partition("An epoch:\n\n")[2].partition("\n\n")[0].splitlines()
    head, _, *rows = ([cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines)

    def find_median(column: str) -> float:
        at = next(i for i, name in enumerate(head) if name.startswith(column))
        return statistics.median(float(row[at]) for row in rows if row[at])

    return (
        f"An epoch takes {find_median('kplug eager'):.2f} of the time of a loop written by hand in torch, "
        f"compiled {find_median('kplug jit'):.2f}; and {find_median('kplug / fastest Keras'):.2f} of the "
        f"fastest Keras's. Medians of {len(rows)} models."
    )


def describe_parts() -> str:
    """Return a sentence with the number of components, of those that are installed."""
    components = [one for kind in KINDS.values() for one in list_components(kind)]
    packages = {one.origin.distribution for one in components}
    return (
        f"{len(components)} components of {len(packages)} packages answer to a string. The model's table and "
        "every file say which package, in which version, each came from."
    )


def describe_plants(page: str) -> str:
    """Return a sentence from the table of planted defects."""
    rows = re.findall(
        r"^\| (looked at|held back|correct .*?) \| (\d+) \| (\d+) \|", page, re.MULTILINE
    )
    counts = {name: (int(found), int(planted)) for name, found, planted in rows}
    (found, planted), blamed = counts["held back"], counts["correct components blamed"]
    return (
        f"`kplug check` finds {found} of {planted} defects that its authors had never seen, planted in "
        f"components which look right, and blames {blamed[0]} of {blamed[1]} correct ones."
    )
