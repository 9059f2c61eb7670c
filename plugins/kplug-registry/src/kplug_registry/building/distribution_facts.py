"""`DistributionFacts`: what a page shows of a wheel's metadata, which lie in ``files/`` beside it."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr

from packaging.metadata import parse_email

from kplug_registry.building.rendered_text import MOST_README, is_address, render_readme

_MOST_LINKS, _LONGEST_LABEL, _LONGEST_ADDRESS, _LONGEST_NAME = 20, 60, 500, 200


@dataclass(frozen=True, slots=True)
class DistributionFacts:
    """What the author says of a release.

    Args:
        author: Who wrote it; empty if unknown.
        links: Labels with addresses of pages: the repository, the changelog.
        readme: The README, as HTML that is safe to show.
        is_cut: Whether the README is longer than what is shown.
    """

    author: str = ""
    links: tuple[tuple[str, str], ...] = ()
    readme: str = ""
    is_cut: bool = False


def read_facts(metadata: bytes) -> DistributionFacts:
    """Return what METADATA says; anything that is malformed is left out."""
    found, _ = parse_email(metadata)
    address = found.get("author_email") or found.get("maintainer_email") or ""
    author = found.get("author") or found.get("maintainer")
    author = author or next(filter(None, parseaddr(address)), "")
    links = {"Home page": found.get("home_page") or "", **(found.get("project_urls") or {})}
    kept = [
        (label[:_LONGEST_LABEL], link)
        for label, link in links.items()
        if is_address(link) and len(link) <= _LONGEST_ADDRESS
    ]
    text = found.get("description") or ""
    readme = render_readme(text, found.get("description_content_type") or "")
    return DistributionFacts(
        author[:_LONGEST_NAME], tuple(kept[:_MOST_LINKS]), readme, len(text) > MOST_README
    )
