"""What the tests of optimizers share: the rules in NumPy."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_FORMULAS = Path(__file__).with_name("formulas.py")


@pytest.fixture(scope="session")
def follow() -> Callable[..., list[Any]]:
    """Return a function that gives the weights after each step, by the formula of a name."""
    spec = importlib.util.spec_from_file_location("kplug_optimizer_formulas", _FORMULAS)
    assert spec is not None
    assert spec.loader is not None
    formulas = importlib.util.module_from_spec(spec)  # tests are no package
    spec.loader.exec_module(formulas)

    def run(name: str, start: Any, gradients: list[Any], **arguments: Any) -> list[Any]:
        return list(getattr(formulas, name)(start, gradients, **arguments))

    return run
