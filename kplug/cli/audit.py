"""``kplug audit``: shows which installed plugins were recalled, or have advisories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from kplug.commands.output import JsonOption, print_json, print_lines
from kplug.registry import REGISTRY
from kplug.registry.finding import Finding
from kplug.registry.kinds import COMMAND
from kplug.registry.policy import Notice


def audit(as_json: JsonOption = False) -> None:
    """Show which plugins here were recalled or have advisories, according to the lists on this machine.

    Nothing is imported or fetched. What was recalled does not load. The exit status is 1 if something was,
    or if a list cannot be read.

    Example: kplug audit --json
    """
    sources = REGISTRY.state.policy.sources
    lists = {source.place: str(source.notices) for source in sources if source.notices}
    errors = [error.message for error in REGISTRY.state.policy.errors]
    notices = list(_list_notices())
    if as_json:
        found = [_describe(*each) for each in notices]
        print_json({"notices": found, "lists": lists, "errors": errors})
    else:
        print_lines(_write(notices, lists, errors))
    if errors or any(topic == "recalled" for _, topic, _ in notices):
        raise typer.Exit(1)


def find_noticed() -> Iterator[Finding]:
    """Yield what the lists on this machine say about installed plugins."""
    # Another index may have other releases under the name that a registry owns.
    installer = "kplug" if REGISTRY.index(COMMAND).candidates("install") else "pip"
    for about, topic, notice in _list_notices():
        command = f"{installer} install --upgrade {notice.distribution}"
        yield Finding(topic, about, str(notice), command, is_broken=topic == "recalled")


def _list_notices() -> Iterator[tuple[str, str, Notice]]:
    """Yield each notice behind its plugin, and behind ``recalled`` or ``advisory``."""
    policy, discovery = REGISTRY.state.policy, REGISTRY.state.discovery
    plugins = [*discovery.suppliers, *(supplier for supplier, _ in discovery.refused.values())]
    installed = [*(supplier.installed for supplier in plugins), *discovery.recalled_libraries]
    for each in sorted(installed, key=lambda one: one.distribution):
        about = f"{each.distribution} {each.version}".rstrip()
        yield from ((about, "recalled", one) for one in policy.list_recalls(each))
        yield from ((about, "advisory", one) for one in policy.list_advisories(each))


def _describe(about: str, topic: str, notice: Notice) -> dict[str, Any]:
    return {
        "about": about,
        "topic": topic,
        "versions": notice.versions,
        "reason": notice.reason,
        "since": notice.since,
        "list": notice.place,
    }


def _write(
    notices: list[tuple[str, str, Notice]], lists: dict[str, str], errors: list[str]
) -> Iterator[str]:
    words = {"recalled": "recalled on", "advisory": "advisory of"}
    yield from (f"{about}: {words[topic]} {notice}" for about, topic, notice in notices)
    if not notices and not errors:
        yield "No plugin here was recalled or has an advisory."
    yield from (f"{place}: {text}" for place, text in lists.items())
    yield from errors
    if not lists and not errors:
        yield "There is no list of recalls on this machine."
