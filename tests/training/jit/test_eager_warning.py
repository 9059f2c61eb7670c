"""The text of the warning that a step runs eagerly: component, package and line."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from torch import Tensor

from kplug.errors import EagerStepWarning
from kplug.layers import Dense, Input
from kplug.models import Sequential
from kplug.training.jit import eager_warning
from kplug.training.jit.eager_warning import (
    describe_line,
    describe_package,
    warn_of_eager_step,
)
from kplug.training.jit.graph_breaks import GraphBreak, Spot


def squared(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).square().mean()


def read_warning(reason: GraphBreak) -> str:
    model = Sequential([Input((3,)), Dense(1, name="last")], name="net")
    model.compile(loss=squared)
    assert model.compiled is not None
    with pytest.warns(EagerStepWarning) as record:
        warn_of_eager_step("training step", reason, model, model.compiled)
    (warning,) = record
    return str(warning.message)


def test_a_package_is_named_with_its_version_and_own_code_as_custom() -> None:
    assert describe_package("torch.nn.modules") == f"torch {metadata.version('torch')}"
    assert describe_package("__main__") == "custom"
    assert describe_package("no_such_package.part") == "custom"


def test_a_package_of_the_same_name_elsewhere_is_custom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info, package = tmp_path / "shadow-1.0.dist-info", tmp_path / "tests"
    info.mkdir()
    package.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shadow\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(eager_warning, "_list_distributions", lambda: {"tests": ["shadow"]})
    assert describe_package(__name__) == "custom"
    module = ModuleType("tests.data")
    module.__file__ = str(package / "data.py")
    monkeypatch.setitem(sys.modules, "tests.data", module)
    assert describe_package("tests.data") == "shadow 1.0"


def test_a_line_is_shown_with_its_text_where_it_has_one(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("first = 1\n\n    if second:\n")
    assert describe_line(str(file), 3) == f"{file}:3 `if second:`"
    assert describe_line(str(file), 2) == f"{file}:2"
    assert describe_line(str(file), 9) == f"{file}:9"


def test_a_function_is_found_by_its_code_and_its_line_is_shown() -> None:
    line = squared.__code__.co_firstlineno + 1
    text = read_warning(GraphBreak("reads it", "value", [Spot(squared.__code__, line)]))
    assert text == (
        "the training step of model 'net' runs eagerly instead of compiled: the loss "
        f"custom/squared (custom) reads it at {__file__}:{line} "
        "`return (y_true - y_pred).square().mean()`. Compute with tensors instead, such as "
        "torch.where(condition, a, b) for an if; docs/performance.md shows how. "
        "jit_compile=False trains without this warning."
    )


def test_a_layer_is_found_by_the_path_of_what_it_changed() -> None:
    text = read_warning(GraphBreak("changes a value", "state", path="model._modules['last'].n"))
    assert re.search(r"compiled: the layer 'last', a Dense \(.+\), changes a value\. Keep ", text)


@pytest.mark.parametrize(("kind", "subject"), [("value", "it "), ("other", "")])
def test_a_break_of_unknown_place_names_no_component(kind: str, subject: str) -> None:
    reason = GraphBreak("fails", "value") if kind == "value" else GraphBreak("fails")
    text = read_warning(reason)
    assert f"instead of compiled: {subject}fails. " in text
    assert text.endswith("jit_compile=False trains without this warning.")
