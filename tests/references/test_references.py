"""Every component that another library has too computes the same, but for what a table gives reasons for."""

from __future__ import annotations

import fnmatch

import pytest
from kplug_numbers.plugin import READ

from tests.references.differences import DIFFERENCES


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the libraries warn of their own arguments
@pytest.mark.parametrize("kind", READ)
def test_components_are_equal_to_their_references(kind: str) -> None:
    from tests.references.table import compare_both, list_references  # imports five libraries

    faults = {}
    references = [one for one in list_references() if one.kind == kind]
    for one in references:
        result, known = compare_both(one), DIFFERENCES.get(one.key, {})
        explained = {part for each in known for part in fnmatch.filter(result.differing, each)}
        new = {part: text for part, text in result.differing.items() if part not in explained}
        gone = [each for each in known if not fnmatch.filter(result.differing, each)]
        if new or gone or not result.count:
            faults[one.key] = (new, gone, result.count)
    assert faults == {}
    assert len(references) >= 3
    assert {key for key in DIFFERENCES if key.startswith(f"{kind} ")} <= {
        one.key for one in references
    }
