"""``kplug trust``: manages the keys, the root and the signatures of a site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, Root

from kplug_registry.commands.output import print_lines
from kplug_registry.errors import TrustError
from kplug_registry.publishing import change_root
from kplug_registry.publishing.transactions import locked
from kplug_registry.storage import SiteStorage, open_storage
from kplug_registry.trust.expiry import find_expired, list_expiries
from kplug_registry.trust.keys import (
    ROLES,
    ROOT,
    TIMESTAMP,
    SigningKeys,
    settle_keys,
    stage_keys,
)
from kplug_registry.trust.metadata_paths import metadata_path
from kplug_registry.trust.root_drafts import RootDraft
from kplug_registry.trust.roots import draft_root, get_fingerprint, make_root, rotate_root
from kplug_registry.trust.signer_uris import gather_keys, open_signer, read_public_key
from kplug_registry.trust.signing import (
    renew_timestamp,
    sign_site,
    write_file,
    write_signing,
)
from kplug_registry.trust.signing_lifetimes import DAYS, LONGEST, Lifetimes

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
    float | None,
    typer.Option(
        min=0.01,
        max=LONGEST,
        help="Days for which the timestamp is valid, also when something is published: the longest that "
        f"news can be hidden. As before by default, and {DAYS[TIMESTAMP]:g} at first.",
        show_default=False,
    ),
]
RootDays = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        max=LONGEST,
        help=f"Days for which the root is valid. As before by default, and {DAYS[ROOT]:g} at first.",
        show_default=False,
    ),
]
SiteOrDraft = Annotated[
    str,
    typer.Argument(
        metavar="SITE|FILE",
        help="The folder of the site, or s3://BUCKET/PATH; or a file of `kplug trust export`.",
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
    root_days: RootDays = None,
) -> None:
    """Make keys, and the root of a site.

    Keep the files root-*.pem away from the machine that publishes: nothing but a new root needs them.

    Example: kplug trust init site --keys keys --root-keys 3 --threshold 2

    Example: kplug trust init site --keys keys --signer awskms:alias/plugins --public-key plugins.pem
    """
    storage = open_storage(site)
    with locked(storage) as turn:
        root = storage.read(metadata_path(ROOT))
        is_completed = settle_keys(keys, None if root is None else _parse(root))
        if root is not None and not is_completed:
            raise TrustError(
                f"{site!r} has a root", hint="`kplug trust rotate` makes the next one."
            )
        if root is None:
            _check_threshold(threshold, root_keys)
            signers = stage_keys(keys, root_keys, _open_service(signer, public_key))
            root = make_root(signers, threshold, Lifetimes(root=root_days))
            change_root(storage, turn, root, SigningKeys())
            settle_keys(keys, _parse(root))
    print_lines([f"The root of {site} has the fingerprint {get_fingerprint(root)}"])


@trust.command()
def sign(site: SiteOrDraft, keys: Keys, days: Days = None) -> None:
    """Sign all files of a site, or a root that `kplug trust export` has written to a file.

    Example: kplug trust sign site --keys keys

    Example: kplug trust sign root.json --keys my-key
    """
    if Path(site).is_file():
        draft = _read_draft(Path(site))
        draft.sign(gather_keys(keys, draft.previous, draft.root.to_bytes()))
        write_file(Path(site), draft.to_text())
        print_lines(draft.describe())
        return
    storage = open_storage(site)
    with locked(storage) as turn:
        sign_site(storage, _read_keys(keys, storage), Lifetimes(timestamp=days), turn.check)


@trust.command()
def renew(site: Site, keys: Keys, days: Days = None) -> None:
    """Say that a site is still the newest, before its timestamp expires; the timestamp's key is enough.

    Example: kplug trust renew site --keys env:TIMESTAMP_KEY
    """
    storage = open_storage(site)
    with locked(storage) as turn:
        signing = renew_timestamp(
            storage.read, _read_keys(keys, storage), Lifetimes(timestamp=days)
        )
        write_signing(storage, signing, turn.check)
        if (expired := find_expired(storage.read)) is not None:
            raise TrustError(
                f"the timestamp of {site} is renewed, but {expired}: clients refuse the site",
                hint="`kplug trust sign` signs all but the root anew. `kplug trust rotate` and `kplug trust "
                "export` make another root.",
            )


@trust.command()
def rotate(
    site: Site,
    keys: Keys,
    new_keys: Annotated[
        Path | None,
        typer.Option(help="A new folder for new keys of all roles.", show_default=False),
    ] = None,
    root_keys: Annotated[
        int | None,
        typer.Option(help="How many new keys the root gets; as many as before by default."),
    ] = None,
    threshold: Annotated[
        int | None,
        typer.Option(help="How many keys sign a root from now on; as before by default."),
    ] = None,
    signer: Service = None,
    public_key: PublicKey = None,
    root_days: RootDays = None,
) -> None:
    """Make the next root: valid for longer, with new keys if --new-keys says so.

    Clients that trust an older root follow, since the old keys sign the new root. All of it counts from one
    moment on; what was killed before is undone, and later it is completed by the same command.

    Example: kplug trust rotate site --keys keys --new-keys new
    """
    storage = open_storage(site)
    previous = _read_root(site)
    if root_keys is not None and new_keys is None:
        raise TrustError(
            "--root-keys says how many new keys the root gets, and no folder is given for them",
            hint="Give one: --new-keys FOLDER. Without, all keys stay.",
        )
    with locked(storage) as turn:
        previous = storage.read(metadata_path(ROOT)) or previous
        old = _read_keys(keys, storage)
        if new_keys is not None and settle_keys(new_keys, _parse(previous)):
            root = previous  # an interrupted command has made it
        else:
            root = rotate_root(previous, old)  # raises before any new key is written
            role = _parse(previous).roles[ROOT]
            count = len(role.keyids) if root_keys is None else root_keys
            if new_keys is not None:
                _check_threshold(role.threshold if threshold is None else threshold, count)
            signers = _make_keys(new_keys, count, _open_service(signer, public_key))
            root = rotate_root(previous, old, signers, threshold, Lifetimes(root=root_days))
            new = SigningKeys(chain.from_iterable(signers.values())) if signers else old
            change_root(storage, turn, root, new)
            if new_keys is not None:
                settle_keys(new_keys, _parse(root))
    print_lines([f"The new root of {site} has the fingerprint {get_fingerprint(root)}"])


@trust.command("export")
def export_root(
    site: Site,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    root_key: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PEM",
            help="The public key of one who signs roots from now on. Given for each of them; without, "
            "they stay.",
            show_default=False,
        ),
    ] = None,
    online_key: Annotated[
        Path | None,
        typer.Option(
            metavar="PEM",
            help="The public key of what signs everything else from now on; without, it stays.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        int | None,
        typer.Option(help="How many keys sign a root from now on; as before by default."),
    ] = None,
    root_days: RootDays = None,
) -> None:
    """Write the next root of a site to a file, for keys in different places that sign one after another.

    Each holder signs the file, without the site: `kplug trust sign FILE`. Then `kplug trust import` takes it.

    Example: kplug trust export site root.json

    Example: kplug trust export site root.json --root-key anna.pem --root-key bert.pem --threshold 2
    """
    previous = open_storage(site).read(metadata_path(ROOT))
    if previous is None and not (root_key and online_key):
        raise TrustError(
            f"{site!r} has no root, so the first one needs all keys",
            hint="Give --online-key PEM, and --root-key PEM for each key of the root.",
        )
    new = {ROOT: [read_public_key(each) for each in root_key]} if root_key else {}
    if online_key is not None:
        new |= {role: [read_public_key(online_key)] for role in ROLES if role != ROOT}
    before = None if previous is None else _parse(previous)
    root = draft_root(before, new, threshold, Lifetimes(root=root_days))
    draft = RootDraft(previous, root)
    if file.exists():
        _read_draft(file)  # what is no draft, such as a key, is not replaced
    write_file(file, draft.to_text())
    print_lines(draft.describe())


@trust.command("import")
def import_root(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The signed root.")],
    site: Site,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FOLDER|env:NAME|URI",
            help="The keys that sign the site under this root, if they change.",
        ),
    ] = None,
) -> None:
    """Give a site the root that the holders of its keys have signed.

    Example: kplug trust import root.json site
    """
    storage, draft = open_storage(site), _read_draft(file)
    with locked(storage) as turn:
        root = draft.finish(storage.read(metadata_path(ROOT)))
        change_root(storage, turn, root, gather_keys(keys or (), root))
    print_lines([f"The new root of {site} has the fingerprint {get_fingerprint(root)}"])


@trust.command()
def show(site: SiteOrDraft) -> None:
    """Show the fingerprint of a site's root, its roles, and when root and timestamp expire.

    Of a file of `kplug trust export`, what it changes, and who has signed it.

    Example: kplug trust show site
    """
    if Path(site).is_file():
        print_lines(_read_draft(Path(site)).describe())
        return
    data, read = _read_root(site), open_storage(site).read
    expiries = {} if read(metadata_path(TIMESTAMP)) is None else dict(list_expiries(read))
    print_lines(_describe(data, expiries))


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
        return stage_keys(folder, root_keys, service)
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


def _read_draft(file: Path) -> RootDraft:
    try:
        return RootDraft.from_text(file.read_bytes(), str(file))
    except OSError as error:
        raise TrustError(
            f"{file} cannot be read: {error.strerror}",
            hint="`kplug trust export SITE FILE` writes the draft of a root.",
        ) from error


def _parse(root: bytes) -> Root:
    return Metadata[Root].from_bytes(root).signed


def _describe(data: bytes, expiries: Mapping[str, datetime]) -> Iterator[str]:
    root = _parse(data)
    yield f"root {root.version}, {get_fingerprint(data)}, expires {root.expires:%Y-%m-%d}"
    for name in ROLES:
        role = root.roles[name]
        until = f", expires {expiries[name]:%Y-%m-%d}" if name in expiries else ""
        yield f"  {name}: {role.threshold} of {len(role.keyids)} keys{until}"
    if not expiries:
        yield "The site is not signed."
    else:
        yield f"signed, expires {expiries[TIMESTAMP]:%Y-%m-%d %H:%M} UTC unless it is renewed"
