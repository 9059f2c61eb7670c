"""`Finding`: a fault that `kplug doctor` reports, with the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass

from kplug.registry.errors import RegistrationError
from kplug.registry.quoting import quote


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, with the command that mends it.

    Args:
        topic: Its category in a word: ``broken``, ``shadowed``, ``duplicate``, ``overlapping``,
            ``changed``, ``locked``, ``stale``, ``slow``, ``recalled``, ``advisory``, ``misspelt``,
            ``wrong-contract``, ``setting`` or another.
        about: The distribution, with its version where it is known.
        message: What is wrong.
        command: The command that mends it.
        is_broken: Whether it keeps something from working.

    Raises:
        RegistrationError: for anything but texts.

    Example:
        >>> Finding("stale", "ponds", "the map of ponds is a year old", "ponds fetch").is_broken
        True
    """

    topic: str
    about: str
    message: str
    command: str
    is_broken: bool = True

    def __post_init__(self) -> None:
        given: tuple[object, ...] = (self.topic, self.about, self.message, self.command)
        if not all(isinstance(text, str) for text in given):
            raise RegistrationError(
                f"{quote(given)} is no finding for `kplug doctor`",
                hint='Give texts: kplug.Finding("stale", "ponds", "the map is old", "ponds fetch").',
            )
