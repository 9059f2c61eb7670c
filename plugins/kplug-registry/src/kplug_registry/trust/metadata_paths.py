"""Paths of TUF's metadata in a site."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kplug_registry.site_format import RECALLS

if TYPE_CHECKING:
    from kplug_registry.storage import SiteStorage

METADATA = "metadata"
_CONTENTS = "targets"
# Fields of targets, which a client has before it reads any file of the site.
FORMAT_FIELD = "kplug_format"
RECALLS_FIELD = "kplug_recalls"
_SIGNED = ("components", "dependents", "distributions", "prefixes", "releases", "search")
LATEST = f"{METADATA}/latest.json"


def metadata_path(role: str, version: int | None = None) -> str:
    """Return the path of a role's metadata; without a version, the path that is overwritten.

    Example:
        >>> metadata_path("snapshot", 3), metadata_path("timestamp")
        ('metadata/3.snapshot.json', 'metadata/timestamp.json')
    """
    return f"{METADATA}/{role}.json" if version is None else f"{METADATA}/{version}.{role}.json"


def is_target(path: str) -> bool:
    """Whether a file of a site is signed.

    Example:
        >>> is_target("components/loss/huber.json"), is_target("files/a-1-py3-none-any.whl")
        (True, False)
    """
    return path in ("registry.json", RECALLS) or path.partition("/")[0] in _SIGNED


def content_path(path: str, digest: str) -> str:
    """Return the path of a signed file under the hash of its content, as TUF names targets.

    Example:
        >>> content_path("components/loss/huber.json", "5e88")
        'targets/components/loss/5e88.huber.json'
    """
    folder, slash, name = path.rpartition("/")
    return f"{_CONTENTS}/{folder}{slash}{digest}.{name}"


def split_content_path(path: str) -> tuple[str, str]:
    """Return the path and the hash of which `content_path` made a path; no hash if it is another.

    Example:
        >>> split_content_path("targets/components/loss/5e88.huber.json")
        ('components/loss/huber.json', '5e88')
        >>> split_content_path("metadata/3.snapshot.json")
        ('metadata/3.snapshot.json', '')
    """
    folder, slash, name = path.rpartition("/")
    if path.partition("/")[0] != _CONTENTS:
        return path, ""
    digest, _, name = name.partition(".")
    return f"{folder}{slash}{name}".removeprefix(f"{_CONTENTS}/"), digest


def is_copied(path: str) -> bool:
    """Whether a signed file is worth a copy for times without a network: all but those of single versions.

    Example:
        >>> is_copied("search/wave.json"), is_copied("releases/kplug-waves/1.0.json")
        (True, False)
    """
    return not path.startswith("releases/")


def list_targets(site: SiteStorage) -> list[str]:
    """Return the paths of a site's signed files, which cover wheels by their hashes."""
    paths = [path for name in _SIGNED for path in site.list(name) if path.endswith(".json")]
    return sorted(["registry.json", *paths])


def write_latest(root_version: int, files: Mapping[str, bytes]) -> bytes:
    """Return the file that bundles the metadata of every look-up for one request.

    It needs no signature, as each file in it is signed.

    Args:
        root_version: The version of the newest root.
        files: Files of the metadata by their paths.
    """
    texts = {path: data.decode("utf-8") for path, data in sorted(files.items())}
    return json.dumps({"root": root_version, "files": texts}, separators=(",", ":")).encode()


def read_latest(data: bytes) -> tuple[int, dict[str, bytes]]:
    """Return the version of the newest root, and the files by path.

    Raises:
        ValueError: for anything else.
    """
    try:
        found = json.loads(data)
        files = {str(path): text.encode("utf-8") for path, text in found["files"].items()}
        return int(found["root"]), files
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{LATEST} has another form") from error
