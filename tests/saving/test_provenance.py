"""The component table in a file: written, invisible to Keras, compared with what is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import kplug
from kplug import Sequential, layers
from kplug.errors import KplugWarning, WeightsError
from kplug.registry.loading.running_builds import find_build_here
from kplug.saving import load_weights, save_weights
from kplug.saving.provenance import collect_rows, read_components, write_components

Make = Callable[..., Any]


DENSE = {"kernel": (3, 4)}


def row(name: str, distribution: str, version: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "distribution": distribution, "version": version, **more}


def test_table_is_stored_as_json_on_the_root(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(2, input_dim=3, bias_initializer="constant(0.5)", name="a")])
    model.save_weights(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        content = json.loads(file.attrs["kplug_components"])
        assert read_components(file) == content["components"]
    assert content["layout"] == 1
    found = content["components"][1]
    assert found.pop("hash") == getattr(find_build_here("kplug"), "hash", None)
    assert found == {
        "slot": "a.bias_initializer",
        "kind": "initializer",
        "name": "kplug/constant",
        "arguments": {"value": 0.5},
        "distribution": "kplug",
        "version": kplug.__version__,
        "rule": "built-in",
        "written": "kplug/constant(value=0.5)",
    }


def test_large_table_is_split_and_read_back(tmp_path: Path) -> None:
    table = [
        {"slot": f"layer_{number}", "name": "kplug/zeros", "arguments": {"text": "ä" * 200}}
        for number in range(100)
    ]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_components(file, table)
        assert "kplug_components" not in file.attrs
        assert "kplug_components1" in file.attrs
        assert read_components(file) == table


def test_model_that_is_not_compiled_has_the_rows_of_its_layers(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(2, input_dim=3, kernel_regularizer="l1_reg(strength=0.1)")])
    before = collect_rows(model, has_readings=True)
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert read_components(file) == before
    assert {row["name"]: row["distribution"] for row in before} == {
        "kplug/glorot_uniform": "kplug",
        "kplug-penalties/l1_reg": "kplug-penalties",
        "kplug/zeros": "kplug",
    }
    model.compile(loss="mse")
    slots = [row["slot"] for row in collect_rows(model)]
    assert slots == ["loss", "optimizer", *(row["slot"] for row in before)]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            b"{",
            "the component table of the file cannot be read: JSONDecodeError('Expecting property "
            "name enclosed in double quotes: line 1 column 2 (char 1)')",
        ),
        (
            b"[1]",
            "the component table of the file cannot be read: TypeError('list indices must be "
            "integers or slices, not str')",
        ),
        (b"[" * 60000, "the component table of the file cannot be read: RecursionError("),
        (
            b'{"layout": "new", "components": []}',
            "the component table of the file cannot be read: it is no list of rows",
        ),
        (
            b'{"layout": 1, "components": [3]}',
            "the component table of the file cannot be read: it is no list of rows",
        ),
        (
            b'{"layout": 2, "components": []}',
            "the component table of the file has layout 2, this kplug reads 1\n"
            "  pip install --upgrade kplug",
        ),
    ],
)
def test_damaged_table_is_a_warning_or_an_error(
    make_model: Make, tmp_path: Path, table: bytes, message: str
) -> None:
    path, model = tmp_path / "a.h5", make_model(dense=DENSE)
    save_weights(model, path)
    with h5py.File(path, "a") as file:
        file.attrs["kplug_components"] = np.bytes_(table)
    with pytest.warns(KplugWarning) as caught:
        load_weights(model, path)
    assert str(caught[0].message).startswith(f"{path}: {message}")
    with pytest.raises(WeightsError) as error:
        load_weights(model, path, verify="exact")
    assert str(error.value).startswith(f"{path}: {message}")
