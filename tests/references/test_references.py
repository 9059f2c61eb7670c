"""Every component that another library has too computes the same, but for what a table gives reasons for."""

from __future__ import annotations

import pytest
from kplug_numbers.plugin import READ

from tests.references.differences import DIFFERENCES


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the libraries warn of their own arguments
@pytest.mark.parametrize("kind", READ)
def test_components_are_equal_to_their_references(kind: str) -> None:
    from tests.references.judging import judge  # imports five libraries
    from tests.references.table import list_references

    references = [one for one in list_references() if one.kind == kind]
    faults = {one.key: found.faults for one in references if (found := judge(one)).faults}
    assert faults == {}
    assert len(references) >= 3
    assert {key for key in DIFFERENCES if key.startswith(f"{kind} ")} <= {
        one.key for one in references
    }
