"""Compares the running code with the files that its distribution's hash covers."""

from __future__ import annotations

import importlib.util
import sys
import zipimport
from collections.abc import Iterable, Iterator
from importlib.machinery import ExtensionFileLoader, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from kplug.registry.loading.distribution_hash import Code, ListedFile, digest_of, read_state
from kplug.registry.loading.source_comparison import Outline, find_difference, read_outline

_LOADERS = (SourceFileLoader, ExtensionFileLoader, zipimport.zipimporter)


class _Read(NamedTuple):
    """The file of a module as of the first check.

    Args:
        spec: The module's import spec; ``importlib.reload`` makes another.
        digest: The digest of the file.
        outline: The bindings of the source; None for a compiled module.
    """

    spec: Any
    digest: str
    outline: Outline | None


# Survives every reload of the registry, as the file may have been replaced since.
_READ: dict[str, _Read] = {}
# The digests of data files, with what changes when one is written.
_DATA: dict[str, tuple[tuple[int, ...], str]] = {}


def find_doubt(code: Code, modules: Iterable[str]) -> str:
    """Return why modules of this process may differ from the code of a hash, as a sentence.

    Args:
        code: The code that the hash covers.
        modules: Names of the modules; unloaded ones are skipped.

    Returns:
        The sentence, without its full stop; empty if there is no doubt.
    """
    loaded = [(name, sys.modules[name]) for name in sorted(modules) if name in sys.modules]
    doubts = (_find_doubt_about(name, module, code.files.get(name, [])) for name, module in loaded)
    return next(filter(None, doubts), "")


def find_doubt_of_files(code: Code) -> str:
    """Return why an import may get other code than that of a hash; empty if there is no doubt."""
    for name, _, _ in find_shadows(code):
        return f"{name!r} is imported from another place than the one that it is installed in"
    for name, _ in find_changed(code):
        return f"the file of {name!r} is not as it was installed"
    return ""


def find_doubt_of_data(code: Code) -> str:
    """Return which data file is not the installed one, as a sentence; empty if all that are there are."""
    path = next(find_changed_data(code), None)
    place = path and str(Path(path).relative_to(code.root))
    return f"the file {place!r} is not as it was installed" if place else ""


def find_changed_data(code: Code) -> Iterator[str]:
    """Yield the data files that differ from the ``RECORD``; each is read again when it was written."""
    yield from (path for path, digest in code.data if _is_other_data(path, digest))


def _is_other_data(path: str, digest: str) -> bool:
    try:
        state = read_state(Path(path))
    except OSError:  # what is gone changes no numbers in silence
        return False
    known = _DATA.get(path)
    if known is None or known[0] != state:
        known = _DATA[path] = state, _read_digest(path)
    return known[1] != digest


def find_shadows(code: Code) -> Iterator[tuple[str, str, str]]:
    """Yield the modules and packages that another place on the search path shadows, with both places.

    Imports nothing.
    """
    for name in sorted({name.partition(".")[0] for name in code.files}):
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError, AttributeError):  # a module in memory has none
            continue
        if spec is None:  # its folder is not searched
            continue
        listed = code.files.get(name)
        if listed is None:  # a namespace package has no file of its own
            folder = _find_top(name, code)
            found = list(spec.submodule_search_locations or [spec.origin or ""])
            if not any(_is_one_file(each, folder) for each in found):
                yield name, found[0], folder
        elif not any(_is_one_file(spec.origin, file.path) for file in listed):
            yield name, str(spec.origin), listed[0].path


def _find_top(package: str, code: Code) -> str:
    """Return the folder of a namespace package, from the file of a module in it."""
    module, files = next(each for each in code.files.items() if each[0].startswith(f"{package}."))
    path = Path(files[0].path)
    is_package = path.stem == "__init__"
    return str(path.parents[module.count(".") - (not is_package)])


def find_changed(code: Code) -> Iterator[tuple[str, str]]:
    """Yield the modules whose file differs from the distribution's ``RECORD``, each with the file."""
    for name, files in code.files.items():
        for file in files:
            if _read_digest(file.path) != file.digest:
                yield name, file.path


def _find_doubt_about(name: str, module: ModuleType, files: list[ListedFile]) -> str:
    if not files:
        return f"no hash covers the file of {name!r}"
    spec: Any = getattr(module, "__spec__", None)
    known = _READ.get(name)
    if known is None or known.spec is not spec:
        if not any(_is_one_file(getattr(spec, "origin", None), file.path) for file in files):
            return f"{name!r} was imported from another place than the one that it is installed in"
        if type(spec.loader) not in _LOADERS:
            return f"{name!r} was imported by {type(spec.loader).__name__}, which may change code"
        known = _READ[name] = _read_module(spec)
    if all(file.digest != known.digest for file in files):
        return f"the file of {name!r} is not as it was installed"
    different = None if known.outline is None else find_difference(module, known.outline)
    return "" if different is None else f"{different!r} is not what its file says"


def _read_module(spec: Any) -> _Read:
    try:
        content = _read(spec.origin)
    except (OSError, ImportError):
        return _Read(spec, "", None)
    is_source = type(spec.loader) is not ExtensionFileLoader
    try:
        outline = read_outline(content, spec.origin) if is_source else None
    except (SyntaxError, ValueError):  # it has been written since it was imported
        return _Read(spec, "", None)
    return _Read(spec, digest_of(content), outline)


def _read_digest(path: str) -> str:
    try:
        return digest_of(_read(path))
    except (OSError, ImportError):
        return ""


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except NotADirectoryError:  # in an archive
        return zipimport.zipimporter(str(Path(path).parent)).get_data(path)


def _is_one_file(one: str | None, other: str) -> bool:
    try:
        return one is not None and (one == other or Path(one).samefile(other))
    except OSError:
        return False
