"""Many installed distributions, made of metadata files only: what a scan of entry points sees."""

from __future__ import annotations

from pathlib import Path

PLUGINS = 150
COMPONENTS = 10
# Real metadata carries a long description; a scan has to read past it or avoid it.
_DESCRIPTION = "A line of a readme, of which real packages have hundreds.\n" * 80
_KINDS = ("losses", "regularizers", "initializers", "metrics", "optimizers")


def make_distributions(folder: Path, count: int = 500) -> None:
    """Write `count` distributions into a folder, the first 150 of them plugins of 10 components."""
    for number in range(count):
        name = f"synthetic-{number:03d}"
        info = folder / f"{name.replace('-', '_')}-1.{number}.0.dist-info"
        info.mkdir(parents=True)
        header = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.{number}.0\nSummary: synthetic\n"
        (info / "METADATA").write_text(f"{header}\n{_DESCRIPTION}")
        (info / "RECORD").write_text("")
        text = "[console_scripts]\ntool = some.module:main\n" if number % 3 == 0 else ""
        if number < PLUGINS:
            module = f"synthetic_{number:03d}"
            (folder / f"{module}.py").write_text("raise RuntimeError('nobody may import this')\n")
            text += _entry_points(number, module)
        if text:
            (info / "entry_points.txt").write_text(text)


def _entry_points(number: int, module: str) -> str:
    lines = []
    for index, kind in enumerate(_KINDS):
        lines.append(f"[kplug.{kind}]")
        for part in range(COMPONENTS // len(_KINDS)):
            lines.append(f"component_{number:03d}_{index}_{part} = {module}:thing_{index}_{part}")
    return "\n".join(lines) + "\n"
