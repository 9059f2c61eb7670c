"""``kplug env``: shows every setting, its place and its effect, and plugins' own sections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from kplug import __version__
from kplug.commands.output import JsonOption, print_json, print_lines
from kplug.registry import REGISTRY
from kplug.registry.component import BUILT_IN
from kplug.registry.env_section import Section
from kplug.registry.installed.suppliers import Supplier
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.policy import Policy, Setting
from kplug.registry.policy.keys import KEYS
from kplug.registry.policy.list_entries import Entry

# The refusals of each plugin: the setting (None for an invalid one) and the reason.
_Refusals = dict[str, list[tuple[Setting | None, str]]]
# The lookup keys of each plugin's components, for plugins that have only entry points.
_Offered = dict[str, set[str]]


def show_settings(as_json: JsonOption = False) -> None:
    """Show every setting that decides which plugins may load: where it stands and what it does.

    It shows what plugins add too; of plugins, the modules of hooks alone are imported. The exit status
    is 1 if a setting is in error, as no plugin may load then.

    Example: kplug env --json
    """
    data = describe_settings()
    print_json(data) if as_json else print_lines(write_settings(data))
    if REGISTRY.state.policy.errors:
        raise typer.Exit(1)


def describe_settings() -> dict[str, Any]:
    """Return the settings in force with their places, and their verdicts on plugins, for JSON."""
    state = REGISTRY.state
    refused = [supplier for supplier, _ in state.discovery.refused.values()]
    plugins = [item for item in state.discovery.suppliers if not item.origin.is_built_in]
    sections, problems = REGISTRY.ask_all(Section, "kplug_environment")
    return {
        **_describe(state.policy, [*plugins, *refused]),
        "sections": [
            {"title": section.title, "entries": {k: dict(v) for k, v in section.entries.items()}}
            for section in sections
        ],
        "not_shown": [str(problem) for problem in problems],
    }


def _describe(policy: Policy, plugins: list[Supplier]) -> dict[str, Any]:
    plugins.sort(key=lambda plugin: plugin.origin.distribution)
    refusals: _Refusals = {
        plugin.origin.distribution: list(policy.find_refusals(plugin.installed))
        for plugin in plugins
    }
    offered = {
        plugin.origin.distribution: {lookup_key(name) for _, name in plugin.declared_names}
        for plugin in plugins
        if not plugin.has_hooks
    }
    return {
        "sources": [
            {
                "place": source.place,
                "settings": [
                    _describe_setting(policy, setting, refusals, offered)
                    for setting in source.settings.values()
                ],
                **({"list": str(source.notices)} if source.notices else {}),
                **({"for_other_versions": list(source.others)} if source.others else {}),
                "errors": [{"message": e.message, "hint": e.hint} for e in source.errors],
            }
            for source in policy.sources
        ],
        "plugins": [
            {
                "distribution": plugin.origin.distribution,
                "version": plugin.origin.version,
                "hash": plugin.record_hash,
                "off": [reason for _, reason in refusals[plugin.origin.distribution]],
            }
            for plugin in plugins
        ],
    }


def _describe_setting(
    policy: Policy, setting: Setting, refusals: _Refusals, offered: _Offered
) -> dict[str, Any]:
    preferences = [other.label for other in policy.settings if other.key == "prefer"]
    is_preference = setting.key == "prefer"
    return {
        "setting": setting.label,
        "line": setting.line,
        "value": _find_value(setting),
        "keeps_out": [
            name for name, found in refusals.items() if any(by is setting for by, _ in found)
        ],
        "in_vain": dict(_find_vain(policy, setting, refusals, offered)),
        "heard_after": preferences[: preferences.index(setting.label)] if is_preference else [],
    }


def _find_value(setting: Setting) -> bool | str | list[str]:
    if setting.is_switch:
        return setting.is_on
    return setting.text or [str(entry) for entry in setting.entries]


def _find_vain(
    policy: Policy, setting: Setting, refusals: _Refusals, offered: _Offered
) -> Iterator[tuple[str, str]]:
    """Yield the entries of a setting that have no effect, with the reasons."""
    for entry in setting.entries if KEYS[setting.key].names_distributions else ():
        found = refusals.get(entry.distribution)
        others = [reason for by, reason in found or () if by is not setting]
        if found is None and entry.distribution not in BUILT_IN:
            yield str(entry), "it is not installed"
        elif others and setting.key != "disable":
            yield str(entry), others[0]
        elif entry.component and not _may_offer(offered, entry):
            yield str(entry), f"{entry.distribution} offers no {entry.component!r}"
    for other in policy.settings if setting.is_switch and not setting.is_narrowing else ():
        if other.key == setting.key and other.is_narrowing:
            yield _show(setting.is_on), f"{other.label} is {_show(other.is_on)}"
            return


def _may_offer(offered: _Offered, entry: Entry) -> bool:
    names = offered.get(entry.distribution)
    return names is None or lookup_key(entry.component) in names


def write_settings(data: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that present the result of `describe_settings`."""
    yield "Settings, the outermost first:" if data["sources"] else "No settings."
    for source in data["sources"]:
        if "list" in source:
            yield f"  {source['place']}: {source['list']}"
        elif not source["settings"] and not source["errors"]:
            yield f"  {source['place']} has none"
        for setting in source["settings"]:
            yield from _write_setting(setting)
        for versions in source.get("for_other_versions", ()):
            yield f"  {source['place']} has a table for {versions}, and this is kplug {__version__}"
        for error in source["errors"]:
            yield f"  error: {error['message']}. {error['hint']}"
    yield "Plugins:" if data["plugins"] else "No plugins."
    for plugin in data["plugins"]:
        off = "; ".join(dict.fromkeys(plugin["off"]))
        yield f"  {plugin['distribution']} {plugin['version']} {f'is off: {off}' if off else 'may load'}"
    for section in data["sections"]:
        yield f"{section['title']}:"
        for name, facts in section["entries"].items():
            yield f"  {name}"
            yield from (f"    {fact}: {text}" for fact, text in facts.items())
    yield from (f"Not shown: {problem}" for problem in data["not_shown"])


def _write_setting(setting: dict[str, Any]) -> Iterator[str]:
    line = f", line {setting['line']}" if setting["line"] else ""
    value = setting["value"]
    if isinstance(value, bool):
        value = _show(value)
    shown = value if isinstance(value, str) else ", ".join(value) or "none"
    yield f"  {setting['setting']}{line}: {shown}"
    if setting["keeps_out"]:
        yield f"    keeps out {', '.join(setting['keeps_out'])}"
    for entry, reason in setting["in_vain"].items():
        yield f"    {entry} has no effect: {reason}"
    if setting["heard_after"]:
        yield f"    heard after {', '.join(setting['heard_after'])}"


def _show(is_on: bool) -> str:
    return "on" if is_on else "off"
