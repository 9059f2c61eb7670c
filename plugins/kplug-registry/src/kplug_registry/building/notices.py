"""Changes the list of recalls and advisories, and finds what it says about a version."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from packaging.specifiers import SpecifierSet

from kplug_registry.building.site_view import SiteView
from kplug_registry.errors import PublishingError
from kplug_registry.site_format import RECALLS, NoticeEntry, NoticeFile, to_json

Topic = Literal["recalls", "advisories"]
_MOST_BYTES = 1 << 20  # which every client fetches, and kplug reads


def read_notices(view: SiteView) -> NoticeFile:
    """Return the list of a site; an empty one if it has none."""
    return view.find(NoticeFile, RECALLS) or NoticeFile()


def list_notices(view: SiteView, topic: Topic, name: str, version: str) -> list[NoticeEntry]:
    """Return what the list says about a version of a distribution."""
    listed: tuple[NoticeEntry, ...] = getattr(read_notices(view), topic)
    return [
        each
        for each in listed
        if each.distribution == name
        and SpecifierSet(each.versions).contains(version, prereleases=True)
    ]


def change_notices(view: SiteView, topic: Topic, notice: NoticeEntry, *, is_undone: bool) -> None:
    """Put a notice on the list, in place of the one about the same versions, or take that from it.

    Raises:
        PublishingError: if there is none to be taken, or the list gets too large.
    """
    before = read_notices(view)
    listed: dict[tuple[str, str], NoticeEntry] = {
        (each.distribution, each.versions): each for each in getattr(before, topic)
    }
    known = listed.pop(subject := (notice.distribution, notice.versions), None)
    if is_undone and known is None:
        about = [f"{name}{versions}" for name, versions in listed if name == notice.distribution]
        raise PublishingError(
            f"nothing is listed about {''.join(subject)} among the {topic}",
            hint=f"Listed are {', '.join(about)}." if about else "",
        )
    if not is_undone:
        listed[subject] = replace(notice, since=known.since if known else notice.since)
    found = tuple(listed[each] for each in sorted(listed))
    after = replace(before, number=before.number + 1, date=notice.since)
    is_recall = topic == "recalls"
    after = replace(after, recalls=found) if is_recall else replace(after, advisories=found)
    if len(to_json(after)) > _MOST_BYTES:
        raise PublishingError(
            f"{RECALLS} would have more than {_MOST_BYTES >> 20} MiB, which every client fetches",
            hint="Take back notices about versions that nobody has any longer.",
        )
    view.write_noun(RECALLS, after)
