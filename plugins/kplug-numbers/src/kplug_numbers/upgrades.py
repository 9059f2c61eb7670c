"""Says what another version of a distribution changes, from what both recorded. Nothing of them is run."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise

from packaging.version import Version

from kplug import PublishedVersion, Verdict
from kplug.commands import find_versions
from kplug.display.messages import quote
from kplug.errors import KplugError
from kplug_numbers.errors import ReadingError
from kplug_numbers.file_comparison import Result, compare_files
from kplug_numbers.numbers_file import NumbersFile, find_file, read_file


def list_changes(distribution: str, version: PublishedVersion) -> list[Verdict]:
    """Return a verdict for each component of an installed distribution, or one that says why there is none.

    Args:
        distribution: The normalised name.
        version: The other version, whose numbers are read unless they are those that are here.
    """
    try:
        place = find_file(distribution)
        if place is None:
            raise ReadingError("the version that is here has no recorded numbers")
        digest = sha256(place.read_bytes()).hexdigest()
        recorded = read_file(place)
        is_same = version.numbers_hash == f"sha256:{digest}"
        return _judge_all(recorded, recorded if is_same else _read(distribution, version))
    except KplugError as error:
        return [Verdict("cannot be compared", error.message)]


def list_history(distribution: str) -> Iterator[tuple[str, list[Verdict]]]:
    """Yield the versions in registries, the newest first, with what each changes; the first changes nothing.

    Args:
        distribution: The normalised name.

    Raises:
        ReadingError: if there are none.
    """
    found = sorted(find_versions(distribution), key=lambda one: Version(one.version), reverse=True)
    if not found:
        raise ReadingError(
            f"no registry that answers here has a version of {quote(distribution)}",
            hint="`kplug env` shows the registries.",
        )
    for later, earlier in pairwise(found):
        try:
            before = _read(distribution, earlier)
            is_same = later.numbers_hash == earlier.numbers_hash
            changes = _judge_all(before, before if is_same else _read(distribution, later))
        except KplugError as error:
            changes = [Verdict("cannot be compared", error.message)]
        yield later.version, changes
    yield found[-1].version, []


def _read(distribution: str, version: PublishedVersion) -> NumbersFile:
    if version.read_numbers is None:
        raise ReadingError(f"{version.version} has no recorded numbers")
    return NumbersFile.from_json(version.read_numbers(), f"{distribution} {version.version}")


def _judge_all(recorded: NumbersFile, found: NumbersFile) -> list[Verdict]:
    if not recorded.keys:
        raise ReadingError("no component of the earlier version has a reading")
    results = compare_files(recorded, found)
    # A new component changes nothing.
    return [_judge(one, recorded) for one in results if one.key in recorded.keys]


def _judge(result: Result, recorded: NumbersFile) -> Verdict:
    component = " ".join(result.key)
    if (why := recorded.unread.get(result.key)) is not None:
        return Verdict("cannot be compared", f"{component}: {why}")
    outcome = "cannot be compared" if result.outcome == "not recorded" else result.outcome
    return Verdict(outcome, f"{component}: {result.message}" if result.message else component)
