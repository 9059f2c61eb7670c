"""`Package`: a distribution that is not installed and offers a requested name."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from kplug.registry.errors import RegistrationError
from kplug.registry.quoting import quote

_LONGEST_COMMAND = 500


@dataclass(frozen=True, slots=True)
class Package:
    """A distribution that is not installed here and offers a requested name.

    Args:
        distribution: Its name.
        version: The version that offers it; empty if that is not known.
        install: The command that installs it, one line; ``pip install`` with its name by default.

    Raises:
        RegistrationError: for an invalid name or version, or a command that does not print as one line.

    Example:
        >>> package = Package("kplug-segmentation", "1.0.0rc1")
        >>> print(package, "|", package.install)
        kplug-segmentation 1.0.0rc1 | pip install kplug-segmentation
    """

    distribution: str
    version: str = ""
    install: str = ""

    def __post_init__(self) -> None:
        try:
            name = canonicalize_name(self.distribution, validate=True)
        except (InvalidName, TypeError):
            raise RegistrationError(
                f"{quote(self.distribution)} cannot be the name of a distribution",
                hint="Such names have letters, digits and, in between, '.', '_' and '-'.",
            ) from None
        check_version(self.distribution, self.version)
        install: object = self.install or f"pip install {name}"
        is_line = isinstance(install, str) and install.isprintable()
        if not is_line or len(str(install)) > _LONGEST_COMMAND:
            raise RegistrationError(
                f"{quote(install)} is no command that installs {name}",
                hint=f"Give one line of printable text, {_LONGEST_COMMAND} characters at most.",
            )
        object.__setattr__(self, "distribution", name)
        object.__setattr__(self, "install", install)

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".rstrip()


def check_version(distribution: str, version: object) -> None:
    """Raise a RegistrationError unless a version is one, or empty."""
    try:
        Version(version or "0")  # type: ignore[arg-type]  # a plugin may give anything
    except (InvalidVersion, TypeError):
        raise RegistrationError(
            f"{quote(version)} is no version of {distribution}",
            hint="Versions are those of PEP 440.",
        ) from None
