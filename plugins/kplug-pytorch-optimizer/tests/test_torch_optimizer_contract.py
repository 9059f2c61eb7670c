"""The contract of kplug's components, and the README's tables about it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from kplug_authoring import ContractCase, check_contract, contract_cases
from kplug_pytorch_optimizer.examples import LEFT_OUT

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

README = Path(__file__).parents[1] / "README.md"
CASES = contract_cases("kplug-pytorch-optimizer")
QUICK = {"adabelief", "adahessian", "fadam", "lookahead", "muon", "qhadam", "soap"}
PARAMETERS = [
    pytest.param(
        case,
        id=str(case),
        marks=()
        if case.component.name in QUICK
        or (
            # The others take up to 100,000 steps.
            case.component.kind != "optimizer"
            and case.check.name not in ("finite", "goes_on", "late")
        )
        else pytest.mark.slow,
    )
    for case in CASES
]


@pytest.mark.sampled
@pytest.mark.parametrize("case", PARAMETERS)
def test_contract(case: ContractCase) -> None:
    check_contract(case)


def test_readme_says_what_is_checked_and_what_is_left_out() -> None:
    found = README.read_text(encoding="utf-8")
    missing = [row for row in render_result() if row not in found.splitlines()]
    assert not missing, "\n".join(missing)


def render_result() -> list[str]:
    """Return the rows of README's tables: all that is not left out passes, since `test_contract` does."""
    passed = Counter(case.component.kind for case in CASES)
    components = {(case.component.kind, case.component.name) for case in CASES}
    counts = Counter(kind for kind, _ in components)
    kinds = {name: kind for kind, name in components}
    left_out = Counter(kinds[name] for names in LEFT_OUT.values() for name in names)
    return [
        *(f"| {kind} | {counts[kind]} | {passed[kind]} | {left_out[kind]} |" for kind in counts),
        *(
            f"| `{check}` | {', '.join(f'`{name}`' for name in names)} | {reason} |"
            for (check, reason), names in LEFT_OUT.items()
        ),
    ]
