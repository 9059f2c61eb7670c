"""`Policy`: the combined effect of all settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kplug.registry.errors import PolicyError
from kplug.registry.policy.environment import ENVIRONMENT
from kplug.registry.policy.list_entries import Installed, parse_entry
from kplug.registry.policy.settings import Setting, Source

_IN_CODE = "the running program"
_OF_PROCESS = (_IN_CODE, ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class Policy:
    """Decides which plugins may load.

    Args:
        sources: The sources of settings, outermost first: later ones never permit what earlier ones refuse.
        prefer: ``distribution`` or ``distribution/name``, best first.
        named: Every distribution that a setting names, with that setting, to detect misspelt names.
    """

    sources: tuple[Source, ...] = ()
    prefer: tuple[str, ...] = field(init=False)
    named: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        preferred = (str(e) for s in settings if s.key == "prefer" for e in s.entries)
        named = {e.distribution: s.label for s in reversed(settings) for e in s.entries}
        object.__setattr__(self, "prefer", tuple(preferred))
        object.__setattr__(self, "named", named)

    @property
    def settings(self) -> list[Setting]:
        """Every setting, in the order of precedence for preferences."""
        inward = self.sources[::-1]
        of_process = [source for source in inward if source.place in _OF_PROCESS]
        sources = [*of_process, *(source for source in inward if source not in of_process)]
        return [setting for source in sources for setting in source.settings.values()]

    @property
    def errors(self) -> list[PolicyError]:
        """Errors in settings. With any, no plugin may load, since the setting may concern it."""
        return [error for source in self.sources for error in source.errors]

    @property
    def disabled(self) -> dict[str, str]:
        """Every distribution that a setting switches off by name, with that setting."""
        found = [s.settings["disable"] for s in self.sources if "disable" in s.settings]
        return {entry.distribution: setting.label for setting in found for entry in setting.entries}

    @property
    def limited(self) -> frozenset[str]:
        """Every distribution that a list restricts to some versions or files."""
        entries = [entry for setting in self.settings for entry in setting.entries]
        return frozenset(e.distribution for e in entries if e.versions is not None or e.hashes)

    def find_refusal(self, installed: Installed) -> str | None:
        """Return why a distribution may not load, or None if it may."""
        return next((reason for _, reason in self.find_refusals(installed)), None)

    def find_refusals(self, installed: Installed) -> Iterator[tuple[Setting | None, str]]:
        """Yield every reason why a distribution may not load, with its setting if there is one."""
        for error in self.errors:
            yield None, error.message
        lists: list[Setting] = []  # of this source and the outer ones; no inner one widens them
        for source in self.sources:
            if "plugins" in source.settings:
                lists.append(source.settings["plugins"])
            for setting in source.settings.values():
                reason = _find_objection(setting, lists, installed)
                if reason is not None:
                    yield setting, f"{setting.label} {reason}"

    def preferring(self, entries: tuple[str, ...]) -> Policy:
        """Return this policy with preferences from code ahead of those from settings.

        Raises:
            PolicyError: for an entry that is neither ``distribution`` nor ``distribution/name``.
        """
        label = "the call of prefer()"
        prefer = tuple(parse_entry(label, "prefer", entry) for entry in entries)
        source = Source(_IN_CODE, {"prefer": Setting("prefer", label, prefer)})
        return Policy((*self.sources, source))


def _find_objection(setting: Setting, lists: Sequence[Setting], installed: Installed) -> str | None:
    """Return the objection of a setting to a distribution, or None."""
    if setting.key == "autoload" and setting.is_narrowing and not lists:
        return "is off and no list of plugins names it"
    if setting.key == "strict" and setting.is_narrowing:
        if not _is_pinned(lists, installed):
            return "is on and no list of plugins pins it to a version or a hash"
        if doubt := installed.find_doubt():
            return f"is on, and its code cannot be vouched for: {doubt}"
    named = [entry for entry in setting.entries if entry.distribution == installed.distribution]
    if setting.key == "disable" and named:
        return "names it"
    if setting.key == "plugins":
        objections = [entry.find_objection(installed) for entry in named]
        return None if None in objections else next(iter(objections), "does not name it")
    return None


def _is_pinned(lists: Sequence[Setting], installed: Installed) -> bool:
    entries = (entry for setting in lists for entry in setting.entries)
    mine = (entry for entry in entries if entry.distribution == installed.distribution)
    return any(entry.is_pinned and entry.find_objection(installed) is None for entry in mine)
