"""`SiteSigner`: reads a site's last signature, and makes the metadata of the next."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tuf.api.metadata import (
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization import DeserializationError

from kplug_registry.errors import TrustError
from kplug_registry.site_format import FORMAT, RECALLS
from kplug_registry.trust.keys import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    SigningKeys,
    sign_metadata,
)
from kplug_registry.trust.metadata_paths import (
    FORMAT_FIELD,
    LATEST,
    RECALLS_FIELD,
    content_path,
    metadata_path,
    write_latest,
)
from kplug_registry.trust.signing_lifetimes import Lifetimes

Read = Callable[[str], bytes | None]
_SIGNED = TypeVar("_SIGNED", Root, Timestamp, Snapshot, Targets)
_FILES_A_BIN, _FEWEST_BITS, _MOST_BITS = 200, 4, 14
_SIGN_ALL = "`kplug trust sign SITE --keys FOLDER` signs all of it."


@dataclass
class Signing:
    """The metadata of a new signature.

    Args:
        copies: The files to copy first: new paths by hash, and the paths of the signed files.
        files: The files to write, by path and in this order, as clients begin with the last ones.
        obsolete: The files that the new state lacks. Clients may still read an older one.
    """

    copies: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    obsolete: list[str] = field(default_factory=list)


class SiteSigner:
    """Signs a site once.

    Args:
        read: Returns the file at a path of the site, or None.
        keys: The available private keys.
        lifetimes: How long the metadata is valid.

    Raises:
        TrustError: if the site has no root, or its metadata cannot be read.
    """

    def __init__(self, read: Read, keys: SigningKeys, lifetimes: Lifetimes) -> None:
        self._read, self._keys, self._lifetimes = read, keys, lifetimes
        self._signing = Signing()
        root = self._load(metadata_path(ROOT), Root)
        if root is None:
            raise TrustError(
                "the site has no root, which says whose signatures count",
                hint="`kplug trust init SITE --keys FOLDER` makes one.",
            )
        self._root = root
        self._previous: dict[str, Signed] = {}  # the last of each role
        self._versions = self._read_versions()

    def delegate(self, files: int) -> SuccinctRoles:
        """Sign the delegation of that many files to bins, and return it."""
        bits = math.ceil(math.log2(max(files / _FILES_A_BIN, 1)))
        bits = min(max(bits, _FEWEST_BITS), _MOST_BITS)
        role = self._root.roles[TARGETS]
        bins = SuccinctRoles(list(role.keyids), role.threshold, bits, f"bin-{2**bits}")
        keys = {key_id: self._root.keys[key_id] for key_id in role.keyids}
        delegations = Delegations(keys, succinct_roles=bins)
        fields: dict[str, Any] = {FORMAT_FIELD: FORMAT}
        if (recalls := self._read(RECALLS)) is not None:
            fields[RECALLS_FIELD] = json.loads(recalls)
        with suppress(TrustError):  # signing all replaces what cannot be read
            self._load_targets()
        self._add(TARGETS, Targets(delegations=delegations, unrecognized_fields=fields), TARGETS)
        return bins

    def replace_recalls(self, recalls: bytes) -> None:
        """Sign another list of recalls, which is a part of targets."""
        before = self._load_targets()
        assert before is not None  # noqa: S101 - `find_bins` found it
        fields = {**before.unrecognized_fields, RECALLS_FIELD: json.loads(recalls)}
        after = Targets(delegations=before.delegations, unrecognized_fields=fields)
        self._add(TARGETS, after, TARGETS)

    def find_bins(self) -> SuccinctRoles:
        """Return the signed delegation to bins.

        Raises:
            TrustError: if there is none, or it was signed for other keys.
        """
        targets = self._load_targets()
        bins = targets.delegations.succinct_roles if targets and targets.delegations else None
        if bins is None:
            raise TrustError("the site was never signed as a whole", hint=_SIGN_ALL)
        role = self._root.roles[TARGETS]
        if (set(bins.keyids), bins.threshold) != (set(role.keyids), role.threshold):
            raise TrustError(
                "the keys of the role 'targets' have changed since the site was signed",
                hint=_SIGN_ALL,
            )
        return bins

    def replace_file(self, before: TargetFile | None, after: TargetFile | None) -> None:
        """Copy a file of a bin to the name with its hash, and mark the one before as obsolete."""
        old, new = (
            None if one is None else content_path(one.path, one.hashes["sha256"])
            for one in (before, after)
        )
        if new is not None and after is not None:
            self._signing.copies[new] = after.path
        if old is not None and old != new:
            self._signing.obsolete.append(old)

    def read_bin(self, name: str) -> dict[str, TargetFile]:
        """Return the content of a bin."""
        path = metadata_path(name, self._versions[name])
        found = self._load(path, Targets)
        if found is None:
            raise TrustError(f"{path} is missing in the site", hint=_SIGN_ALL)
        return dict(found.targets)

    def add_bin(self, name: str, content: Mapping[str, TargetFile]) -> None:
        """Sign the new content of a bin."""
        self._add(name, Targets(targets=dict(sorted(content.items()))), TARGETS)

    def add_snapshot(self) -> None:
        """Sign the snapshot; names never disappear from it, or clients would refuse the site."""
        names = self._versions.keys() - {SNAPSHOT, TIMESTAMP}
        meta = {f"{name}.json": MetaFile(self._versions[name]) for name in sorted(names)}
        self._add(SNAPSHOT, Snapshot(meta=meta), SNAPSHOT)

    def finish(self) -> Signing:
        """Sign the timestamp, and return everything."""
        snapshot_path, snapshot = self._get_current(SNAPSHOT)
        version = self._versions[SNAPSHOT]
        timestamp = Timestamp(
            version=self._versions[TIMESTAMP] + 1,
            snapshot_meta=MetaFile.from_data(version, snapshot, ["sha256"]),
        )
        path, data = metadata_path(TIMESTAMP), self._sign(timestamp, TIMESTAMP)
        latest = dict([(snapshot_path, snapshot), self._get_current(TARGETS), (path, data)])
        root_path = metadata_path(ROOT, self._root.version)
        latest[root_path] = self._read(root_path) or b""
        self._signing.files[path] = data
        self._signing.files[LATEST] = write_latest(self._root.version, latest)
        return self._signing

    def _load_targets(self) -> Targets | None:
        targets = self._load(metadata_path(TARGETS, self._versions[TARGETS]), Targets)
        if targets is not None:
            self._previous[TARGETS] = targets
        return targets

    def _read_versions(self) -> dict[str, int]:
        versions = dict.fromkeys((TARGETS, SNAPSHOT, TIMESTAMP), 0)
        timestamp = self._load(metadata_path(TIMESTAMP), Timestamp)
        if timestamp is None:
            return versions
        versions[TIMESTAMP] = timestamp.version
        versions[SNAPSHOT] = timestamp.snapshot_meta.version
        path = metadata_path(SNAPSHOT, versions[SNAPSHOT])
        snapshot = self._load(path, Snapshot)
        if snapshot is None:
            raise TrustError(
                f"{path} is missing in the site",
                hint="Restore it: a new one would be older than what clients have seen.",
            )
        self._previous |= {TIMESTAMP: timestamp, SNAPSHOT: snapshot}
        files = snapshot.meta.items()
        return versions | {name.removesuffix(".json"): file.version for name, file in files}

    def _get_current(self, role: str) -> tuple[str, bytes]:
        """Return the path of a role's newest file, and the file."""
        path = metadata_path(role, self._versions[role])
        data = self._signing.files.get(path) or self._read(path)
        if data is None:
            raise TrustError(f"{path} is missing in the site", hint=_SIGN_ALL)
        return path, data

    def _add(self, name: str, signed: Snapshot | Targets, role: str) -> None:
        previous = self._versions.get(name, 0)
        signed.version = self._versions[name] = previous + 1
        self._signing.files[metadata_path(name, signed.version)] = self._sign(signed, role)
        if previous:
            self._signing.obsolete.append(metadata_path(name, previous))

    def _sign(self, signed: Timestamp | Snapshot | Targets, role: str) -> bytes:
        self._lifetimes.set_expiry(signed, self._previous.get(role))
        of = self._root.roles[role]
        metadata: Metadata[Any] = Metadata(signed)
        for signer in self._keys.choose(role, of.keyids, of.threshold):
            sign_metadata(metadata, signer)
        return metadata.to_bytes()

    def _load(self, path: str, of: type[_SIGNED]) -> _SIGNED | None:
        data = self._read(path)
        if data is None:
            return None
        try:
            signed = Metadata[_SIGNED].from_bytes(data).signed
        except DeserializationError as error:
            raise TrustError(f"{path} of the site cannot be read", hint=_SIGN_ALL) from error
        if not isinstance(signed, of):
            raise TrustError(f"{path} of the site is metadata of another role", hint=_SIGN_ALL)
        return signed
