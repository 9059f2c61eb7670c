"""``kplug registry``: says which registries a project uses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kplug_registry.client.adding import (
    add_setting,
    check_site,
    fetch_root,
    find_file,
    remove_setting,
)
from kplug_registry.client.env_section import describe_registries
from kplug_registry.client.mirroring import mirror as make_mirror
from kplug_registry.client.registries import ConfiguredRegistry
from kplug_registry.client.settings import get_setting, read_registries, read_setting
from kplug_registry.commands.output import print_lines
from kplug_registry.errors import RegistrySettingError, TrustError
from kplug_registry.trust.roots import get_fingerprint

registry = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name that the registry gets, such as team.")]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        help="The file of settings: by default the nearest pyproject.toml, made here if there is none.",
        show_default=False,
    ),
]


@registry.callback()
def options() -> None:
    """Say which registries a project uses, and mirror one.

    Example: kplug registry add team https://plugins.example/ --root sha256:…

    Example: kplug registry list
    """


@registry.command()
def add(
    name: Name,
    url: Annotated[str, typer.Argument(help="Its address: https:, http: or file:.")],
    root: Annotated[
        str | None,
        typer.Option(
            metavar="FINGERPRINT|FILE",
            help="The root to trust: sha256:…, as whoever runs the registry tells you, or its file. "
            "Without it you are asked whether the root that the site offers is the right one.",
            show_default=False,
        ),
    ] = None,
    is_online: Annotated[
        bool, typer.Option("--online", help="Look unknown names up over the network at once.")
    ] = False,
    is_agreed: Annotated[
        bool, typer.Option("--yes", help="Do not ask: trust the root that the site offers now.")
    ] = False,
    file: SettingsFile = None,
) -> None:
    """Check a registry, and write its address and the root that it has to be signed by into the settings.

    A later change of what signs it is followed only as far as this root's keys have signed it.

    Example: kplug registry add team https://plugins.example/ --root sha256:…
    """
    place = find_file(Path.cwd()) if file is None else file
    values: dict[str, Any] = {"url": url, "root": f"sha256:{'0' * 64}"}
    setting = read_setting(
        name, values, place
    )  # refuses a wrong name or address before any request
    _check_is_new(name)
    pinned = _read_root(root)
    if pinned is None:
        offered = fetch_root(setting.address)
        pinned = offered.fingerprint
        print_lines(
            [
                f"{url} offers a root with the fingerprint",
                f"  {pinned}",
                f"  {offered.threshold} of its {offered.keys} keys sign the next one; "
                f"valid until {offered.expires}",
                "Nothing but the network vouches for it: compare it with what its operator says.",
            ]
        )
        if not is_agreed:
            typer.confirm("Is it the right one?", abort=True)
    check_site(name, setting.address, pinned)
    values["root"] = pinned
    if is_online:
        values["online"] = True
    add_setting(place, name, values)
    print_lines([f"the registry {name} is set in {place}"])


@registry.command()
def remove(name: Name, file: SettingsFile = None) -> None:
    """Remove a registry from the settings. What was installed from it stays.

    Example: kplug registry remove team
    """
    place = find_file(Path.cwd()) if file is None else file
    remove_setting(place, name)
    print_lines([f"the registry {name} is no longer set in {place}"])


@registry.command()
def mirror(
    name: Name,
    folder: Annotated[Path, typer.Argument(help="The folder, new or a mirror of this registry.")],
) -> None:
    """Copy a registry into a folder that any web server can serve, or bring such a copy up to date.

    Clients of the mirror trust the same root. It fetches what the folder lacks, so it goes on where it was
    interrupted; a timer calls it again before the registry's timestamp expires.

    Example: kplug registry mirror team /srv/plugins
    """
    found = make_mirror(ConfiguredRegistry(get_setting(name)), folder)
    removed = f"; {found.removed} obsolete ones removed" if found.removed else ""
    print_lines([f"{folder} mirrors {name}: {found.files} files, {found.fetched} fetched{removed}"])


@registry.command("list")
def list_all() -> None:
    """List the registries in the order in which they are asked, and where each is set.

    Example: kplug registry list
    """
    settings = read_registries()
    if not settings:
        print_lines(["no registry is set; `kplug registry add NAME URL` adds one"])
        return
    for name, facts in describe_registries(settings).entries.items():
        print_lines([name, *(f"  {key}: {value}" for key, value in facts.items())])


def _check_is_new(name: str) -> None:
    other = next((each for each in read_registries() if each.name == name), None)
    if other is not None:
        raise RegistrySettingError(
            f"there is a registry {name!r}, set in {other.file}",
            hint="Give another name; a nearer file cannot replace what an outer one says.",
        )


def _read_root(root: str | None) -> str | None:
    """Return the fingerprint that an option gives, or that the file has which it names."""
    if root is None or root.startswith("sha256:"):
        return root
    try:
        return get_fingerprint(Path(root).read_bytes())
    except OSError as error:
        raise TrustError(
            f"the root {root!r} cannot be read: {error.strerror}",
            hint="Give a file, or a fingerprint: sha256: and 64 digits.",
        ) from error
