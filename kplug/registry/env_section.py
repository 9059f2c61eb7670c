"""`Section`: a part of the `kplug env` output that a plugin contributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kplug.registry.errors import RegistrationError
from kplug.registry.quoting import quote


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what `kplug env` shows.

    Args:
        title: The title above the entries, such as ``Registries``.
        entries: The facts of each entry by its name, as labels and texts in the order of display.

    Raises:
        RegistrationError: for anything but texts.

    Example:
        >>> Section("Ponds", {"north": {"depth": "2 m"}}).entries["north"]
        {'depth': '2 m'}
    """

    title: str
    entries: Mapping[str, Mapping[str, str]]

    def __post_init__(self) -> None:
        given: object = self.entries
        is_mapping = isinstance(given, Mapping) and all(
            isinstance(facts, Mapping) for facts in given.values()
        )
        texts = [self.title]
        for name, facts in self.entries.items() if is_mapping else ():
            texts += [name, *facts, *facts.values()]
        if not is_mapping or not all(isinstance(text, str) for text in texts):
            raise RegistrationError(
                f"{quote(given)} is no section {quote(self.title)} for `kplug env`",
                hint='Give texts: kplug.Section("Ponds", {"north": {"depth": "2 m"}}).',
            )
