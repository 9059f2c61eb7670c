"""``kplug trust``: manages the keys, the root and the signatures of a site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, Root, Timestamp

from kplug_registry.commands.output import print_lines
from kplug_registry.errors import TrustError
from kplug_registry.publishing.transactions import locked
from kplug_registry.storage import SiteStorage, open_storage
from kplug_registry.trust.keys import (
    ROLES,
    ROOT,
    TIMESTAMP,
    SigningKeys,
    generate_keys,
)
from kplug_registry.trust.metadata_paths import metadata_path
from kplug_registry.trust.roots import get_fingerprint, lay_out_root, make_root, rotate_root
from kplug_registry.trust.signer_uris import gather_keys, open_signer, read_public_key
from kplug_registry.trust.signing import (
    read_targets,
    renew_timestamp,
    sign_all,
    sign_site,
    write_signing,
)
from kplug_registry.trust.signing_lifetimes import USUAL, Lifetimes
from kplug_registry.trust.site_signer import Signing

trust = typer.Typer(no_args_is_help=True)

Site = Annotated[
    str, typer.Argument(metavar="SITE", help="The folder of the site, or s3://BUCKET/PATH.")
]
Keys = Annotated[
    list[str],
    typer.Option(
        metavar="FOLDER|env:NAME|URI",
        help="The private keys: a folder of PEM files, a variable with such text, or the address of a "
        "key in a service, such as awskms:KEY. It may be given several times.",
    ),
]
Service = Annotated[
    str | None,
    typer.Option(
        "--signer",
        metavar="URI",
        help="What signs everything but the root, in place of new keys: the address of a key in a service.",
        show_default=False,
    ),
]
PublicKey = Annotated[
    Path | None,
    typer.Option(help="The public key of --signer, as a PEM file.", show_default=False),
]
Days = Annotated[
    float,
    typer.Option(
        help="Days for which the timestamp is valid: the longest that news can be hidden."
    ),
]


@trust.callback()
def options() -> None:
    """Make the keys of a registry's site, sign it, renew it, change its keys.

    Example: kplug trust init site --keys keys

    Example: kplug trust sign site --keys keys
    """


@trust.command()
def init(
    site: Site,
    keys: Annotated[Path, typer.Option(help="A new folder for the private keys.")],
    root_keys: Annotated[int, typer.Option(help="How many keys the root gets.")] = 1,
    threshold: Annotated[int, typer.Option(help="How many of them have to sign a new root.")] = 1,
    signer: Service = None,
    public_key: PublicKey = None,
) -> None:
    """Make keys, and the root of a site.

    Keep the files root-*.pem away from the machine that publishes: nothing but a new root needs them.

    Example: kplug trust init site --keys keys --root-keys 3 --threshold 2

    Example: kplug trust init site --keys keys --signer awskms:alias/plugins --public-key plugins.pem
    """
    storage = open_storage(site)
    with locked(storage):
        if storage.read(metadata_path(ROOT)) is not None:
            raise TrustError(
                f"{site!r} has a root", hint="`kplug trust rotate` makes the next one."
            )
        _check_threshold(threshold, root_keys)
        signers = generate_keys(keys, root_keys, _open_service(signer, public_key))
        root = make_root(signers, threshold)
        storage.write(lay_out_root(root))
    print_lines([f"The root of {site} has the fingerprint {get_fingerprint(root)}"])


@trust.command()
def sign(site: Site, keys: Keys, days: Days = USUAL.timestamp) -> None:
    """Sign all files of a site.

    Example: kplug trust sign site --keys keys
    """
    storage = open_storage(site)
    with locked(storage):
        sign_site(storage, _read_keys(keys, storage), Lifetimes(timestamp=days))


@trust.command()
def renew(site: Site, keys: Keys, days: Days = USUAL.timestamp) -> None:
    """Say that a site is still the newest, before its timestamp expires; the timestamp's key is enough.

    Example: kplug trust renew site --keys env:TIMESTAMP_KEY
    """
    storage = open_storage(site)
    with locked(storage):
        signing = renew_timestamp(
            storage.read, _read_keys(keys, storage), Lifetimes(timestamp=days)
        )
        write_signing(storage, signing)


@trust.command()
def rotate(
    site: Site,
    keys: Keys,
    new_keys: Annotated[
        Path | None,
        typer.Option(help="A new folder for new keys of all roles.", show_default=False),
    ] = None,
    root_keys: Annotated[int, typer.Option(help="How many new keys the root gets.")] = 1,
    threshold: Annotated[
        int | None,
        typer.Option(help="How many keys sign a root from now on; as before by default."),
    ] = None,
    signer: Service = None,
    public_key: PublicKey = None,
) -> None:
    """Make the next root: valid for another year, with new keys if --new-keys says so.

    Clients that trust an older root follow, since the old keys sign the new root.

    Example: kplug trust rotate site --keys keys --new-keys new
    """
    previous = _read_root(site)
    storage = open_storage(site)
    old = _read_keys(keys, storage)
    rotate_root(previous, old)  # raises before any new key is written
    if new_keys is not None:
        _check_threshold(threshold or 1, root_keys)
    signers = _make_keys(new_keys, root_keys, _open_service(signer, public_key))
    root = rotate_root(previous, old, signers, threshold)
    new = SigningKeys(chain.from_iterable(signers.values())) if signers else old
    with locked(storage):
        files = lay_out_root(root)
        signing = _sign_again(storage, files, new, old)
        storage.write(files)
        write_signing(storage, signing)
    print_lines([f"The new root of {site} has the fingerprint {get_fingerprint(root)}"])


@trust.command()
def show(site: Site) -> None:
    """Show the fingerprint of a site's root, its roles, and when root and timestamp expire.

    Example: kplug trust show site
    """
    data = _read_root(site)
    timestamp = open_storage(site).read(metadata_path(TIMESTAMP))
    print_lines(_describe(data, timestamp))


def _read_root(site: str) -> bytes:
    data = open_storage(site).read(metadata_path(ROOT))
    if data is None:
        raise TrustError(f"{site!r} has no root", hint="`kplug trust init` makes one.")
    return data


def _read_keys(sources: Sequence[str], site: SiteStorage) -> SigningKeys:
    return gather_keys(sources, site.read(metadata_path(ROOT)))


def _open_service(uri: str | None, public_key: Path | None) -> Signer | None:
    if uri is None and public_key is None:
        return None
    if uri is None or public_key is None:
        raise TrustError(
            "--signer and --public-key belong together",
            hint="Give both: --signer awskms:KEY --public-key KEY.pem",
        )
    return open_signer(uri, [read_public_key(public_key)])


def _make_keys(
    folder: Path | None, root_keys: int, service: Signer | None
) -> dict[str, list[Signer]]:
    if folder is not None:
        return generate_keys(folder, root_keys, service)
    if service is not None:
        raise TrustError(
            "--signer is for new keys, and the root gets some too",
            hint="Give a folder for those: --new-keys FOLDER.",
        )
    return {}


def _check_threshold(threshold: int, root_keys: int) -> None:
    if not 1 <= threshold <= root_keys:
        raise TrustError(
            f"{threshold} of {root_keys} keys cannot sign",
            hint="Give a --threshold up to --root-keys.",
        )


def _sign_again(
    site: SiteStorage, root: Mapping[str, bytes], keys: SigningKeys, old: SigningKeys
) -> Signing:
    """Return the signing under a new root: everything if keys changed, else only the timestamp."""

    def read_with_root(path: str) -> bytes | None:
        return root.get(path) or site.read(path)

    if keys is old:
        return renew_timestamp(read_with_root, keys)
    return sign_all(read_with_root, read_targets(site), keys)


def _describe(data: bytes, timestamp: bytes | None) -> Iterator[str]:
    root = Metadata[Root].from_bytes(data).signed
    yield f"root {root.version}, {get_fingerprint(data)}, expires {root.expires:%Y-%m-%d}"
    for name in ROLES:
        role = root.roles[name]
        yield f"  {name}: {role.threshold} of {len(role.keyids)} keys"
    if timestamp is None:
        yield "The site is not signed."
    else:
        expires = Metadata[Timestamp].from_bytes(timestamp).signed.expires
        yield f"signed, expires {expires:%Y-%m-%d %H:%M} UTC unless it is renewed"
