"""What a registry costs as it grows: ``python tests/benchmarks/registry_sites.py``, with sizes as arguments.

Distributions with ten losses each are built into a site; then one more is published. Times are processor
time, since what a file costs is the disk's affair.
"""

from __future__ import annotations

import gzip
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kplug_registry.building import build_site
from kplug_registry.publishing import publish
from kplug_registry.site_format import ComponentEntry, WheelFile
from kplug_registry.wheels import WheelContents
from kplug_registry.wheels.metadata import WheelMetadata
from packaging.utils import canonicalize_name
from rich import box
from rich.console import Console
from rich.table import Table

SIZES = (100, 1_000, 10_000)
COMPONENTS = 10
NOW = "2026-01-31T12:00:00Z"
STARTS = ("wave", "pond", "dice", "focal", "hinge", "tide", "ebb", "shore", "reef", "surf")
ENDS = ("", "net", "line", "mark", "fall", "ward", "wise", "ring", "ling", "dom")
WORDS = [f"{start}{end}" for start in STARTS for end in ENDS]


def make_contents(path: Path, number: int, drawn: random.Random) -> WheelContents:
    """Return what would be read of one synthetic wheel."""
    package = f"kplug_synthetic_{number}"
    entries = tuple(
        ComponentEntry(
            "loss",
            f"{drawn.choice(WORDS)}_{number}_{place}",
            f"{package}:loss_{place}",
            signature="(y_true, y_pred, smooth=1e-05, reduction='mean')",
            summary=" ".join(drawn.choices(WORDS, k=5)),
            documentation="One line of documentation, as long as they are.\n" * 10,
        )
        for place in range(COMPONENTS)
    )
    metadata = WheelMetadata(
        canonicalize_name(package), "1.0", "A plugin.", "MIT", ("kplug",), ">=3.10", b"Name: x\n"
    )
    file = WheelFile(f"{package}-1.0-py3-none-any.whl", "0" * 64, path.stat().st_size)
    return WheelContents(path, file, metadata, entries)


def measure(size: int) -> Iterator[str]:
    """Build a site, publish one distribution more, and yield the numbers."""
    drawn = random.Random(size)
    with tempfile.TemporaryDirectory() as folder:
        wheel, site = Path(folder) / "wheel", Path(folder) / "site"
        wheel.write_bytes(bytes(2_000))
        start = time.process_time()
        build_site((make_contents(wheel, number, drawn) for number in range(size)), site, NOW)
        yield f"{(time.process_time() - start) / size / COMPONENTS * 1e6:,.0f} µs"
        yield f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB"
        start = time.process_time()
        written = publish([make_contents(wheel, size, drawn)], site, NOW)
        yield f"{(time.process_time() - start) * 1e3:,.0f} ms"
        yield f"{len(written):,}"
        lookups = [len(path.read_bytes()) for path in site.glob("components/*/*.json")]
        yield f"{max(lookups):,}"
        yield f"{max(map(_count_sent, site.glob('search/*.json'))):,}"


def _count_sent(path: Path) -> int:
    """Return how many bytes a server sends of a file, which it compresses."""
    return len(gzip.compress(path.read_bytes()))


def main() -> None:
    """Print a row for each size."""
    sizes = [int(text) for text in sys.argv[1:]] or SIZES
    table = Table(box=box.SIMPLE, title="A registry as it grows")
    for column in (
        "distributions",
        "build, a component (target 200 µs)",
        "most memory (target flat)",
        "one publish",
        "its files (target constant)",
        "bytes of a look-up, 1 request",
        "bytes of a searched word, at most (target 400,000)",
    ):
        table.add_column(column, justify="right")
    for size in sizes:
        table.add_row(f"{size:,}", *measure(size))
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
