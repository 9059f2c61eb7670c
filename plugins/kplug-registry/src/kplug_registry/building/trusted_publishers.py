"""Trusted publishers: the workflows that publish a distribution with an OIDC token, in its signed file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from kplug_registry.building.held_names import change_names, list_names
from kplug_registry.building.owners import (
    OPERATOR,
    check_owner,
    check_owner_name,
    note_change,
)
from kplug_registry.building.site_view import SiteView
from kplug_registry.errors import NotPermittedError, PublishingError
from kplug_registry.site_format import (
    Claim,
    DistributionFile,
    OwnerChange,
    TrustedPublisher,
    Workflow,
    distribution_path,
)

TRUSTING = "names/trusting.json"
WORKFLOW_FILE = "workflow_file"  # a claim without its commit, which the server derives
_CHECKED = ("iss", "aud", "exp", "nbf", "iat", "jti")  # of every token, whatever is pinned
# Of these one has to be pinned. Others, such as `environment`, anybody's workflow can have.
_IDENTIFYING = ("sub", "repository", "repository_id", "project_path", "project_id", "email")
_MOST, _LONGEST = 20, 500
_PREFIX = "workflow:"  # no name of an owner has a colon


@dataclass(frozen=True)
class OidcIdentity:
    """What an identity provider has signed about a workflow.

    Args:
        issuer: The provider.
        audience: Who the token is for.
        claims: The claims that are texts, by name.
    """

    issuer: str
    audience: str
    claims: Mapping[str, str]


def make_workflow(issuer: str, claims: Mapping[str, str]) -> Workflow:
    """Return a workflow with pinned claims.

    Raises:
        PublishingError: if the issuer is no address, or the claims do not say whose workflow it is.
    """
    parts = urlsplit(issuer)
    is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    is_https = parts.scheme == "https" and parts.hostname is not None
    if not (is_https or is_local) or parts.query or parts.fragment or not _is_text(issuer):
        raise PublishingError(
            f"{issuer[:80]!r} is no address of an identity provider",
            hint="Give the claim `iss` of its tokens, such as https://token.actions.githubusercontent.com",
        )
    wrong = [name for name, value in claims.items() if not (_is_text(name) and _is_text(value))]
    wrong += [name for name in claims if name in _CHECKED]
    if wrong or len(claims) > _MOST:
        raise PublishingError(
            f"the claims {', '.join(map(repr, wrong or claims))[:200]} cannot be pinned",
            hint=f"Pin {_MOST} at most, each a line of {_LONGEST} characters at most; "
            f"{', '.join(_CHECKED)} are checked of every token.",
        )
    if not any(name in claims for name in _IDENTIFYING):
        raise PublishingError(
            f"no pinned claim says whose workflow it is: {', '.join(claims) or 'there are none'}",
            hint=f"Everybody at {issuer} could publish. Pin one of {', '.join(_IDENTIFYING)}.",
        )
    return Workflow(issuer, tuple(Claim(*each) for each in sorted(claims.items())))


def add_publisher(
    view: SiteView, file: DistributionFile, publisher: TrustedPublisher, by: str, date: str
) -> DistributionFile:
    """Return a distribution that trusts one publisher more, and list it among those that trust any.

    Raises:
        NotPermittedError: if whoever adds it is neither an owner nor the operator, or acts as another.
        PublishingError: if there is one of that name, or its owner is none of the distribution.
    """
    check_owner(file, publisher.owner)
    check_publisher(publisher, by)
    known = {one.name: one for one in file.trusted_publishers}
    if publisher.name in known or len(known) >= _MOST:
        raise PublishingError(
            f"{file.name} trusts {', '.join(known)} already, {_MOST} at most",
            hint=f"Take another name, or first: kplug owner distrust {file.name} {publisher.name} --to SITE",
        )
    change_names(view, TRUSTING, [file.name])
    change = OwnerChange(f"{_PREFIX}{publisher.name}", is_added=True, by=by, date=date)
    return note_change(_set(file, {**known, publisher.name: publisher}), change)


def check_publisher(publisher: TrustedPublisher, by: str) -> None:
    """Check who a publisher is, and who adds it.

    Raises:
        NotPermittedError: if that is neither the operator nor the owner in whose name it publishes.
        PublishingError: if its name or its audience can be none.
    """
    check_owner_name(publisher.name)
    if by not in (OPERATOR, publisher.owner):
        raise NotPermittedError(
            f"{by} cannot say that a workflow publishes as {publisher.owner}",
            hint=f"{publisher.owner} or whoever runs the registry can.",
        )
    if not _is_text(publisher.audience):
        raise PublishingError(
            f"{publisher.audience[:80]!r} is no audience",
            hint="Give the host of this registry's server, such as plugins.example.com",
        )


def remove_publisher(
    view: SiteView, file: DistributionFile, name: str, by: str, date: str
) -> DistributionFile:
    """Return a distribution that trusts one publisher less.

    Raises:
        NotPermittedError: if whoever removes it is neither an owner nor the operator.
        PublishingError: if there is none of that name.
    """
    if by != OPERATOR:
        check_owner(file, by)
    known = {one.name: one for one in file.trusted_publishers}
    if known.pop(name, None) is None:
        raise PublishingError(
            f"{file.name} trusts no publisher {name[:80]!r}",
            hint=f"It trusts {', '.join(known) or 'none'}.",
        )
    if not known:
        change_names(view, TRUSTING, (), [file.name])
    return note_change(
        _set(file, known), OwnerChange(f"{_PREFIX}{name}", is_added=False, by=by, date=date)
    )


def find_trusted(file: DistributionFile, identity: OidcIdentity) -> TrustedPublisher | None:
    """Return the publisher of a distribution that a token is of; every pinned value has to be equal."""
    return next((each for each in file.trusted_publishers if is_trusted(each, identity)), None)


def is_trusted(publisher: TrustedPublisher, identity: OidcIdentity) -> bool:
    """Whether a token is of a publisher."""
    workflow = publisher.workflow
    is_same = (workflow.issuer, publisher.audience) == (identity.issuer, identity.audience)
    return is_same and all(
        identity.claims.get(claim.name) == claim.value for claim in workflow.claims
    )


def list_trusting(view: SiteView) -> Iterator[DistributionFile]:
    """Yield the distributions with trusted publishers."""
    for name in list_names(view, TRUSTING):
        found = view.find(DistributionFile, distribution_path(name))
        if found is not None:
            yield found


def _set(file: DistributionFile, known: Mapping[str, TrustedPublisher]) -> DistributionFile:
    return replace(file, trusted_publishers=tuple(known[name] for name in sorted(known)))


def _is_text(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isprintable() and text == text.strip()
