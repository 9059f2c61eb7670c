"""Finds files of plugins that were replaced, edited or hidden since installation."""

from __future__ import annotations

import csv
import functools
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import importlib_metadata

from kplug.registry import REGISTRY
from kplug.registry.component import BUILT_IN
from kplug.registry.finding import Finding
from kplug.registry.loading.code_verification import find_changed, find_changed_data, find_shadows
from kplug.registry.loading.distribution_hash import Code, read_code
from kplug.registry.loading.module_ownership import find_distribution
from kplug.registry.names.install_programs import find_install_program


def find_other_files() -> Iterator[Finding]:
    """Yield the files of plugins that differ from their hash; imports nothing."""
    codes = dict(_read_codes())
    reinstall = functools.cache(_get_reinstallation)  # plugins are asked once for each distribution
    yield from _find_overlaps(codes, reinstall)
    for name, code in codes.items():
        for module, used, installed in find_shadows(code):
            message = f"{module!r} is imported from {used}, which hides {installed}"
            command = f"mv {shlex.quote(used)} {shlex.quote(used + '.hidden')}"
            yield Finding("shadowed", name, message, command)
        for module, path in find_changed(code):
            if Path(path).exists():
                message = f"{path} is not as it was installed, so no hash says what {module!r} is"
                command = reinstall(name)
                yield Finding("changed", name, message, command, is_broken=False)
        for path in find_changed_data(code):
            message = f"{path} is not as it was installed, so {name} has no hash"
            command = reinstall(name)
            yield Finding("changed", name, message, command, is_broken=False)


def _get_reinstallation(name: str) -> str:
    """Return the command that installs a plugin anew."""
    if find_install_program(name) == "pip":
        return f"pip install --force-reinstall {name}"
    version = REGISTRY.state.discovery.by_name[name].origin.version
    return f"kplug install {name}=={version} -- --force-reinstall --no-deps"


def _read_codes() -> Iterator[tuple[str, Code]]:
    for name in sorted(REGISTRY.state.discovery.by_name):
        if name not in BUILT_IN:
            try:
                code = read_code(find_distribution(name))
                code.files  # noqa: B018 - it is read here
            except Exception:  # noqa: BLE001, S112 - an invalid RECORD
                continue
            yield name, code


def _find_overlaps(codes: dict[str, Code], reinstall: Callable[[str], str]) -> Iterator[Finding]:
    owners: dict[str, list[str]] = {}
    for name, code in codes.items():
        for path in (file.path for files in code.files.values() for file in files):
            owners.setdefault(path, []).append(name)
    overlaps = {
        (name, other, path)
        for distribution in importlib_metadata.distributions()
        for other, path in _list_files(distribution)
        for name in owners.get(path, ())
        if name != other
    }
    for name, other, path in sorted(overlaps):
        message = f"{path} is a file of {other}, too: whichever was installed last has written it"
        command = f"pip uninstall {other} && {reinstall(name)}"
        yield Finding("overlapping", name, message, command, is_broken=False)


def _list_files(distribution: Any) -> Iterator[tuple[str, str]]:
    try:
        name, root = distribution._normalized_name.replace("_", "-"), distribution.locate_file("")
        for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
            if row and row[0].endswith(".py"):
                yield name, f"{root}/{row[0]}"
    except Exception:  # noqa: BLE001 - an invalid RECORD
        return
