"""Distributions made of metadata files, installed for the length of one test."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import importlib_metadata
import pytest

from kplug.registry import REGISTRY, Kind
from kplug.registry.building import resolution
from kplug.registry.candidates import scopes
from kplug.registry.loading import running_builds
from kplug.registry.loading.distribution_hash import digest_of
from kplug.registry.policy import notice_files, reading

EntryPoints = Mapping[str, Mapping[str, str]]


class Sandbox:
    """A folder on the search path; only the distributions in it are installed, as kplug sees it.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._modules_before = dict(sys.modules)
        self._moment = 0

    def __call__(
        self,
        name: str,
        version: str = "1.0",
        *,
        entry_points: EntryPoints | str = "",
        modules: Mapping[str, str] | None = None,
        requires: Sequence[str] = (),
        classifiers: Sequence[str] = (),
    ) -> None:
        """Install a distribution.

        Args:
            name: Its name.
            version: Its version.
            entry_points: For each group, name and value; or the text of ``entry_points.txt``.
            modules: Source text by file, such as ``package/__init__.py``.
            requires: What it depends on.
            classifiers: Its Trove classifiers.
        """
        info = self.info(name, version)
        info.mkdir()
        header = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        header += "".join(f"Requires-Dist: {line}\n" for line in requires)
        header += "".join(f"Classifier: {line}\n" for line in classifiers)
        (info / "METADATA").write_text(f"{header}\nA description.\n")
        (info / "entry_points.txt").write_text(_as_text(entry_points))
        for file, source in (modules or {}).items():
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        self._record(info, modules or {})
        self.changed()

    def copy(self, tree: Path) -> None:
        """Install a source tree: a folder with ``METADATA``, ``entry_points.txt`` and modules."""
        metadata = dict(
            line.split(": ", 1) for line in (tree / "METADATA").read_text().splitlines() if line
        )
        info = self.info(metadata["Name"], metadata["Version"])
        info.mkdir()
        for path in sorted(tree.iterdir()):
            home = info if path.name in ("METADATA", "entry_points.txt") else self.folder
            shutil.copy(path, home / path.name)
        self._record(info, [path.name for path in tree.glob("*.py")])
        self.changed()

    def expose(self, name: str) -> None:
        """Let a distribution be seen that is installed outside."""
        found = importlib_metadata.distribution(name)
        self(
            name,
            found.version,
            entry_points=found.read_text("entry_points.txt") or "",
            requires=found.requires or (),
        )
        for file in ("RECORD", "direct_url.json"):
            (self.info(name, found.version) / file).write_text(found.read_text(file) or "")

    def _record(self, info: Path, files: Iterable[str]) -> None:
        lines = [f"{file},," for file in (*files, f"{info.name}/METADATA")]
        (info / "RECORD").write_text("\n".join(lines))

    def record(self, name: str, version: str = "1.0") -> Path:
        """Write the hashes of a distribution's files into its ``RECORD``, as installers do."""
        record = self.info(name, version) / "RECORD"
        files = [line.partition(",")[0] for line in record.read_text().splitlines()]
        code = [file for file in files if ".dist-info/" not in file]
        lines = [f"{f},sha256={digest_of((self.folder / f).read_bytes())},1" for f in code]
        record.write_text("\n".join(lines))
        return record

    def uninstall(self, name: str, version: str = "1.0") -> None:
        shutil.rmtree(self.info(name, version))
        self.changed()

    def info(self, name: str, version: str) -> Path:
        return self.folder / f"{name.replace('-', '_')}-{version}.dist-info"

    def changed(self) -> None:
        """Move the folder's time on, as time does between two installations, and look again."""
        self._moment = max(self._moment, self.folder.stat().st_mtime_ns) + 10_000_000
        os.utime(self.folder, ns=(self._moment, self._moment))
        REGISTRY.reload()

    def problems(self, name: str) -> list[str]:
        """Return what is wrong with a distribution."""
        found = REGISTRY.problems()
        return [problem.message for problem in found if problem.origin.distribution == name]

    def imported(self) -> set[str]:
        """Return the modules of this folder that have been imported."""
        if not any(self.folder.iterdir()):  # there are thousands of modules
            return set()
        prefix, before = str(self.folder), self._modules_before
        return {
            name
            for name, module in list(sys.modules.items())
            if module is not before.get(name)
            and str(getattr(module, "__file__", "")).startswith(prefix)
        }


def write_notices(file: Path, number: int = 1, **topics: Mapping[str, str]) -> bytes:
    """Write a list of notices, each a requirement with its reason, and return its bytes."""
    since = "2026-04-01T12:00:00Z"
    rows = {
        topic: [
            {
                "distribution": (parts := re.split(r"(?=[<>=!~])", requirement, maxsplit=1))[0],
                "versions": parts[1],
                "reason": reason,
                "since": since,
            }
            for requirement, reason in topics.get(topic, {}).items()
        ]
        for topic in ("recalls", "advisories")
    }
    data = json.dumps({"format": 1, "number": number, "date": since, **rows}).encode()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return data


def _as_text(entry_points: EntryPoints | str) -> str:
    if isinstance(entry_points, str):
        return entry_points
    lines: list[str] = []
    for group, entries in entry_points.items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    return "\n".join(lines) + "\n"


def _adapt_without_torch(adapter: Callable[[Kind], Any], kind: Kind) -> Any:
    return (lambda made: made) if kind.origin.is_built_in else adapter(kind)


@pytest.fixture(autouse=True)
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Install distributions; none but these are seen, and no setting but the test's own."""
    sandbox = Sandbox(tmp_path / "site")
    everything: Callable[..., Any] = importlib_metadata.distributions
    monkeypatch.setattr(
        importlib_metadata,
        "distributions",
        lambda **options: everything(**{"path": [str(sandbox.folder)], **options}),
    )
    monkeypatch.syspath_prepend(str(sandbox.folder))
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("KPLUG_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setattr(running_builds, "_IMPORTED", {})
    monkeypatch.setattr(running_builds, "_MODULES", {})
    monkeypatch.setattr(running_builds, "_OWNERS", {})
    monkeypatch.setattr(reading, "SYSTEM_FILE", tmp_path / "etc" / "kplug.toml")
    monkeypatch.setattr(notice_files, "find_folder", lambda _environ: tmp_path / "recalls")
    if importlib.util.find_spec("torch") is None:  # then no kind of kplug's own has its adapter
        monkeypatch.setattr(
            resolution, "_adapter", partial(_adapt_without_torch, resolution._adapter)
        )
    REGISTRY._prefer = ()
    REGISTRY.reload()
    yield sandbox
    for name in sandbox.imported():
        del sys.modules[name]
    monkeypatch.setattr(scopes, "_REGISTERED", {})
    monkeypatch.undo()
    scopes._REGISTERED = {}
    REGISTRY._prefer = ()
    REGISTRY.reload()
