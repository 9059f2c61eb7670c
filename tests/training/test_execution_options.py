"""The arguments of ``compile`` that say how steps are run."""

from __future__ import annotations

from typing import Any

import pytest

from kplug.errors import ArgumentValueError, KplugWarning
from kplug.layers import Dense, Input
from kplug.models import Sequential


def compile_model(**options: Any) -> Sequential:
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse", **options)
    return model


@pytest.mark.parametrize(
    ("options", "is_jit"),
    [
        ({}, False),
        ({"jit_compile": True}, True),
        ({"jit_compile": None}, False),
        ({"jit_compile": "auto", "run_eagerly": True}, False),
        ({"run_eagerly": True}, False),
        ({"jit_compile": True, "run_eagerly": False}, True),
        ({"jit_compile": True, "run_eagerly": None}, True),
    ],
)
def test_whether_steps_are_compiled(options: dict[str, Any], is_jit: bool) -> None:
    compiled = compile_model(**options).compiled
    assert compiled is not None
    assert compiled.jit_compile is is_jit
    assert compiled.steps_per_execution == 1


@pytest.mark.parametrize("mode", ["auto", "reduce-overhead"])
def test_modes_with_a_name(mode: str) -> None:
    compiled = compile_model(jit_compile=mode).compiled
    assert compiled is not None
    assert compiled.jit_compile == mode


def test_run_eagerly_goes_before() -> None:
    with pytest.warns(KplugWarning, match="run_eagerly=True switches jit_compile=True off"):
        compiled = compile_model(jit_compile=True, run_eagerly=True).compiled
    assert compiled is not None
    assert not compiled.jit_compile


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"jit_compile": "yes"},
            "argument 'jit_compile' is 'yes'; allowed: True, False, 'auto' or 'reduce-overhead'",
        ),
        ({"run_eagerly": "no"}, "argument 'run_eagerly' is 'no'; allowed: True or False"),
        (
            {"steps_per_execution": 0},
            "argument 'steps_per_execution' is 0; allowed: an integer >= 1",
        ),
        ({"steps_per_execution": 1.5}, "'steps_per_execution' is 1.5; allowed: an integer >= 1"),
    ],
)
def test_refusals(options: dict[str, Any], message: str) -> None:
    model = compile_model()
    before = model.compiled
    with pytest.raises(ArgumentValueError, match=message):
        model.compile("sgd", "mse", **options)
    assert model.compiled is before
