"""Benchmark of component look-up, as ratios to the least that it could cost.

Run it by path: ``python tests/benchmarks/registry.py``. Every ratio is that of the medians of several fresh
processes, which alternate with those of the yardstick, in processor time: a busy machine slows both alike.
The plugins that are installed here take part. Python keeps its bytecode, as it does unless it is told not to.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from synthetic import make_distributions

ROOT = Path(__file__).parents[2]
RUNS = 9

TIMED = (
    "import time; start = time.process_time()\n{code}\nprint((time.process_time() - start) * 1e3)"
)

IMPORT_LEAST = TIMED.format(code="import pluggy, importlib_metadata")
IMPORT_KPLUG = TIMED.format(code="import kplug")
# What a user waits for who goes on to use it: the registry with both libraries behind it.
IMPORT_REGISTRY = TIMED.format(code="import kplug.registry")

SCAN = f"import importlib_metadata\n{TIMED.format(code='importlib_metadata.entry_points()')}"
LOOKUP = "from kplug.registry import get_kind, look_up, parse_spec\n" + TIMED.format(
    code="look_up(get_kind('loss'), parse_spec('component_003_0_1'))"
)

LIST = """
import contextlib, io, json, sys
from kplug.cli import main
sys.argv = ["kplug", "list", "--json"]
out = io.StringIO()
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(out):
    main()
found = json.loads(out.getvalue())["components"]
assert sum(c["distribution"].startswith("synthetic") for c in found) == 1500, len(found)
print(json.dumps([sum(name.startswith("synthetic") for name in sys.modules), "torch" in sys.modules]))
"""

# What a program waits for that shows a list: the least that a command line made with typer can take.
EMPTY_PROGRAM = """
import typer
app = typer.Typer()
@app.command()
def main() -> None: ...
app()
"""

WARM = """
import contextlib, json, timeit
import kplug
from kplug.registry import resolve
def microseconds(kind, identifier):
    def look_up():
        with contextlib.suppress(kplug.KplugError):
            resolve(kind, identifier)
    look_up()
    return min(timeit.repeat(look_up, number=100, repeat=50)) * 1e4
def own(y_true, y_pred):
    return (y_true - y_pred).abs()
found = {
    "resolve of puddle_loss(smooth=1e-5, thresh=0.5), of a plugin":
        microseconds("loss", "puddle_loss(smooth=1e-5, thresh=0.5)"),
    "resolve of he_normal": microseconds("initializer", "he_normal"),
    "resolve of l1_l2(l1=0.1, l2=0.2)": microseconds("regularizer", "l1_l2(l1=0.1, l2=0.2)"),
    "resolve of adam(lr=1e-3)": microseconds("optimizer", "adam(lr=1e-3)"),
    "a miss": microseconds("loss", "no_such_loss"),
    "an own function": microseconds("loss", own),
}
with kplug.scope(losses={"mine": own}):
    found["a name of an open scope"] = microseconds("loss", "mine")
    found["a built-in inside a scope"] = microseconds("loss", "mse")
kplug.register("loss", "ours", own)
found["a registered name"] = microseconds("loss", "ours")
print(json.dumps(found))
"""
TARGETS = {"a miss": 100, "an own function": 50}
TARGETS |= dict.fromkeys(("a name of an open scope", "a built-in inside a scope"), 10)
TARGETS |= {"a registered name": 10}

PLUGIN = '''
def puddle_loss(smooth, thresh):
    """A factory, as in the guide: called with the arguments, it returns the loss."""

    def puddle(y_true, y_pred):
        return (y_true - y_pred).abs() + smooth

    return puddle
'''


def main() -> None:
    """Measure, and print one table."""
    table = Table(title="Finding a component", box=box.SIMPLE_HEAD, title_justify="left")
    for column in ("what", "measured", "yardstick", "ratio or count", "target"):
        table.add_column(column, justify="left" if column == "what" else "right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_distributions(folder)
        _add_plugin(folder)
        for code in (LOOKUP, LIST, EMPTY_PROGRAM):  # compiles whatever was not compiled yet
            _run(folder, code)
        _add_ratio(
            table, "import kplug / import pluggy, importlib_metadata", IMPORT_KPLUG, IMPORT_LEAST
        )
        _add_ratio(table, "import kplug.registry / the same", IMPORT_REGISTRY, IMPORT_LEAST, "")
        what = "first lookup / entry_points(), 501 distributions more"
        _add_ratio(table, what, LOOKUP, SCAN, "≤ 1.5", folder)
        _add_listing(table, folder)
        _add_warm(table, folder)
    Console(width=120).print(table)


def _add_ratio(
    table: Table, what: str, code: str, yardstick: str, target: str = "≤ 2", folder: Path = ROOT
) -> None:
    ours, least = [], []
    for _ in range(RUNS):
        least.append(float(_run(folder, yardstick)))
        ours.append(float(_run(folder, code)))
    ours_ms, least_ms = statistics.median(ours), statistics.median(least)
    ratio = f"{ours_ms / least_ms:.2f}"
    table.add_row(what, f"{ours_ms:.2f} ms", f"{least_ms:.2f} ms", ratio, target)


def _add_listing(table: Table, folder: Path) -> None:
    _add_program(table, "kplug list / an empty program made with typer", ROOT, "≤ 2")
    _add_program(table, "the same with 501 distributions, 1500 components more", folder, "")
    plugins, has_torch = json.loads(_run(folder, LIST))
    table.add_row("plugin modules imported by kplug list", "", "", str(plugins), "0")
    table.add_row("torch imported by kplug list", "", "", "yes" if has_torch else "no", "no")


def _add_program(table: Table, what: str, folder: Path, target: str) -> None:
    nothing, listing = [], []
    for _ in range(RUNS):
        nothing.append(_processor_time(folder, "-c", EMPTY_PROGRAM))
        listing.append(_processor_time(folder, "-m", "kplug", "list"))
    ours, least = statistics.median(listing), statistics.median(nothing)
    table.add_row(what, f"{ours:.0f} ms", f"{least:.0f} ms", f"{ours / least:.2f}", target)


def _add_warm(table: Table, folder: Path) -> None:
    results = [json.loads(_run(folder, WARM)) for _ in range(3)]
    for what in results[0]:
        took = min(result[what] for result in results)
        table.add_row(f"warm: {what}", "", "", f"{took:.1f} µs", f"≤ {TARGETS.get(what, 20)} µs")


def _add_plugin(folder: Path) -> None:
    """Add a plugin that can be loaded to those that must not be."""
    info = folder / "puddles-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: puddles\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[kplug.losses]\npuddle_loss = puddles:puddle_loss\n")
    (info / "RECORD").write_text("puddles.py,,\n")
    (folder / "puddles.py").write_text(PLUGIN)


def _processor_time(folder: Path, *arguments: str) -> float:
    """Return a fresh process's processor time in milliseconds, Python's start included."""
    timed = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print((used.ru_utime + used.ru_stime) * 1e3)"
    )
    return float(_run(folder, timed, *arguments))


def _run(folder: Path, code: str, *arguments: str) -> str:
    """Run code in a fresh process that sees kplug and the distributions of a folder."""
    ours = ("KPLUG_", "PYTHONDONTWRITEBYTECODE")
    clean = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    path = os.pathsep.join(dict.fromkeys((str(folder), str(ROOT))))
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**clean, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        cwd=folder.parent,  # no project with settings, and not the folder: it would be searched twice
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


if __name__ == "__main__":
    main()
