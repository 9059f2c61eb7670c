"""Plans the changes that bring an environment to a lock, and runs the installer."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kplug.commands.changes import find_versions
from kplug.errors import LockError
from kplug.locking import Drift, Lock, LockedPackage, read_install_source
from kplug.locking.lock_file import ARCHIVE_URL
from kplug.registry import REGISTRY, find_lack_of_age
from kplug.registry.component import BUILT_IN
from kplug.registry.metadata import path_of_url
from kplug.registry.policy import Installed


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that an installer has to make.

    Args:
        missing: Packages that are absent, or installed in another version.
        replaced: Packages installed in the same version with other code.
        kept: Packages that match the lock, which requirements of the others must not change.
        obstacles: Differences that no installer can mend, with advice.
    """

    missing: tuple[LockedPackage, ...] = ()
    replaced: tuple[LockedPackage, ...] = ()
    kept: tuple[LockedPackage, ...] = ()
    obstacles: tuple[str, ...] = ()


def make_plan(lock: Lock, drift: Sequence[Drift]) -> Plan:
    """Return the plan that brings an installation back to a lock, after asking plugins for archives."""
    of = {item.package: item for item in drift}
    obstacles = [text for item in drift if (text := _find_obstacle(lock, item))]
    mendable = [p for p in lock.packages if p.name in of and not _find_obstacle(lock, of[p.name])]
    return Plan(
        tuple(_locate(p) for p in mendable if of[p.name].kind in ("missing", "version")),
        tuple(_locate(p) for p in mendable if of[p.name].kind in ("hash", "commit")),
        tuple(p for p in lock.packages if p.name not in of),
        tuple(obstacles),
    )


def _find_obstacle(lock: Lock, drift: Drift) -> str | None:
    if drift.kind == "extra":
        return f"{drift.message}: uninstall it, or set KPLUG_DISABLE={drift.package}"
    if drift.kind == "off":
        return f"{drift.message}: `kplug env` shows the setting"
    package = next(package for package in lock.packages if package.name == drift.package)
    reason = _find_reason(package)
    return reason and f"{drift.message}: {reason}"


def _find_reason(package: LockedPackage) -> str | None:
    """Return why no installer may or can install a package, or None."""
    here, commit = read_install_source(package.name), package.source.commit
    if here.is_editable:
        wanted = f"check out {commit} there" if commit else "change it there"
        return f"it is an editable install of {here.folder}, {wanted}"
    installed = Installed(package.name, package.version, lambda: package.hash or None)
    refusal = REGISTRY.state.policy.find_refusal(installed)
    if refusal is not None and package.name not in BUILT_IN:
        return f"it is not to be installed, as it may not load: {refusal}"
    if (lack := _find_lack_of_age(package)) is not None:
        return f"it is not to be installed yet: {lack}"
    if package.source.is_editable and not (commit and package.source.url):
        return "it was locked as an editable install that no address leads to"
    return None


def _find_lack_of_age(package: LockedPackage) -> str | None:
    """Return why a package that a registry has is too young, or None; asks only if a setting wants an age."""
    if not any("min-age" in source.settings for source in REGISTRY.state.policy.sources):
        return None
    published = {one.version: one.published for one in find_versions(package.name)}
    return find_lack_of_age(published[package.version]) if package.version in published else None


def _locate(package: LockedPackage) -> LockedPackage:
    """Return a package with the address at which a plugin finds its archive by the hash, if any does."""
    digest = package.source.archive_hash
    if not digest:
        return package
    facts = {"distribution": package.name, "version": package.version, "archive_hash": digest}
    urls, _ = REGISTRY.ask_all(str, "kplug_archives", **facts)
    url = next(filter(ARCHIVE_URL.fullmatch, urls), package.source.url)
    return replace(package, source=replace(package.source, url=url))


def make_commands(
    installer: Sequence[str], plan: Plan, options: Sequence[str], constraints: Path
) -> list[list[str]]:
    """Return the commands of a plan.

    Args:
        installer: The install command of this environment.
        plan: The plan.
        options: The user's options for the installer.
        constraints: A constraints file with the versions to keep.
    """
    commands = []
    if plan.missing:
        pins = ["--constraint", str(constraints)] if plan.kept or plan.replaced else []
        commands.append([*installer, *options, *pins, *map(as_requirement, plan.missing)])
    if plan.replaced:
        forced = ["--force-reinstall", "--no-deps"]
        commands.append([*installer, *options, *forced, *map(as_requirement, plan.replaced)])
    return commands


def as_requirement(package: LockedPackage) -> str:
    """Return a package as an installer's argument, which begins with a name or URL, never like an option.

    Example:
        >>> as_requirement(LockedPackage("kplug-one", "1.0"))
        'kplug-one==1.0'
    """
    source = package.source
    inside = f"subdirectory={source.subdirectory}" if source.subdirectory else ""
    if source.url.startswith("git+file:"):  # older pips accept no name before such a URL
        return _join(f"{source.url}@{source.commit}", f"egg={package.name}", inside)
    if source.url and source.commit:
        return _join(f"{package.name} @ {source.url}@{source.commit}", inside)
    is_gone = source.url.startswith("file:") and not path_of_url(source.url).is_file()
    if source.url and not is_gone:
        digest = source.archive_hash.replace(":", "=")
        return _join(f"{package.name} @ {source.url}", digest, inside)
    return f"{package.name}=={package.version}"


def _join(address: str, *fragments: str) -> str:
    return "#".join(filter(None, [address, "&".join(filter(None, fragments))]))


def run_commands(commands: Sequence[Sequence[str]], plan: Plan, constraints: Path) -> None:
    """Run the commands of a plan in order, until one fails.

    Raises:
        LockError: One failed.
    """
    pins = [f"{package.name}=={package.version}\n" for package in (*plan.kept, *plan.replaced)]
    constraints.write_text("".join(pins), encoding="utf-8")
    for command in commands:
        result = subprocess.run(command, check=False)  # noqa: S603 - as shown to the user, without a shell
        if result.returncode:
            raise LockError(
                f"{command[0]} ended with status {result.returncode}; what it installed before stays",
                hint="Its own message is above.",
            )
