"""The component table in a file: written, invisible to Keras, compared with what is installed."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import kplug
from kplug import Sequential, layers
from kplug.errors import ArgumentValueError, KplugWarning, WeightsError
from kplug.saving import load_weights, save_weights
from kplug.saving.package_check import compare_installed
from kplug.saving.provenance import collect_rows, read_components, write_components

Make = Callable[..., Any]
DENSE = {"kernel": (3, 4)}


def row(name: str, distribution: str, version: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "distribution": distribution, "version": version, **more}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make three distributions appear installed, and no other."""
    versions = {"kplug": "0.1.3", "torch": "2.7.1+cpu", "kplug-lion": "1.2"}
    monkeypatch.setattr("kplug.saving.package_check.find_version", versions.get)


def test_table_is_stored_as_json_on_the_root(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(2, input_dim=3, bias_initializer="constant(0.5)", name="a")])
    model.save_weights(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        content = json.loads(file.attrs["kplug_components"])
        assert read_components(file) == content["components"]
    assert content["layout"] == 1
    assert content["components"][1] == {
        "slot": "a.bias_initializer",
        "kind": "initializer",
        "name": "kplug/constant",
        "arguments": {"value": 0.5},
        "distribution": "kplug",
        "version": kplug.__version__,
        "rule": "built-in",
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
    before = collect_rows(model)
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


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("stored", "exact", "sentences"),
    [
        (row("kplug/adam", "kplug", "0.1.0"), False, []),
        (
            row("kplug/adam", "kplug", "0.1.0"),
            True,
            ['kplug, which supplied kplug/adam, was 0.1.0, here 0.1.3: pip install "kplug==0.1.0"'],
        ),
        (
            row("kplug/adam", "kplug", "0.2.0"),
            False,
            ['kplug, which supplied kplug/adam, was 0.2.0, here 0.1.3: pip install "kplug==0.2.0"'],
        ),
        (row("torch/adamw", "torch", "2.7.0+cu126"), False, []),
        (
            row("torch/adamw", "torch", "2.7.1+cu126"),
            True,
            [
                "torch, which supplied torch/adamw, was 2.7.1+cu126, here 2.7.1+cpu: "
                'pip install "torch==2.7.1"'
            ],
        ),
        (row("kplug-lion/lion", "kplug-lion", "1.2.0"), False, []),
        (
            row("kplug-lion/lion", "kplug-lion", "1.3"),
            False,
            [
                "kplug-lion, which supplied kplug-lion/lion, was 1.3, here 1.2: "
                'pip install "kplug-lion==1.3"'
            ],
        ),
        (
            row("kplug-segmentation/dice_loss", "kplug-segmentation", "0.2"),
            False,
            [
                "kplug-segmentation 0.2, which supplied kplug-segmentation/dice_loss, is not "
                'installed: pip install "kplug-segmentation==0.2"'
            ],
        ),
        (
            row("kplug-x/y", "kplug-x", "1; rm -rf ~\x1b[2J"),
            False,
            [
                "kplug-x 1; rm -rf ~?[2J, which supplied kplug-x/y, is not installed: "
                "pip install kplug-x"
            ],
        ),
        (row("custom/mine", "custom", ""), True, []),
        (row("a/b", '"; rm -rf ~; "', "1.0"), True, []),
        ({"distribution": ["kplug"], "version": {}}, True, []),
        ({}, True, []),
    ],
)
def test_comparison_with_what_is_installed(
    stored: dict[str, Any], exact: bool, sentences: list[str]
) -> None:
    assert compare_installed([stored, stored], exact=exact) == sentences


@pytest.fixture
def foreign(make_model: Make, tmp_path: Path) -> Path:
    """Return a file whose model used a plugin that is not installed."""
    save_weights(make_model(dense=DENSE), tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        write_components(file, [row("kplug-nowhere/dice", "kplug-nowhere", "0.2")])
    return tmp_path / "a.h5"


SENTENCE = (
    "the file was made with other packages:\n  kplug-nowhere 0.2, which supplied "
    'kplug-nowhere/dice, is not installed: pip install "kplug-nowhere==0.2"'
)


def test_missing_plugin_is_warned_about_and_the_weights_load(
    make_model: Make, foreign: Path
) -> None:
    model = make_model(dense=DENSE)
    before = model.get_weights()
    with pytest.warns(KplugWarning) as caught:
        load_weights(model, foreign)
    assert str(caught[0].message) == f"{foreign}: {SENTENCE}"
    assert (model.get_weights()[0] != before[0]).any()


def test_missing_plugin_is_an_error_when_exact(make_model: Make, foreign: Path) -> None:
    model = make_model(dense=DENSE)
    before = model.get_weights()
    with pytest.raises(WeightsError) as caught:
        load_weights(model, foreign, verify="exact")
    assert str(caught.value) == (f"{foreign}: {SENTENCE}\n  Install them, or pass verify='warn'.")
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_verify_off_is_silent(make_model: Make, foreign: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_weights(make_model(dense=DENSE), foreign, verify="off")


def test_unknown_verify_is_refused(make_model: Make, foreign: Path) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        load_weights(make_model(dense=DENSE), foreign, verify="maybe")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "load_weights: argument 'verify' is 'maybe'; allowed: 'off', 'warn' or 'exact'"
    )


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
