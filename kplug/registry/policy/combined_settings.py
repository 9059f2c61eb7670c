"""`Policy`: the combined effect of all settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kplug.registry.errors import PolicyError
from kplug.registry.policy.environment import ENVIRONMENT
from kplug.registry.policy.keys import KEYS, Setting
from kplug.registry.policy.list_entries import Installed
from kplug.registry.policy.notices import Notice
from kplug.registry.policy.settings import Source, parse_entry

_IN_CODE = "the running program"
_OF_PROCESS = (_IN_CODE, ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class Policy:
    """Decides which plugins may load.

    Args:
        sources: The lists of recalls, then the sources of settings, outermost first: later ones never
            permit what earlier ones refuse.
        prefer: ``distribution`` or ``distribution/name``, best first.
        named: Every distribution that a setting names, with that setting, to detect misspelt names.
    """

    sources: tuple[Source, ...] = ()
    prefer: tuple[str, ...] = field(init=False)
    named: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        preferred = (str(e) for s in settings if s.key == "prefer" for e in s.entries)
        lists = [s for s in reversed(settings) if KEYS[s.key].names_distributions]
        named = {e.distribution: s.label for s in lists for e in s.entries}
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

    def judges_builds(self, distribution: str) -> bool:
        """Return whether settings may judge another build of a distribution differently."""
        probe = _Probe(distribution)
        object.__setattr__(probe, "is_read", False)
        for _ in self.find_refusals(probe):
            pass
        return probe.is_read

    def find_refusal(self, installed: Installed) -> str | None:
        """Return why a distribution may not load, or None if it may."""
        return next((reason for _, reason in self.find_refusals(installed)), None)

    def find_refusals(self, installed: Installed) -> Iterator[tuple[Setting | None, str]]:
        """Yield every reason why a distribution may not load, with its setting if there is one."""
        for error in self.errors:
            yield None, error.message
        for recall in self.list_recalls(installed):
            yield None, f"it was recalled on {recall}"
        lists: list[Setting] = []  # of this source and the outer ones; no inner one widens them
        for source in self.sources:
            if "plugins" in source.settings:
                lists.append(source.settings["plugins"])
            for setting in source.settings.values():
                reason = setting.find_reason(lists, installed)
                if reason is not None:
                    yield setting, f"{setting.label} {reason}"

    @property
    def recalled(self) -> set[str]:
        """Every distribution of which a list recalls versions."""
        lists = (source.notices for source in self.sources if source.notices)
        return {each.distribution for found in lists for each in found.recalls}

    def list_recalls(self, installed: Installed) -> list[Notice]:
        """Return the recalls of a distribution's version, for each of which it may not load."""
        lists = (source.notices for source in self.sources if source.notices)
        return [each for found in lists for each in found.recalls if each.concerns(installed)]

    def list_advisories(self, installed: Installed) -> list[Notice]:
        """Return what is to be known about a distribution's version."""
        lists = (source.notices for source in self.sources if source.notices)
        return [each for found in lists for each in found.advisories if each.concerns(installed)]

    def preferring(self, entries: tuple[str, ...]) -> Policy:
        """Return this policy with preferences from code ahead of those from settings.

        Raises:
            PolicyError: for an entry that is neither ``distribution`` nor ``distribution/name``.
        """
        label = "the call of prefer()"
        prefer = tuple(parse_entry(label, "prefer", entry) for entry in entries)
        source = Source(_IN_CODE, {"prefer": Setting("prefer", label, prefer)})
        return Policy((*self.sources, source))


class _Probe(Installed):
    """Notes whether a setting reads more than a distribution's name."""

    __slots__ = ("is_read",)
    is_read: bool

    def __getattribute__(self, name: str) -> Any:
        if name in ("version", "find_hash", "find_doubt"):
            object.__setattr__(self, "is_read", True)
        return super().__getattribute__(name)
