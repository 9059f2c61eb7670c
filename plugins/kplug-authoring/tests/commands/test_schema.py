"""``kplug schema``: what its schema accepts and refuses, what editors show, and its refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from kplug_authoring.commands.schema import make_schema
from typer.testing import CliRunner, Result

import kplug
from kplug.cli.app import app
from kplug.errors import KplugError
from tests.plugins import authoring as exposed
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen
authoring = exposed.authoring  # and this distribution

SOURCE = """
from typing import Literal, Optional
def wave(height: float, phase: "Literal['sine', 'square']" = "sine", *, size: Optional[int] = None):
    "Rise and fall."
    return lambda y_true, y_pred: y_true
def open_wave(height, bias_initializer="zeros", sizes: list[int] = (), name=None, **further):
    return lambda y_true, y_pred: y_true
"""


@pytest.fixture
def plugin(install: Sandbox) -> Sandbox:
    targets = {"wave": "waves:wave", "open_wave": "waves:open_wave"}
    install("waves", entry_points={"kplug.losses": targets}, modules={"waves.py": SOURCE})
    kplug.reload()
    return install


@pytest.fixture
def validator(plugin: Sandbox) -> Any:
    failures: list[str] = []
    schema = make_schema(failures)
    assert not failures
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(json.loads(json.dumps(schema)))


def _invoke(*arguments: object) -> Result:
    kplug.reload()
    return CliRunner().invoke(app, ["schema", *map(str, arguments)])


SCHEDULE = {
    "name": "exponential_decay",
    "initial_learning_rate": 0.1,
    "decay_steps": 9,
    "decay_rate": 0.9,
}
ACCEPTED: list[dict[str, Any]] = [
    {},
    {"seed": 7, "model": {"units": 3}},  # keys of the program's own
    {"loss": "mse", "optimizer": "adam", "metrics": ["mae", "kplug/auc"], "callbacks": []},
    {"loss": "0.5*dice + bce", "optimizer": "adam(lr=0.01)", "callbacks": "terminate_on_nan"},
    {"loss": {"name": "huber", "delta": 2}, "optimizer": {"name": "adam", "lr": 0.01}},
    {"loss": {"name": "huber", "args": {"delta": 2.0}}},
    {"loss": {"name": "huber", "delta": 99.0}},  # outside what is worth a search
    {"loss": {"one": "mse", "two": {"name": "huber", "delta": 2.0}}},
    {"loss": ["mse", {"name": "dice"}, None], "weighted_metrics": [["mae"], None]},
    {"metrics": {"one": ["mae", {"name": "auc", "num_thresholds": 9}], "two": "acc"}},
    {"optimizer": {"name": "adam", "lr": SCHEDULE}},
    {"optimizer": {"name": "adam", "learning_rate": "exponential_decay(0.1, 100, 0.9)"}},
    {"loss": {"name": "waves/wave", "height": 1.5, "phase": "square", "size": None}},
    {"loss": {"name": "open_wave", "height": [1], "bias_initializer": "ones", "sizes": [1], "any": 1}},
]  # fmt: skip
REFUSED: list[dict[str, Any]] = [
    {"loss": "msee"},
    {"loss": 3},
    {"loss": {"name": "huber", "dleta": 2.0}},
    {"loss": {"name": "huber", "delta": "big"}},
    {"loss": {"name": "adam"}},
    {"loss": {"name": "huber", "args": {}, "delta": 2.0}},
    {"loss": {"name": "wave"}},
    {"loss": {"name": "wave", "height": 1.0, "phase": "round"}},
    {"loss": {"name": "open_wave", "height": 1, "bias_initializer": "onse"}},
    {"loss": {"name": "open_wave", "height": 1, "name_": 1, "sizes": 3}},
    {"optimizer": {"name": "adam", "lr": {"name": "mse"}}},
    {"optimizer": {"lr": 0.1}},
    {"metrics": ["no_such"]},
]


def test_what_kplug_takes_is_accepted_and_what_it_refuses_is_not(validator: Any) -> None:
    for config in ACCEPTED:
        assert not [error.message for error in validator.iter_errors(config)], config
    for config in REFUSED:
        assert not validator.is_valid(config), config


def test_editors_are_told_names_defaults_and_summaries(validator: Any) -> None:
    text, flat, _ = validator.schema["$defs"]["loss"]["anyOf"]
    assert {"mse", "mean_squared_error", "kplug/huber", "waves/wave"} <= set(
        text["anyOf"][0]["enum"]
    )
    found = {
        name: one["then"]
        for one in flat["allOf"]
        for name in one["if"]["properties"]["name"]["enum"]
    }
    assert found["huber"]["properties"]["delta"] == {
        "anyOf": [{"type": "number"}],
        "default": 1.0,
        "description": "Worth a search: 0.1 to 10.0 (log).",
    }
    assert found["huber"]["description"].startswith("Squared for small errors")
    assert found["wave"] == found["waves/wave"] == {
        "description": "Rise and fall.",
        "required": ["height"],
        "properties": {
            "name": {},
            "height": {"anyOf": [{"type": "number"}]},
            "phase": {"anyOf": [{"enum": ["sine", "square"]}], "default": "sine"},
            "size": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        },
        "additionalProperties": False,
    }  # fmt: skip


@pytest.mark.usefixtures("authoring", "plugin")
def test_the_command_writes_a_file_or_prints(tmp_path: Path) -> None:
    result = _invoke(tmp_path / "schema.json")
    assert result.exit_code == 0, result.output
    assert not result.output
    written = (tmp_path / "schema.json").read_text(encoding="utf-8")
    assert json.loads(written)["$defs"].keys() >= {"loss", "optimizer", "schedule", "callback"}
    assert _invoke().stdout == written


@pytest.mark.usefixtures("authoring")
def test_a_component_that_does_not_load_costs_its_arguments_alone(
    plugin: Sandbox, tmp_path: Path
) -> None:
    plugin(
        "holes", entry_points={"kplug.losses": {"hole": "holes:hole"}}, modules={"holes.py": "1/0"}
    )
    result = _invoke(tmp_path / "schema.json")
    assert result.exit_code == 0
    assert "broken: " in result.stderr
    assert "ZeroDivisionError" in result.stderr
    schema = json.loads((tmp_path / "schema.json").read_text(encoding="utf-8"))
    check = jsonschema.Draft202012Validator(schema)
    assert check.is_valid({"loss": {"name": "hole", "depth": 3}})


@pytest.mark.usefixtures("authoring", "plugin")
def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KplugError, match="cannot be written: No such file or directory"):
        CliRunner().invoke(app, ["schema", str(tmp_path / "no" / "x.json")], catch_exceptions=False)
