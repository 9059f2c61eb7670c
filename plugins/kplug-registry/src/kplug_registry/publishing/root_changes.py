"""Gives a site another root, with the signatures that have to change with it."""

from __future__ import annotations

from contextlib import suppress

from tuf.api.metadata import Metadata, Root

from kplug_registry.publishing.transactions import commit
from kplug_registry.storage import SiteStorage, Turn
from kplug_registry.trust.keys import ROLES, ROOT, SigningKeys
from kplug_registry.trust.metadata_paths import LATEST, metadata_path, read_latest, write_latest
from kplug_registry.trust.obsolete_files import keep_obsolete
from kplug_registry.trust.roots import lay_out_root
from kplug_registry.trust.signing import copy_targets, sign_all


def change_root(site: SiteStorage, turn: Turn, root: bytes, keys: SigningKeys) -> None:
    """Write a root; if it names other keys for the rest, sign all of the site with them.

    All of it counts from one moment on. If only the root's own keys or its expiry change, no other key is
    needed.

    Args:
        site: The storage of the site.
        turn: The turn of this writer.
        root: The signed root.
        keys: The available private keys.

    Raises:
        TrustError: if keys of another role are needed and missing; nothing was written.
    """
    files: dict[str, bytes | None] = dict(lay_out_root(root))
    latest = site.read(LATEST)
    if latest is not None and _list_keys(site.read(metadata_path(ROOT))) == _list_keys(root):
        with suppress(ValueError):  # clients do without a file that cannot be read
            files[LATEST] = _replace_root(latest, root)
    elif latest is not None:
        signing = sign_all(
            lambda path: files.get(path) or site.read(path), copy_targets(site, turn.check), keys
        )
        files |= signing.files  # clients read the last of them first
        files |= keep_obsolete(site, signing)
    commit(site, turn, files, {})


def _list_keys(root: bytes | None) -> dict[str, set[str]]:
    """Return the keys of each role that signs with every publish."""
    roles = Metadata[Root].from_bytes(root).signed.roles if root is not None else {}
    return {name: set(roles[name].keyids) for name in ROLES if name != ROOT and name in roles}


def _replace_root(latest: bytes, root: bytes) -> bytes:
    """Return what every look-up begins with, with another root."""
    version, files = read_latest(latest)
    files.pop(metadata_path(ROOT, version), None)
    new = Metadata[Root].from_bytes(root).signed.version
    return write_latest(new, {**files, metadata_path(ROOT, new): root})
