"""Hashes the code of an installed distribution, to tell apart builds of one version."""

from __future__ import annotations

import csv
import functools
import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.machinery import all_suffixes
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import importlib_metadata

from kplug.registry.loading.module_ownership import name_module
from kplug.registry.metadata import path_of_url

# Files that installers write, which differ between installations of one wheel.
_OF_INSTALLER = frozenset(
    {"INSTALLER", "REQUESTED", "direct_url.json", "provenance_url.json", "uv_cache.json"}
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A snapshot of a file of a package.

    Args:
        name: Its package and its place in it.
        path: Its path.
        state: Its state, which changes when it is written.
        module: Its module; empty for a data file.
    """

    name: str
    path: Path
    state: tuple[int, ...]
    module: str

    def is_unchanged(self) -> bool:
        """Whether the file has not changed since."""
        return read_state(self.path) == self.state


class ListedFile(NamedTuple):
    """A file, as its distribution lists it.

    Args:
        path: Its path.
        digest: The SHA-256 of its content as a ``RECORD`` has it; empty where none is stated.
    """

    path: str
    digest: str


@dataclass(frozen=True)
class Code:
    """The input of a distribution's hash, which is cheap to collect and needs no OpenSSL.

    Args:
        record: The text of its ``RECORD``.
        sources: The files of an editable install; None for any other.
        root: The folder that the paths of the ``RECORD`` begin in.
    """

    record: str
    sources: tuple[SourceFile, ...] | None = None
    root: str = field(default="", compare=False)

    @functools.cached_property
    def hash(self) -> str | None:
        """See ``hash_distribution``; None also where a source file has changed since it was noted."""
        return hash_code(self.record) if self.sources is None else self._read_sources[0]

    @functools.cached_property
    def files(self) -> Mapping[str, list[ListedFile]]:
        """The files of each module that the hash covers: one may have a source and a compiled one."""
        if self.sources is not None:
            return self._read_sources[1]
        found: dict[str, list[ListedFile]] = {}
        suffixes = tuple(all_suffixes())  # most of torch's files are not Python
        for path, digest in _list_record(self.record):
            name = name_module(PurePosixPath(path)) if path.endswith(suffixes) else None
            if name is not None:
                file = ListedFile(str(Path(self.root, path)), digest.removeprefix("sha256="))
                found.setdefault(name, []).append(file)
        return found

    @functools.cached_property
    def data(self) -> list[ListedFile]:
        """The data files that a ``RECORD`` lists with the usual hash; none of an editable install."""
        if self.sources is not None:
            return []
        suffixes = tuple(all_suffixes())
        return [
            ListedFile(str(Path(self.root, path)), digest.removeprefix("sha256="))
            for path, digest in _list_record(self.record)
            if not path.endswith(suffixes) and digest.startswith("sha256=")
        ]

    @functools.cached_property
    def _read_sources(self) -> tuple[str | None, dict[str, list[ListedFile]]]:
        sources = self.sources or ()
        read = {file.name: file.path.read_bytes() for file in sources}
        if not all(file.is_unchanged() for file in sources):
            return None, {}
        files = {
            file.module: [ListedFile(str(file.path), digest_of(read[file.name]))]
            for file in sources
            if file.module
        }
        return hash_code(self.record, read), files


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a file's content, as a ``RECORD`` has it."""
    import base64  # not needed for a look-up
    import hashlib

    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def hash_code(record: str, sources: Mapping[str, bytes] | None = None) -> str | None:
    r"""Return the hash that tells two builds of one version of a distribution apart.

    It is the hash of the sorted lines ``path,digest``, which `kplug env --json` shows for installed
    distributions, and which a list of plugins may name.

    Args:
        record: The text of ``RECORD``, from a wheel or an installation: files that installers add do not
            count.
        sources: The files of an editable install, whose ``RECORD`` does not list the code: those of the
            packages that its entry points name, data files too, each as ``package/place.py``.

    Returns:
        ``sha256:…``, or ``editable-sha256:…`` with sources; None if there is nothing to hash.

    Example:
        >>> hash_code("waves.py,sha256=Xk4,9\nwaves-1.0.dist-info/RECORD,,\n")[:20]
        'sha256:0df4db51d3381'
        >>> hash_code("", {"waves/waves.py": b"height = 1"})[:20]
        'editable-sha256:0a46'
    """
    import hashlib  # importing OpenSSL takes longer than the rest of the first look-up

    lines = [f"{path},{digest}" for path, digest in _list_record(record)]
    if sources is not None:
        lines = [f"{name},{hashlib.sha256(data).hexdigest()}" for name, data in sources.items()]
    digest = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest() if lines else None
    return digest and f"{'editable-' * (sources is not None)}sha256:{digest}"


def read_code(distribution: importlib_metadata.Distribution) -> Code:
    """Collect the input of a distribution's hash."""
    project = _find_project(distribution)
    sources = None if project is None else tuple(_list_sources(distribution, project))
    record = distribution.read_text("RECORD") or ""
    return Code(record, sources, str(distribution.locate_file("")))


def hash_distribution(distribution: importlib_metadata.Distribution) -> str | None:
    """Return a hash of a distribution's files, which is the same for a wheel on every machine.

    Args:
        distribution: The distribution.

    Returns:
        ``sha256:…`` of the hashes in its ``RECORD``, without files that the installer adds. The
        ``RECORD`` of an editable install does not list the code: ``editable-sha256:…`` is the hash of
        the files of the packages that its entry points name, data files too, which a commit and an
        uncommitted change both alter. None if there is nothing to hash.
    """
    return read_code(distribution).hash


def _list_record(record: str) -> Iterator[tuple[str, str]]:
    for path, digest, *_ in (row for row in csv.reader(record.splitlines()) if len(row) > 1):
        if digest and not _is_local(path):
            yield path, digest


def _is_local(path: str) -> bool:
    # Scripts lie outside the search folder, and their shebang names the interpreter.
    is_outside = path.startswith("..") or Path(path).is_absolute()
    return is_outside or path.endswith(".pyc") or path.rpartition("/")[2] in _OF_INSTALLER


def _find_project(distribution: importlib_metadata.Distribution) -> Path | None:
    """Return the folder that an editable install points to, None for any other install."""
    try:
        facts = json.loads(distribution.read_text("direct_url.json") or "{}")
        if facts["dir_info"]["editable"] is True:
            return path_of_url(facts["url"]).resolve()
    except (ValueError, LookupError, TypeError, AttributeError):  # the file may hold anything
        pass
    return None


def _list_sources(
    distribution: importlib_metadata.Distribution, project: Path
) -> Iterator[SourceFile]:
    for name in {entry.module.partition(".")[0] for entry in distribution.entry_points}:
        for place, path, module in _find_files(name):
            if path.resolve().is_relative_to(project):  # wrappers name modules of others
                yield SourceFile(place, path, read_state(path), module)


def read_state(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is written."""
    status = path.stat()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _find_files(package: str) -> Iterator[tuple[str, Path, str]]:
    """Yield the files of a package or module, with place and module name; imports nothing."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return
    if spec.submodule_search_locations is None and spec.origin:
        yield f"{package}/{Path(spec.origin).name}", Path(spec.origin), package
    for folder in map(Path, spec.submodule_search_locations or ()):
        for path in folder.rglob("*"):
            place = f"{package}/{path.relative_to(folder).as_posix()}"
            if path.suffix == ".py":
                yield place, path, name_module(PurePosixPath(place)) or place
            # Other processes write bytecode, first under a temporary name: it is no data of the package.
            elif not any(part in place for part in ("/__pycache__/", "/.")) and path.is_file():
                yield place, path, ""
