"""Benchmark of a registry as it grows: ``python tests/benchmarks/registry_sites.py [sizes]``.

Wheels of synthetic distributions are read and built into a site, which is signed; then one more is
published, and a version of one that is there. ``100000x2`` means two losses each, and ten are usual;
``1000x2x20`` means 20 versions each, whose wheels are not read but generated. Give a
folder in memory with ``TMPDIR=/dev/shm``, or the disk is measured. From 500 wheels on, other processes read
them; it takes half a second until the first has begun.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))  # for `tests`

from tests.plugins.large_sites import LargeSite

SIZES = ("100", "1000", "10000", "20000x2", "100000x2")
SEARCHES = ("dice", "dic", "foc dic", "foc dic wav", "dise")
ROWS = (
    "distributions x components x versions",
    "build, µs a component of a version: elapsed (target 200)",
    "… processor time of the process that writes",
    "… processor time of those that read",
    "… files",
    "… bytes",
    "… bytes in blocks",
    "sign all, s of processor time",
    "most memory, MiB (target flat)",
    "a publish: files (target constant)",
    "… bytes without simple/index",
    "… bytes of simple/index, for a new name",
    "… ms",
    "a new version: files (target constant)",
    "… bytes",
    "… ms",
    "look-up, cold: requests, bytes (target 4)",
    "look-up, warm: requests, bytes (target 1)",
    "snapshot, bytes",
    "largest bin, bytes",
    *(f"bytes until chromium answers '{text}' (target 400,000)" for text in SEARCHES),
)


def measure(text: str) -> list[str]:
    """Return the numbers of a site, as they are printed."""
    numbers = [int(part) for part in text.split("x")]
    distributions, components, versions = (*numbers, *(10, 1)[len(numbers) - 1 :])
    with tempfile.TemporaryDirectory() as folder:
        LargeSite(Path(folder) / "warm-up", 20, 10)
        large = LargeSite(Path(folder) / "large", distributions, components, versions)
        count = distributions * components * versions
        new, version = large.publish(distributions), large.publish(0, f"1.{versions}")
        lists = [size for path, size in new.sizes.items() if path.startswith("simple/index")]
        cold, warm = large.look_up(1)
        metadata = {file.name: file.stat().st_size for file in large.site.glob("metadata/*.json")}
        return [
            f"{distributions:,} x {components} x {versions}",
            f"{large.elapsed / count * 1e6:,.0f}",
            f"{large.writing / count * 1e6:,.0f}",
            f"{large.reading / count * 1e6:,.0f}",
            f"{large.size.files / count:,.2f}",
            f"{large.size.bytes / count:,.0f}",
            f"{large.size.blocks / count:,.0f}",
            f"{large.signing:,.1f}",
            f"{large.memory / 2**20:,.0f}",
            f"{len(new.sizes):,}",
            f"{sum(new.sizes.values()) - sum(lists):,}",
            f"{sum(lists):,}",
            f"{new.seconds * 1e3:,.0f}",
            f"{len(version.sizes):,}",
            f"{sum(version.sizes.values()):,}",
            f"{version.seconds * 1e3:,.0f}",
            "{}, {:,}".format(*cold),
            "{}, {:,}".format(*warm),
            f"{max(size for name, size in metadata.items() if 'snapshot' in name):,}",
            f"{max(size for name, size in metadata.items() if '.bin-' in name):,}",
            *(f"{large.search(text).received:,}" for text in SEARCHES),
        ]


def main() -> None:
    """Print a column for each size, each measured in a process of its own."""
    sizes = sys.argv[1:] or SIZES
    columns = []
    for size in sizes:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
            columns.append(executor.submit(measure, size).result())
    table = Table(box=box.SIMPLE, title="A registry as it grows", show_header=False)
    for name, *values in zip(ROWS, *columns, strict=True):
        table.add_row(name, *values)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
