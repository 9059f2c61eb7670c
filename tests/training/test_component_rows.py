"""Which component fills each slot of a model, and who supplied it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch
from torch import Tensor

import kplug
from kplug import layers
from kplug.models import Sequential
from kplug.registry import REGISTRY
from kplug.saving.provenance import read_components


def make_model(**options: Any) -> Sequential:
    return Sequential([layers.Dense(4, input_shape=(3,), **options), layers.Dense(1)])


def test_components_say_what_fills_each_slot_and_who_supplied_it() -> None:
    model = make_model(activation="relu", kernel_regularizer="l2(0.5)")
    model.compile(optimizer="adam(lr=0.5)", loss="mse", metrics=["mae"])
    rows = {row.slot: row for row in model.components}
    assert list(rows) == [
        "loss",
        "optimizer",
        "metrics[0]",
        "dense.activation",
        "dense.kernel_initializer",
        "dense.kernel_regularizer",
        "dense.bias_initializer",
        "dense_1.kernel_initializer",
        "dense_1.bias_initializer",
    ]
    assert rows["loss"].name == "kplug/mean_squared_error"
    assert rows["optimizer"].arguments["lr"] == 0.5
    regularizer = rows["dense.kernel_regularizer"]
    assert (regularizer.kind, regularizer.name) == ("regularizer", "kplug/l2")
    assert (regularizer.distribution, regularizer.rule) == ("kplug", "built-in")
    assert regularizer.arguments == {"l2": 0.5}
    assert regularizer.version == kplug.__version__


def test_components_of_the_users_own_code_are_called_custom() -> None:
    def l1_reg(weight_matrix: Tensor) -> Tensor:
        return 0.01 * weight_matrix.abs().sum()

    model = make_model(kernel_regularizer=l1_reg)
    model.compile(loss=lambda y_true, y_pred: (y_true - y_pred).square(), optimizer=torch.optim.SGD)
    rows = {row.slot: row.name for row in model.components}
    assert rows["dense.kernel_regularizer"] == "custom/l1_reg"
    assert rows["loss"] == "custom/lambda_function"


def test_a_layer_may_keep_modules_of_torch_in_an_attribute_called_layers() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="block")
            self.layers = [torch.nn.Linear(3, 3)]

        def call(self, inputs: Tensor) -> Any:
            return self.layers[0](inputs)

    model = Sequential([Block(), layers.Dense(1, name="last")])
    model.compile(loss="mse")
    model.build((None, 3))
    slots = {row.slot for row in model.components}
    assert slots >= {"loss", "last.kernel_initializer"}


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A layer class of an installed plugin."""
    info = tmp_path / "gates_plugin-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gates-plugin\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[kplug.layers]\nGate = gates_plugin:Gate\n")
    source = "import kplug\n\nclass Gate(kplug.layers.Dense):\n    pass\n"
    (info / "RECORD").write_text("gates_plugin.py,,\n")
    (tmp_path / "gates_plugin.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    REGISTRY.reload()
    yield importlib.import_module("gates_plugin").Gate
    del sys.modules["gates_plugin"]
    monkeypatch.undo()
    REGISTRY.reload()


def test_a_layer_of_a_plugin_has_a_row_and_a_file_names_its_package(
    gate: Any, tmp_path: Path
) -> None:
    inner = Sequential([gate(2, name="inner")])
    model = Sequential([layers.Dense(4, input_shape=(3,)), gate(2, name="outer"), inner])
    model.compile(loss="mse")
    rows = [row for row in model.components if row.kind == "layer"]
    assert [(row.slot, row.name, row.package) for row in rows] == [
        ("outer", "gates-plugin/Gate", "gates-plugin 1.2"),
        ("inner", "gates-plugin/Gate", "gates-plugin 1.2"),
    ]
    assert rows[0].arguments["units"] == 2
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "gates-plugin" in {row["distribution"] for row in read_components(file)}


def test_a_component_inside_a_component_has_its_own_row() -> None:
    model = make_model()
    model.compile(loss="mse", optimizer="sgd(lr=exponential_decay(0.1, 10, 0.5))")
    row = model.components.get("optimizer.lr")
    assert (row.kind, row.name) == ("schedule", "kplug/exponential_decay")
