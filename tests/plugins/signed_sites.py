"""A signed site in a folder, and what a client sees of it: for tests of kplug-registry."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from kplug_registry.site_format import (
    ComponentEntry,
    ComponentFile,
    DistributionFile,
    Offer,
    PrefixFile,
    Release,
    ReleaseFile,
    SearchFile,
    SearchHit,
    SiteFile,
    WheelFile,
    component_path,
    distribution_path,
    from_json,
    list_prefixes,
    prefix_path,
    release_path,
    search_path,
    search_words,
    to_json,
    wheel_path,
)
from kplug_registry.storage import Folder
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.keys import SigningKeys, generate_keys, read_keys
from kplug_registry.trust.metadata_paths import content_path
from kplug_registry.trust.roots import get_fingerprint, lay_out_root, make_root
from kplug_registry.trust.signing import (
    sign_changes,
    sign_site,
    write_file,
    write_signing,
)
from kplug_registry.trust.signing_lifetimes import USUAL, Lifetimes
from kplug_registry.trust.verified_site import VerifiedSite

import kplug
from kplug import lookup_key

Noun = TypeVar("Noun")
DICE = "components/loss/dice.json"


@dataclass
class SignedFolder:
    """A site, its keys, and the place of a client's copy."""

    site: Path
    keys: SigningKeys
    root: bytes
    copy: Path

    def client(
        self, address: str = "", root: bytes | str = "", fetcher: SiteFetcher | None = None
    ) -> VerifiedSite:
        """Return a client with what it has seen before."""
        return VerifiedSite(
            address or self.site.as_uri(),
            self.copy,
            root or get_fingerprint(self.root),
            fetcher,
        )

    def find_content(self, path: str) -> Path:
        """Return what clients read as a file: the copy that has its hash in its name."""
        digest = sha256((self.site / path).read_bytes()).hexdigest()
        return self.site / content_path(path, digest)

    def write(self, path: str, data: bytes) -> None:
        """Write a file without signing it."""
        write_file(self.site / path, data)

    def sign(self, lifetimes: Lifetimes = USUAL) -> None:
        """Sign everything."""
        sign_site(Folder(self.site), self.keys, lifetimes)

    def publish(self, path: str, data: bytes) -> list[str]:
        """Write one file and sign the change; return the paths of what was written for it."""
        signing = sign_changes(Folder(self.site).read, {path: data}, self.keys)
        self.write(path, data)
        write_signing(Folder(self.site), signing)
        return list(signing.files)


def make_signed_folder(
    folder: Path, name: str = "site", threshold: int = 1, lifetimes: Lifetimes = USUAL
) -> SignedFolder:
    signers = generate_keys(folder / f"{name}-keys", root_keys=2)
    root = make_root(signers, threshold, lifetimes)
    for path, data in lay_out_root(root).items():
        write_file(folder / name / path, data)
    made = SignedFolder(
        folder / name, read_keys(folder / f"{name}-keys"), root, folder / f"{name}-copy"
    )
    made.write("registry.json", to_json(SiteFile()))
    made.write(DICE, b'{"dice": 1}')
    made.sign()
    return made


def offer(
    signed: SignedFolder,
    distribution: str,
    version: str,
    *components: tuple[str, str],
    wheels: tuple[WheelFile, ...] = (),
    is_qualified_only: bool = False,
    aliases: tuple[str, ...] = (),
    **facts: Any,
) -> None:
    """Add a release to the files of a site and sign it.

    Args:
        signed: The site.
        distribution: The name.
        version: The version, newer than those that are there.
        components: Kind and name of each.
        wheels: What the files say of the wheels; by default, what is true of one that is empty.
        is_qualified_only: Whether its bare names do not mean its components.
        aliases: Further names of each component.
        facts: Further fields of `Release`.
    """
    name = f"{distribution.replace('-', '_')}-{version}-py3-none-any.whl"
    signed.write(wheel_path(name), b"")
    files = wheels or (WheelFile(name, sha256(b"").hexdigest(), 0),)
    entries = tuple(ComponentEntry(kind, each, f"x:{each}", aliases) for kind, each in components)
    basic = {"published": "", "summary": "", "requires": (), "requires_python": "", **facts}
    release = Release(version, wheels=files, **basic)
    _write(signed, release_path(distribution, version), ReleaseFile(distribution, version, entries))
    path = distribution_path(distribution)
    older = _read(signed, DistributionFile, path)
    releases = (release, *(older.releases if older else ()))
    _write(signed, path, DistributionFile(distribution, releases))
    for kind, each in components:
        for written in (each, *aliases):
            _offer_component(signed, distribution, release, kind, each, written, is_qualified_only)
    signed.sign()


def _offer_component(
    signed: SignedFolder,
    distribution: str,
    release: Release,
    kind: str,
    name: str,
    written: str,
    is_qualified_only: bool,
) -> None:
    path = component_path(kind, written)
    others = _read(signed, ComponentFile, path)
    new = Offer(
        distribution,
        release.version,
        name,
        "",
        "",
        release.requires,
        "",
        release.wheels,
        release.yanked,
        is_qualified_only,
        lifecycle=release.lifecycle,
        successor=release.successor,
    )
    offers = (new, *(others.offers if others else ()))
    _write(signed, path, ComponentFile(kind, lookup_key(written), offers))
    for word in search_words(written) if release.yanked is None else ():
        found = _read(signed, SearchFile, search_path(word))
        hit = SearchHit(kind, name, distribution, "", is_qualified_only, release.lifecycle)
        known = found.hits if found else ()
        hits = [each for each in known if (each.distribution, each.name) != (distribution, name)]
        _write(signed, search_path(word), SearchFile(word, (hit, *hits)))
        for prefix in list_prefixes(word):
            listed = _read(signed, PrefixFile, prefix_path(prefix))
            words = {word, *(listed.words if listed else ())}
            _write(signed, prefix_path(prefix), PrefixFile(prefix, tuple(sorted(words))))


def _read(signed: SignedFolder, noun: type[Noun], path: str) -> Noun | None:
    data = Folder(signed.site).read(path)
    return None if data is None else from_json(noun, data, path)


def _write(signed: SignedFolder, path: str, noun: object) -> None:
    signed.write(path, to_json(noun))


def configure(project: Path, *sites: SignedFolder, more: str = "") -> None:
    """Write a project's settings that name sites, each by the name of its folder, and read them."""
    tables = [
        f'[tool.kplug.registries.{each.site.name}]\npath = "{each.site}"\n'
        f'root = "{get_fingerprint(each.root)}"\n{more}\n'
        for each in sites
    ]
    (project / "pyproject.toml").write_text("".join(tables), encoding="utf-8")
    kplug.reload()
