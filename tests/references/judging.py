"""Judges comparisons: what differs without a reason, and what the pages say of the rest."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass

from tests.references.differences import DIFFERENCES
from tests.references.sentences import write_sentence
from tests.references.table import Reference, compare_both


@dataclass(frozen=True)
class Judgement:
    """The judgement of one comparison.

    Args:
        faults: Parts whose difference has no reason, and reasons for what does not differ.
        sentence: What the page of the component says.
    """

    faults: Mapping[str, str]
    sentence: str


def judge(reference: Reference) -> Judgement:
    """Compare a component with its reference."""
    result, reasons = compare_both(reference), DIFFERENCES.get(reference.key, {})
    faults = {
        part: text
        for part, text in result.differing.items()
        if not any(fnmatch.fnmatch(part, each) for each in reasons)
    }
    faults |= {
        each: "it does not differ" for each in reasons if not fnmatch.filter(result.differing, each)
    }
    if not result.count:
        faults["*"] = "both readings have no part in common"
    return Judgement(faults, write_sentence(reference.name, reference.version, reasons))
