"""The contract of kplug's components, and the README's tables about it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from kplug_authoring import ContractCase, check_contract, contract_cases
from kplug_monai.examples import LEFT_OUT
from kplug_monai.table import METRICS

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::FutureWarning:monai")

README = Path(__file__).parents[1] / "README.md"
CASES = contract_cases("kplug-monai")


@pytest.mark.sampled(12)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)


def test_readme_says_what_is_checked_and_what_is_left_out() -> None:
    found = README.read_text(encoding="utf-8").splitlines()
    missing = [row for row in render_result() if row not in found]
    assert not missing, "\n".join(missing)


def render_result() -> list[str]:
    """Return the rows of README's tables: all that is not left out passes, since `test_contract` does."""
    passed = Counter(case.component.kind for case in CASES)
    kinds = {case.component.name: case.component.kind for case in CASES}
    counts = Counter(kinds.values())
    left_out = Counter(kinds[name] for names in LEFT_OUT.values() for name in names)
    return [
        *(f"| {kind} | {counts[kind]} | {passed[kind]} | {left_out[kind]} |" for kind in counts),
        *(
            f"| `{check}` | {_list(names)} | {reason} |"
            for (check, reason), names in LEFT_OUT.items()
        ),
    ]


def _list(names: tuple[str, ...]) -> str:
    return "all metrics" if len(names) == len(METRICS) else ", ".join(f"`{name}`" for name in names)
