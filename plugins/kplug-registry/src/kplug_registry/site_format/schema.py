"""The schema of a site: a dataclass for each noun, with the keys of its JSON as fields."""

from __future__ import annotations

from dataclasses import dataclass

from kplug_registry.site_format.contract_results import CheckSummary, ContractResults

FORMAT = 1  # raised on incompatible changes
MOST_HITS = 200  # of a search file, so that a search costs the same in a large site
LONGEST_HIT_SUMMARY = 160  # so that a file of hits stays small, whatever authors write
MOST_WORDS = 200  # of a prefix file, for the same reason


@dataclass(frozen=True, slots=True)
class WheelFile:
    """A wheel in ``files/``.

    Args:
        filename: Its name.
        sha256: The hash of its content, in small hexadecimal digits.
        size: Its length in bytes.
        metadata_sha256: The hash of the metadata file that lies beside it (PEP 658).
        published: When, in UTC, as ``2026-01-31T12:00:00Z``.
    """

    filename: str
    sha256: str
    size: int
    metadata_sha256: str = ""
    published: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in ``pictures/``.

    Args:
        sha256: The hash of the SVG, in small hexadecimal digits.
        text: The alternative text.
    """

    sha256: str
    text: str


@dataclass(frozen=True, slots=True)
class DrawnComponent:
    """A component of a release of which there is a picture.

    Args:
        kind: The singular name of the kind.
        name: The declared name.
        picture: What it does.
    """

    kind: str
    name: str
    picture: Picture


@dataclass(frozen=True, slots=True)
class Offer:
    """One version of a distribution that offers a component under a lookup key.

    Args:
        distribution: The normalised name.
        version: The version, in its normal form.
        name: The name of the component as it is declared.
        summary: One line; may be empty.
        signature: Arguments with their defaults, such as ``(smooth=1e-05)``; empty if no code shows them.
        requires: Requirements of the distribution (PEP 508).
        requires_python: The Pythons that it supports (PEP 440); empty for all.
        wheels: What is installed: one of them, chosen by the tags of their names. By file name.
        yanked: Why it was withdrawn, or None. It is installed only where it is asked for exactly.
        is_qualified_only: Whether the bare name does not mean this component.
        picture: Its picture, if drawn.
        checks: Its contract results in short, according to the publisher; None if unknown.
        example: How it is written with the arguments of its author's example; empty without one.
        is_stated: Whether the author states what its code does not show, such as the signature.
    """

    distribution: str
    version: str
    name: str
    summary: str
    signature: str
    requires: tuple[str, ...]
    requires_python: str
    wheels: tuple[WheelFile, ...]
    yanked: str | None = None
    is_qualified_only: bool = False
    picture: Picture | None = None
    checks: CheckSummary | None = None
    example: str = ""
    is_stated: bool = False


@dataclass(frozen=True, slots=True)
class ComponentFile:
    """``components/<kind>/<key>.json``: who offers a name of a kind, in all versions.

    Args:
        kind: The singular name of the kind, such as ``loss``.
        key: The lookup key that the name and its other spellings share.
        offers: By distribution; of one distribution, the newest version first.
    """

    kind: str
    key: str
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class ComponentEntry:
    """A component of a release.

    Args:
        kind: The singular name of the kind.
        name: The declared name.
        aliases: Further names.
        target: ``package.module:object`` in the wheel.
        signature: Arguments with their defaults; empty if no code shows them.
        summary: One line.
        documentation: The documentation of the object.
        deprecated: What to use instead, if it is on its way out.
        is_qualified_only: Whether the bare name does not mean this component.
        example: How it is written with the arguments of its author's example; empty without one.
        is_stated: Whether the author states what its code does not show, such as the signature.
    """

    kind: str
    name: str
    target: str
    aliases: tuple[str, ...] = ()
    signature: str = ""
    summary: str = ""
    documentation: str = ""
    deprecated: str | None = None
    is_qualified_only: bool = False
    example: str = ""
    is_stated: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """A version of a distribution.

    Args:
        version: The version, in its normal form.
        published: When its first wheel was.
        summary: The line of its metadata.
        requires: Requirements (PEP 508).
        requires_python: The Pythons that it supports (PEP 440); empty for all.
        wheels: What is installed: one of them.
        yanked: Why it was withdrawn, or None.
        numbers: The hash of what its components compute, as its wheels have it; None if they have nothing.
        publisher: The owner who published its first wheel.
    """

    version: str
    published: str
    summary: str
    requires: tuple[str, ...]
    requires_python: str
    wheels: tuple[WheelFile, ...]
    yanked: str | None = None
    numbers: str | None = None
    publisher: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """``releases/<name>/<version>.json``: what a version offers, whichever of its wheels is installed.

    Args:
        distribution: The normalised name.
        version: The version, in its normal form.
        components: By kind and name.
        drawn: The components of which there is a picture.
        results: Those of the contract suite, if the publisher supplied some.
    """

    distribution: str
    version: str
    components: tuple[ComponentEntry, ...]
    drawn: tuple[DrawnComponent, ...] = ()
    results: ContractResults | None = None


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """An owner who was added to a distribution, or removed.

    Args:
        owner: The owner.
        is_added: Whether the owner was added.
        by: Who did it: an owner, or ``operator``.
        date: When, in UTC, as ``2026-01-31T12:00:00Z``.
    """

    owner: str
    is_added: bool
    by: str
    date: str


@dataclass(frozen=True, slots=True)
class DistributionFile:
    """``distributions/<name>.json``: all versions of a distribution.

    Args:
        name: The normalised name.
        releases: The newest first.
        owners: Who may publish it, by name.
        owner_changes: How they became so, the oldest first; the last hundred.
    """

    name: str
    releases: tuple[Release, ...]
    owners: tuple[str, ...] = ()
    owner_changes: tuple[OwnerChange, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A component, as a search shows it: of the newest version that is not yanked.

    Args:
        kind: The singular name of the kind.
        name: The declared name.
        distribution: The normalised name of the distribution.
        version: The version.
        summary: One line, cut at `LONGEST_HIT_SUMMARY` characters.
        is_qualified_only: Whether the bare name does not mean this component.
    """

    kind: str
    name: str
    distribution: str
    version: str
    summary: str
    is_qualified_only: bool = False

    @property
    def written(self) -> str:
        """Its name as written in code."""
        return f"{self.distribution}/{self.name}" if self.is_qualified_only else self.name


@dataclass(frozen=True, slots=True)
class SearchFile:
    """``search/<word>.json``: components that have a word in their name, distribution or summary.

    Args:
        word: The word.
        hits: Those with the word in their name first; `MOST_HITS` at most.
    """

    word: str
    hits: tuple[SearchHit, ...]


@dataclass(frozen=True, slots=True)
class PrefixFile:
    """``prefixes/<prefix>.json``: the words that begin with two, three or four characters.

    Args:
        prefix: The characters.
        words: The shortest first, and alphabetically; `MOST_WORDS` at most.
    """

    prefix: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LookalikeFile:
    """``lookalikes/<shape>.json``: the distribution that has the names of a shape to itself.

    Args:
        name: Its normalised name; the first in the alphabet if more were allowed.
    """

    name: str


@dataclass(frozen=True, slots=True)
class NameList:
    """``names/<list>.json``: names of distributions that decide which new ones are held.

    Args:
        names: Normalised names, sorted.
    """

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewestNames:
    """``simple/newest.json``: distributions that the two pages of all distributions lack.

    Args:
        listed: How many distributions the pages have.
        names: Their normalised names, sorted; fewer than a hundredth as many.
    """

    listed: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoticeEntry:
    """What is to be known about releases of a distribution.

    Args:
        distribution: The normalised name.
        versions: The versions, as a requirement has them: ``==1.2`` or ``<1.3``.
        reason: Why, in one line.
        since: When it was listed, in UTC, as ``2026-01-31T12:00:00Z``.
    """

    distribution: str
    versions: str
    reason: str
    since: str


@dataclass(frozen=True, slots=True)
class NoticeFile:
    """``recalls.json``: the recalls and advisories, as kplug reads them.

    Args:
        format: The version of kplug's format of lists.
        number: How often it has changed.
        date: When it last changed, in UTC.
        recalls: The releases that must not be installed or loaded.
        advisories: What is to be known about releases that may load.
    """

    format: int = 1
    number: int = 0
    date: str = ""
    recalls: tuple[NoticeEntry, ...] = ()
    advisories: tuple[NoticeEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class RecentRelease:
    """A release in the list of what is new."""

    distribution: str
    version: str
    summary: str
    published: str


@dataclass(frozen=True, slots=True)
class KindCount:
    """The number of components of a kind in the current releases."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class SiteFile:
    """``registry.json``: the format, what is new, and how much there is.

    Args:
        format: The version of the format.
        recent: The releases that were published last, the newest first.
        counts: The number of components of each kind, by kind.
    """

    format: int = FORMAT
    recent: tuple[RecentRelease, ...] = ()
    counts: tuple[KindCount, ...] = ()
