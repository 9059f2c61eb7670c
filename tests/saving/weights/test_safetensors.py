"""Weights as safetensors: names that other tools read, and what does not fit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from kplug import Sequential, layers
from kplug.errors import KplugWarning, MissingLibraryError, WeightsError


def make(units: int = 4) -> Any:
    inner = Sequential([layers.Dense(units, name="a"), layers.Dense(3, name="b")], name="inner")
    return Sequential([layers.Input((2,)), inner, layers.Dense(1, name="out")], name="m")


def test_names_are_paths_and_shapes_are_keras(tmp_path: Path) -> None:
    model = make()
    model.save_weights(tmp_path / "a.safetensors")
    found = load_file(tmp_path / "a.safetensors")
    assert {name: array.shape for name, array in found.items()} == {
        "inner/a/kernel": (2, 4),
        "inner/a/bias": (4,),
        "inner/b/kernel": (4, 3),
        "inner/b/bias": (3,),
        "out/kernel": (3, 1),
        "out/bias": (1,),
    }
    np.testing.assert_array_equal(found["inner/a/kernel"], model.get_weights()[0])


def test_weights_come_back(tmp_path: Path) -> None:
    saved, loaded = make(), make()
    saved.save_weights(tmp_path / "a.safetensors")
    loaded.load_weights(tmp_path / "a.safetensors")
    for ours, theirs in zip(loaded.get_weights(), saved.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_metadata_hold_the_component_table(tmp_path: Path) -> None:
    model = make()
    model.compile("adam", "mse")
    model.save_weights(tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", "np") as file:
        table = json.loads(file.metadata()["kplug_components"])
    assert {row["slot"] for row in table["components"]} >= {"loss", "optimizer"}


def test_shape_names_weight_and_both_shapes(tmp_path: Path) -> None:
    make(4).save_weights(tmp_path / "a.safetensors")
    model = make(5)
    before = model.get_weights()
    with pytest.raises(WeightsError) as caught:
        model.load_weights(tmp_path / "a.safetensors")
    assert str(caught.value) == (
        f"{tmp_path / 'a.safetensors'}: weight 'inner/a/kernel' has shape (2, 5), the file's has "
        "(2, 4); weight 'inner/a/bias' has shape (5,), the file's has (4,); weight "
        "'inner/b/kernel' has shape (5, 3), the file's has (4, 3)\n"
        "  Build the model as it was saved, with the same names of layers, or pass "
        "skip_mismatch=True to leave what differs as it is."
    )
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_names_that_differ_are_named(tmp_path: Path) -> None:
    save_file({"x": np.ones(2, "float32")}, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError) as caught:
        make().load_weights(tmp_path / "a.safetensors")
    assert caught.value.message == (
        "the file lacks weights of the model ('inner/a/kernel', 'inner/a/bias', 'inner/b/kernel', "
        "'inner/b/bias', 'out/kernel', 'out/bias'); the file holds weights that the model lacks "
        "('x')"
    )
    with pytest.warns(KplugWarning, match="skipped what does not fit"):
        make().load_weights(tmp_path / "a.safetensors", skip_mismatch=True)


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\xff" * 8 + b"{}"])
def test_damaged_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match="the file is truncated, damaged or no safetensors file"):
        make().load_weights(tmp_path / "a.safetensors")


def test_library_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("safetensors", "safetensors.torch"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingLibraryError) as caught:
        make().save_weights(tmp_path / "a.safetensors")
    assert str(caught.value) == (
        "a .safetensors file needs the library safetensors, which cannot be imported\n"
        '  Install it with: pip install "kplug[safetensors]".'
    )


def test_complex_weights_are_no_real_ones(tmp_path: Path) -> None:
    model, path = make(), tmp_path / "a.safetensors"
    model.save_weights(path)
    stored = load_file(path)
    save_file(stored | {"out/bias": stored["out/bias"].astype(np.complex64)}, path)
    with pytest.raises(WeightsError, match="weight 'out/bias' is real, the file's is complex"):
        model.load_weights(path)
