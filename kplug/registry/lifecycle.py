"""`Lifecycle`: how far a distribution or a component is in its life, as its author states it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from packaging.utils import canonicalize_name

from kplug.registry.errors import RegistrationError
from kplug.registry.quoting import quote

Stage = Literal["experimental", "stable", "deprecated", "archived"]
STAGES: tuple[Stage, ...] = get_args(Stage)

LIFECYCLE_GROUP = "kplug.lifecycle"
OF_DISTRIBUTION = "distribution"  # the entry point that is about the distribution itself

_CLASSIFIER = re.compile(r"(?:Classifier: *)?Development Status :: ([1-7]) - .*")
_CLASSIFIED: dict[str, Stage] = {
    **dict.fromkeys("1234", "experimental"),  # Planning, Pre-Alpha, Alpha, Beta
    **dict.fromkeys("56", "stable"),  # Production/Stable, Mature
    "7": "archived",  # Inactive
}
_HINT = (
    f"Stages are {', '.join(STAGES)}; the last two may name a successor: 'deprecated:acme_dice'."
)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A stage in the life of a distribution or a component.

    Args:
        stage: ``experimental`` may change or go; ``stable`` stays; ``deprecated`` is to go;
            ``archived`` is left as it is, and nobody maintains it.
        successor: What to use instead of what is deprecated or archived.

    Example:
        >>> print(Lifecycle("deprecated", "acme_dice"))
        deprecated; use 'acme_dice'
    """

    stage: Stage
    successor: str | None = None

    @property
    def is_ending(self) -> bool:
        """Whether nobody should begin to use it."""
        return self.stage in ("deprecated", "archived")

    def __str__(self) -> str:
        return f"{self.stage}; use {quote(self.successor)}" if self.successor else self.stage


def parse_lifecycle(name: str, value: str) -> Lifecycle:
    """Read an entry point of the group ``kplug.lifecycle``: ``kind.name``, or ``distribution``.

    Its value has the form of a reference, ``stage`` or ``stage:successor``, since builders take no other. A
    successor in another distribution has a dot for the slash, and underscores for hyphens.

    Raises:
        RegistrationError: for another stage, or a successor of what is to stay.

    Example:
        >>> parse_lifecycle("loss.dice", "deprecated:kplug_segmentation.dice_loss").successor
        'kplug-segmentation/dice_loss'
    """
    stage, colon, successor = (part.strip() for part in value.partition(":"))
    found = next((one for one in STAGES if one == stage), None)
    if found is None or (colon and not successor):
        raise RegistrationError(f"{quote(value)} is no lifecycle", hint=_HINT)
    distribution, dot, component = successor.partition(".")
    if name == OF_DISTRIBUTION:
        successor = canonicalize_name(successor)
    elif dot:
        successor = f"{canonicalize_name(distribution)}/{component}"
    if (fault := find_fault(found, successor or None)) is not None:
        raise RegistrationError(f"the lifecycle {quote(value)} names a successor", hint=fault)
    return Lifecycle(found, successor or None)


def find_fault(stage: object, successor: object) -> str | None:
    """Return what is wrong with a stage and a successor, as advice; None if nothing is."""
    if stage is not None and stage not in STAGES:
        return f"It is None, or one of {', '.join(map(repr, STAGES))}."
    if successor is not None and stage not in ("deprecated", "archived"):
        return "Only what is deprecated or archived has one."
    return None


def find_classified(headers: Iterable[str]) -> Lifecycle | None:
    """Return the lifecycle in the first Trove classifier of a development status, or None.

    Args:
        headers: Classifiers, or lines of ``METADATA``.

    Example:
        >>> print(find_classified(["Development Status :: 7 - Inactive"]))
        archived
    """
    found = (match for line in headers if (match := _CLASSIFIER.fullmatch(line)))
    return next((Lifecycle(_CLASSIFIED[match[1]]) for match in found), None)
