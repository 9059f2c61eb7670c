"""Graphs of operations in files: from Keras to kplug, and from kplug to Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import ops, random
from kplug.errors import KplugError
from kplug.layers import Dense, Input
from kplug.models import Model

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings(
    "ignore:Skipping variable loading for optimizer:UserWarning"
)

X, Y = np.random.default_rng(0).random((2, 3, 4, 3)).astype("float32")


def _connect(ops: Any, x: Any, y: Any) -> list[Any]:
    """Return what functions of either library make of two tensors (N, 4, 3)."""
    total = ops.sum(x, axis=1)
    joined = ops.concatenate(
        [ops.reshape(ops.softmax(x * 2 + y, axis=-1), (-1, 12)), total], axis=-1
    )
    pictures = ops.image.resize(ops.reshape(x, (-1, 2, 2, 3)), (4, 4), interpolation="nearest")
    return [
        *ops.split(joined, [4], axis=-1),
        ops.clip(ops.einsum("bij,bkj->bik", x, y), 0.2, 1.0),
        ops.expand_dims(total, -1)[:, 0],
        ops.where(x > 0.5, x, y),
        ops.average(x, axis=-1, weights=y),
        ops.image.extract_patches(pictures, 2),
        ops.max(x, axis=[1, 2], keepdims=True),
        ops.transpose(x, (0, 2, 1)),
        ops.one_hot(ops.argmax(x, axis=-1), 3),
        ops.stack([x, ops.ones_like(y)], axis=1),
        ops.norm(ops.power(x, 2), axis=-1),
        ops.normalize(x, axis=1),
        ops.top_k(x, 2)[0],
        ops.cast(ops.round(x * 9.0), "int32"),
        ops.pad(x, ((0, 0), (1, 0), (0, 2)), constant_values=0.5),
        ops.mean(x),
    ]


def _compare(ours: Any, theirs: Any) -> None:
    given = [torch.tensor(X), torch.tensor(Y)]
    for one, other in zip(ours(given), theirs(given), strict=True):
        torch.testing.assert_close(one, other.cpu(), rtol=1e-5, atol=1e-5)


def test_a_graph_of_keras_is_loaded_and_goes_back(tmp_path: Path) -> None:
    inputs = [keras.Input((4, 3)), keras.Input((4, 3))]
    theirs = keras.Model(inputs, _connect(keras.ops, *inputs))
    theirs.save(tmp_path / "theirs.keras")
    ours = kplug.load_model(tmp_path / "theirs.keras")
    _compare(ours, theirs)
    ours.save(tmp_path / "ours.keras")
    _compare(ours, keras.models.load_model(tmp_path / "ours.keras"))


def test_keras_loads_a_graph_of_kplug(tmp_path: Path) -> None:
    inputs = [Input((4, 3)), Input((4, 3))]
    ours = Model(
        inputs, [Dense(2)(inputs[0]), *_connect(ops, *inputs), ops.sum(inputs[0], 1, True)]
    )
    ours.save(tmp_path / "model.keras")
    _compare(ours, keras.models.load_model(tmp_path / "model.keras"))
    for suffix in ("keras", "h5"):  # Keras loads no operations from HDF5 files, its own neither
        ours.save(tmp_path / f"model.{suffix}")
        _compare(kplug.load_model(tmp_path / f"model.{suffix}", compile=False), ours)


def test_what_keras_has_no_class_for_is_kplugs_alone(tmp_path: Path) -> None:
    inputs = Input((4,))
    Model(inputs, random.dropout(inputs, 0.5, seed=1)).save(tmp_path / "model.keras")
    assert kplug.load_model(tmp_path / "model.keras").output_shape == (None, 4)
    with pytest.raises(TypeError, match="Could not locate class 'TensorOperation'"):
        keras.models.load_model(tmp_path / "model.keras")


def test_a_function_in_an_operation_is_refused(tmp_path: Path) -> None:
    inputs = keras.Input((4,))
    outputs = keras.ops.vectorized_map(keras.ops.sin, inputs)
    keras.Model(inputs, outputs).save(tmp_path / "model.keras")
    with pytest.raises(KplugError, match="of the class VectorizedMap has no function"):
        kplug.load_model(tmp_path / "model.keras")
