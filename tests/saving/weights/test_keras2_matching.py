"""Weights of a file that do not fit: the exact message, and the model as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kplug.errors import KplugWarning
from kplug.saving import load_weights, save_weights
from tests.saving.weight_refusals import ANYWAY, DENSE, assert_refused

Make = Callable[..., Any]


def test_layer_count_names_both_sides(make_model: Make, tmp_path: Path) -> None:
    save_weights(make_model(a=DENSE, flatten={}, b=DENSE), tmp_path / "a.h5")
    assert_refused(
        make_model(dense=DENSE),
        tmp_path / "a.h5",
        "the file holds 2 layers with weights ('a', 'b'), the model has 1 ('dense')\n  Build the "
        "model as it was saved, or pass by_name=True to load only the layers whose names agree.",
    )


def test_weight_count_names_layer_and_weights(make_model: Make, tmp_path: Path) -> None:
    save_weights(make_model(a=DENSE, out={"kernel": (4, 1)}), tmp_path / "a.h5")
    assert_refused(
        make_model(b=DENSE, last={"kernel": (4, 1), "bias": (1,)}),
        tmp_path / "a.h5",
        "layer 'last' has 2 weights ('last/kernel:0', 'last/bias:0'), the file holds 1 for it "
        "('out/kernel:0'), saved as 'out'" + ANYWAY,
    )


def test_shape_names_layer_and_both_shapes(make_model: Make, tmp_path: Path) -> None:
    save_weights(make_model(a=DENSE, out={"kernel": (4, 1)}), tmp_path / "a.h5")
    assert_refused(
        make_model(a=DENSE, out={"kernel": (4, 2)}),
        tmp_path / "a.h5",
        "layer 'out': weight 'out/kernel:0' has shape (4, 2), the file's '/out/out/kernel:0' has "
        "shape (4, 1)" + ANYWAY,
    )


def test_shape_by_name_suggests_what_helps_there(make_model: Make, tmp_path: Path) -> None:
    save_weights(make_model(a={"kernel": (4, 1)}), tmp_path / "a.h5")
    assert_refused(
        make_model(a={"kernel": (4, 2)}),
        tmp_path / "a.h5",
        "layer 'a': weight 'a/kernel:0' has shape (4, 2), the file's '/a/a/kernel:0' has shape "
        "(4, 1)\n  Rename the layer, or pass skip_mismatch=True to leave what differs as it is.",
        by_name=True,
    )


def test_further_problems_are_counted(make_model: Make, tmp_path: Path) -> None:
    save_weights(make_model(a={"k": (1,)}, b={"k": (1,)}, c={"k": (1,)}), tmp_path / "a.h5")
    assert_refused(
        make_model(a={"k": (2,)}, b={"k": (2,)}, c={"k": (2,)}),
        tmp_path / "a.h5",
        "layer 'a': weight 'a/k:0' has shape (2,), the file's '/a/a/k:0' has shape (1,); 2 more "
        "weights or layers do not fit" + ANYWAY,
    )


def test_skip_mismatch_loads_the_rest_and_warns(make_model: Make, tmp_path: Path) -> None:
    saved = make_model(a=DENSE, out={"kernel": (4, 1)})
    loaded = make_model(a=DENSE, out={"kernel": (4, 2)})
    before = loaded.layers[1].kernel.detach().clone()
    path = tmp_path / "a.h5"
    save_weights(saved, path)
    with pytest.warns(KplugWarning) as caught:
        load_weights(loaded, path, skip_mismatch=True)
    assert str(caught[0].message) == (
        f"{path}: skipped what does not fit:\n  layer 'out': weight 'out/kernel:0' has shape "
        "(4, 2), the file's '/out/out/kernel:0' has shape (4, 1)"
    )
    np.testing.assert_array_equal(loaded.get_weights()[0], saved.get_weights()[0])
    assert (loaded.layers[1].kernel == before).all()


def test_integers_do_not_take_fractions(make_model: Make, keras2_file: Make) -> None:
    model = make_model(a={"count": (2,)})
    model.layers[0].count.requires_grad_(False)
    model.layers[0].count.data = model.layers[0].count.data.long()
    assert_refused(
        model,
        keras2_file({"a": {"count": np.ones(2)}}),
        "layer 'a': weight 'a/count:0' is int64, the file's '/a/count' is float64" + ANYWAY,
    )
