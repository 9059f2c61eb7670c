"""The schema of a site: a dataclass for each noun, with the keys of its JSON as fields."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from kplug_registry.site_format.contract_results import CheckSummary, ContractResults

FORMAT = 1  # raised on incompatible changes
MOST_HITS = 200  # of a search file, so that a search costs the same in a large site
MOST_OF_ONE = 40  # hits of one distribution in a search file that others would fill
LONGEST_HIT_SUMMARY = 160  # so that a file of hits stays small, whatever authors write
ENDING = ("deprecated", "archived")  # stages of what nobody should begin to use
_LICENCES = (
    "0bsd agpl-3.0-only agpl-3.0-or-later apache-2.0 bsd-2-clause bsd-3-clause gpl-2.0-only "
    "gpl-3.0-only gpl-3.0-or-later isc lgpl-3.0-only lgpl-3.0-or-later mit mpl-2.0 unlicense zlib other"
)
LICENCES = tuple(_LICENCES.split())  # those that are told apart
MOST_WORDS = 200  # of a prefix file, for the same reason
MOST_DEPENDENTS = 200  # of a file, for the same reason


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
        signature: Arguments with types and defaults, such as ``(smooth: float = 1e-05)``; empty if unknown.
        requires: Requirements of the distribution (PEP 508).
        requires_python: The Pythons that it supports (PEP 440); empty for all.
        wheels: What is installed: one of them, chosen by the tags of their names. By file name.
        yanked: Why it was withdrawn, or None. It is installed only where it is asked for exactly.
        is_qualified_only: Whether the bare name does not mean this component.
        picture: Its picture, if drawn.
        checks: Its contract results in short, according to the publisher; None if unknown.
        example: How it is written with the arguments of its author's example; empty without one.
        is_stated: Whether the author states what its code does not show, such as the signature.
        lifecycle: The stage of the component, or else of the distribution; None if unknown.
        successor: What to use instead of what is deprecated or archived.
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
    lifecycle: str | None = None
    successor: str | None = None


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
        signature: Arguments with types and defaults; empty if no code shows them.
        summary: One line.
        documentation: The documentation of the object.
        lifecycle: Its stage, or else that of its distribution; None if unknown.
        successor: What to use instead of what is deprecated or archived.
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
    lifecycle: str | None = None
    successor: str | None = None
    is_qualified_only: bool = False
    example: str = ""
    is_stated: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of an OIDC token, such as ``repository`` and ``acme/waves``."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """Who an OIDC token was issued to: a workflow of a CI service, as far as its claims are pinned.

    Args:
        issuer: The identity provider's address.
        claims: By name.
    """

    issuer: str
    claims: tuple[Claim, ...]

    def __str__(self) -> str:
        """Return it in one line."""
        claims = ", ".join(f"{claim.name} {claim.value}" for claim in self.claims)
        return f"{claims} ({self.issuer})"


@dataclass(frozen=True, slots=True)
class TrustedPublisher:
    """A workflow that may publish a distribution without a stored token.

    Args:
        name: The name that an owner gave it.
        owner: In whose name it publishes: an owner of the distribution.
        audience: The audience that its tokens have to be for.
        workflow: The issuer and the claims that its tokens have to have.
    """

    name: str
    owner: str
    audience: str
    workflow: Workflow


@dataclass(frozen=True, slots=True)
class PendingPublisher:
    """A workflow that may be the first to publish a name.

    Args:
        distribution: The normalised name.
        expires: When it may no longer, in UTC.
        publisher: The workflow; whoever it publishes for becomes the owner.
    """

    distribution: str
    expires: str
    publisher: TrustedPublisher


@dataclass(frozen=True, slots=True)
class PendingList:
    """``names/pending.json``: who may be the first to publish which name.

    Args:
        publishers: By name, owner and publisher.
    """

    publishers: tuple[PendingPublisher, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """The attestations of a wheel (PEP 740), in ``files/<filename>.provenance``.

    Args:
        filename: The wheel's name.
        sha256: The hash of the file.
        predicate_types: What is stated of the wheel, each as an address.
        workflow: The workflow that signed.
        is_verified: Whether the registry has verified all signatures, certificates and log entries.
    """

    filename: str
    sha256: str
    predicate_types: tuple[str, ...]
    workflow: Workflow
    is_verified: bool


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
        lifecycle: Its stage, as its wheels state it; None if unknown.
        successor: The distribution to use instead of what is deprecated or archived.
        is_library: Whether it offers nothing to kplug, and is there for plugins that require it.
        workflow: The workflow that published its first wheel; None if it was a person's or a stored token.
        provenances: The attestations of its wheels, by file name.
        license: The licence that its metadata state, as an expression or as text; may be empty.
        keywords: The keywords of its metadata.
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
    lifecycle: str | None = None
    successor: str | None = None
    is_library: bool = False
    workflow: Workflow | None = None
    provenances: tuple[Provenance, ...] = ()
    license: str = ""
    keywords: tuple[str, ...] = ()


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
    """An owner or a trusted publisher who was added to a distribution, or removed.

    Args:
        owner: The owner; ``workflow:NAME`` for a trusted publisher.
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
        trusted_publishers: The workflows that may publish it, by name.
    """

    name: str
    releases: tuple[Release, ...]
    owners: tuple[str, ...] = ()
    owner_changes: tuple[OwnerChange, ...] = ()
    trusted_publishers: tuple[TrustedPublisher, ...] = ()


class SearchHit(Struct, frozen=True, omit_defaults=True):
    """A component, as a search shows it: of the newest version that is not yanked.

    It does not say which that is, so a new version of the same components writes no file of hits. In a file,
    fields that have their defaults are left out.

    Args:
        kind: The singular name of the kind.
        name: The declared name.
        distribution: The normalised name of the distribution.
        summary: One line, cut at `LONGEST_HIT_SUMMARY` characters.
        is_qualified_only: Whether the bare name does not mean this component.
        lifecycle: The stage of the component, or else of the distribution; None if unknown.
        score: The standing of the distribution, which does not depend on the word.
        since: The day of its first release in this registry: ``2026-01-31``.
        level: The level that the page of the component shows; empty for none.
        licence: The SPDX identifier of a usual licence in small letters, or ``other``; empty if unknown.
    """

    kind: str
    name: str
    distribution: str
    summary: str = ""
    is_qualified_only: bool = False
    lifecycle: str | None = None
    score: int = 0
    since: str = ""
    level: str = ""
    licence: str = ""

    @property
    def is_ending(self) -> bool:
        """Whether nobody should begin to use it."""
        return self.lifecycle in ENDING

    @property
    def written(self) -> str:
        """Its name as written in code."""
        return f"{self.distribution}/{self.name}" if self.is_qualified_only else self.name


@dataclass(frozen=True, slots=True)
class SearchFile:
    """``search/<word>.json``: components that have a word in their name, texts or keywords.

    Args:
        word: The word.
        hits: Those with the word in their name first, then by score; `MOST_HITS` at most, and
            `MOST_OF_ONE` of a distribution where others would have no place.
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
class Dependent:
    """A distribution whose current release requires another.

    Args:
        name: Its normalised name.
        publisher: The owner who published that release.
    """

    name: str
    publisher: str


@dataclass(frozen=True, slots=True)
class DependentsFile:
    """``dependents/<name>.json``: the distributions of the site that require one, which need not be there.

    Args:
        name: The normalised name of the required distribution.
        dependents: By name; `MOST_DEPENDENTS` at most.
    """

    name: str
    dependents: tuple[Dependent, ...]


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
class PageWriters:
    """``catalogue/writers.json``: what has written pages since all of them were written together.

    Args:
        writers: Versions of kplug-registry, each with a hash of what decides on pages, the oldest first.
    """

    writers: tuple[str, ...]


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
