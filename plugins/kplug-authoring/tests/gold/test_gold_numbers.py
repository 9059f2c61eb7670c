"""Numbers that a distribution has recorded, and those of a reference."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from kplug_authoring import contract_cases
from kplug_numbers import record_numbers
from torch import Tensor

import kplug
from kplug.registry import REGISTRY
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

SOURCE = """
def distance(y_true, y_pred, scale=1.0):
    return scale * (y_true - y_pred).abs().mean(-1)
"""


@pytest.fixture
def acme(install: Sandbox) -> Path:
    """Install an editable distribution of a loss; return its package."""
    targets = {"distance": "acme_numbers:distance"}
    install(
        "acme-numbers",
        entry_points={"kplug.losses": targets},
        modules={"acme_numbers/__init__.py": SOURCE},
    )
    url = {"url": install.folder.as_uri(), "dir_info": {"editable": True}}
    (install.info("acme-numbers", "1.0") / "direct_url.json").write_text(json.dumps(url))
    return install.folder / "acme_numbers"


def change(package: Path, old: str, new: str) -> None:
    module = package / "__init__.py"
    module.write_text(module.read_text().replace(old, new))
    # Python takes bytecode for that of a source of the same size and second.
    shutil.rmtree(package / "__pycache__", ignore_errors=True)
    sys.modules.pop(package.name, None)
    REGISTRY.reload()


def find(distribution: str, check: str, level: str | None = "gold") -> str | None:
    """Return what a check finds; ``no case`` without one."""
    cases = contract_cases(distribution, level=level)  # type: ignore[arg-type]
    for case in cases:
        if case.check.name == check:
            try:
                case.run()
            except AssertionError as error:
                return str(error)
            return None
    return "no case"


def test_recorded_numbers_are_compared_without_being_asked_for(acme: Path) -> None:
    assert find("acme-numbers", "numbers", None) == "no case"
    told = find("acme-numbers", "numbers")
    assert told is not None
    assert "found: none are recorded\n  `kplug numbers record acme-numbers` writes them." in told

    record_numbers("acme-numbers")
    assert find("acme-numbers", "numbers", None) is None
    assert find("acme-numbers", "numbers") is None

    change(acme, "scale * ", "2.0 * scale * ")
    told = find("acme-numbers", "numbers", None)
    assert told is not None
    assert "found: differs: loss acme-numbers/distance: " in told
    assert "`kplug check DISTRIBUTION --accept` records the numbers anew" in told


def test_damaged_numbers_are_a_finding(acme: Path) -> None:
    (acme / "numbers.json").write_text("{")
    told = find("acme-numbers", "numbers", None)
    assert told is not None
    assert "numbers.json: it is no JSON" in told


def squared(y_true: Tensor, y_pred: Tensor, scale: float = 1.0) -> Tensor:
    return scale * (y_true - y_pred).square().mean(-1)


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("keras.losses:mean_squared_error", None),
        ("torch.nn.functional:mse_loss", None),
        ("kplug.losses:MeanSquaredError", None),
        (kplug.Component("reference", "keras.losses:MeanSquaredError", role="class"), None),
        ("torch.nn.functional:l1_loss", "torch.nn.functional:l1_loss differs: "),
        ("keras.losses:no_such", "cannot be loaded"),
        (None, "no reference"),
        (3, "the reference is 3"),
    ],
)
def test_a_reference_has_the_same_numbers(reference: object, told: str | None) -> None:
    def plain(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return squared(y_true, y_pred)

    marked = kplug.example(reference=reference)(plain)
    with kplug.scope(losses={"plain": marked}):
        found = find("custom", "reference")
    assert found is None if told is None else told in (found or "")


def test_a_reference_is_made_with_the_arguments_of_the_example() -> None:
    def bent(y_true: Tensor, y_pred: Tensor, delta: float) -> Tensor:
        error = (y_true - y_pred).abs()
        within = error.clamp(max=delta)
        return (within * (error - 0.5 * within)).mean(-1)

    marked = kplug.example({"delta": 0.5}, reference="keras.losses:Huber")(bent)
    with kplug.scope(losses={"bent": marked}):
        assert find("custom", "reference") is None


def test_an_author_says_why_there_is_no_reference() -> None:
    marked = kplug.example(leave_out={"reference": "nobody else has it"})(squared)
    with kplug.scope(losses={"squared": marked}):
        assert find("custom", "reference") == "no case"
