"""Assigns results of the contract suite to the wheels of the build that was checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from kplug_registry.errors import PublishingError
from kplug_registry.wheels.check_report import SuppliedResults
from kplug_registry.wheels.code_hashes import list_code_hashes
from kplug_registry.wheels.reading import WheelContents


def add_results(
    wheels: Iterable[WheelContents], supplied: Sequence[SuppliedResults]
) -> Iterator[WheelContents]:
    """Yield wheels with the results for the same name, version and code, given here or with the wheel.

    Results of other distributions are ignored.

    Args:
        wheels: The contents of the wheels.
        supplied: The results.

    Raises:
        PublishingError: after the last wheel, for results of another version or other code, for components
            that a wheel does not offer, or for two results of one wheel.
    """
    used: list[SuppliedResults] = []
    known: dict[str, list[WheelContents]] = {}
    for wheel in wheels:
        given = (one for one in supplied if one.distribution == wheel.metadata.name)
        own = [*given, *wheel.supplied]
        if own:  # keeps only these wheels in memory
            known.setdefault(wheel.metadata.name, []).append(wheel)
        fitting = _select(wheel, own)
        used += fitting
        for one in wheel.supplied:
            if one not in fitting:
                raise _explain_misfit(one, [wheel])
        yield replace(wheel, results=fitting[0].results) if fitting else wheel
    for one in supplied:
        is_alone = not any(other.where == one.where for other in used)
        if one not in used and (one.distribution in known or is_alone):
            raise _explain_misfit(one, known.get(one.distribution, []))


def _select(wheel: WheelContents, own: list[SuppliedResults]) -> list[SuppliedResults]:
    same_version = [one for one in own if one.version == wheel.metadata.version]
    hashes = list_code_hashes(wheel.path) if same_version else frozenset()
    fitting = [one for one in same_version if one.hash in hashes]
    if len(fitting) > 1:
        places = " and ".join(one.where for one in fitting)
        raise PublishingError(f"{places} both have results of {wheel.path.name}", hint="Give one.")
    for one in fitting:
        offered = {(entry.kind, entry.name) for entry in wheel.components}
        for row in one.results.components:
            if (row.kind, row.name) not in offered:
                raise PublishingError(
                    f"{one.where} has results of the {row.kind[:80]} {row.name[:80]!r}, which "
                    f"{wheel.path.name} does not offer"
                )
    return fitting


def _explain_misfit(one: SuppliedResults, wheels: list[WheelContents]) -> PublishingError:
    name = f"{one.distribution} {one.version}"
    same_version = [wheel for wheel in wheels if wheel.metadata.version == one.version]
    if not same_version:
        others = ", ".join(wheel.path.name for wheel in wheels) or "none of that name"
        return PublishingError(
            f"{one.where} has results of {name}, and no wheel of it is given",
            hint=f"Given are: {others}.",
        )
    known = one.hash or "no hash"
    return PublishingError(
        f"{one.where} has results of {name} with other code than {same_version[0].path.name}: {known}",
        hint=f"Install the wheel, and write them again: kplug check {one.distribution} --json",
    )
