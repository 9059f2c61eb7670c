"""Masks: who makes them, who passes them on, who drops them, against Keras."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import Tensor

from kplug import layers
from kplug.backend.masks import get_mask
from kplug.errors import ArgumentValueError, DataError, KplugWarning
from tests.layers.inputs import draw

TIMES, SIZE = 4, 3

Masked = Callable[..., Tensor]
MaskOf = Callable[[Tensor], Tensor]


LAYERS: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "relu"},
    "ActivityRegularization": {"l1": 0.1},
    "AlphaDropout": {"rate": 0.5},
    "AveragePooling1D": {"pool_size": 2},
    "BatchNormalization": {},
    "Bidirectional": {},
    "Conv1D": {"filters": 2, "kernel_size": 2},
    "Cropping1D": {},
    "Dense": {"units": 2},
    "DepthwiseConv1D": {"kernel_size": 2},
    "Dropout": {"rate": 0.5},
    "ELU": {},
    "Flatten": {},
    "GRU": {"units": 2, "return_sequences": True},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
    "GlobalAveragePooling1D": {},
    "GlobalMaxPooling1D": {},
    "GroupNormalization": {"groups": 1},
    "LSTM": {"units": 2},
    "LayerNormalization": {},
    "LeakyReLU": {},
    "Masking": {},
    "MaxPooling1D": {},
    "Normalization": {"mean": 0.0, "variance": 1.0},
    "PReLU": {},
    "Permute": {"dims": (2, 1)},
    "RMSNormalization": {},
    "ReLU": {},
    "Rescaling": {"scale": 2.0},
    "Reshape": {"target_shape": (SIZE, TIMES)},
    "SimpleRNN": {"units": 2, "return_sequences": True},
    "SpatialDropout1D": {"rate": 0.5},
    "TimeDistributed": {},
    "UnitNormalization": {},
    "UpSampling1D": {},
    "ZeroPadding1D": {},
}


def _make(library: Any, name: str) -> Any:
    if name == "Bidirectional":
        return library.Bidirectional(library.GRU(2, return_sequences=True))
    if name == "TimeDistributed":
        return library.TimeDistributed(library.Dense(2))
    return getattr(library, name)(**LAYERS[name])


@pytest.mark.parametrize("name", LAYERS)
def test_layers_pass_masks_on_as_keras(name: str, masked: Masked) -> None:
    x = draw(2, TIMES, SIZE)
    found: list[tuple[Any, int]] = []
    for library in (layers, keras.layers):
        layer = _make(library, name)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            outputs = layer(masked(x, [1, 1, 0, 0], [1, 0, 1, 1]))
        mask = getattr(outputs, "_keras_mask", None)
        told = sum("support mask" in str(each.message) for each in caught)
        found.append((None if mask is None else mask.tolist(), told))
    assert found[0] == found[1]
    assert _make(layers, name).supports_masking is _make(keras.layers, name).supports_masking


def test_warning_names_the_layer_once(masked: Masked) -> None:
    layer = layers.Flatten(name="rows")
    x = masked(draw(2, TIMES, SIZE), [1, 1, 0, 0], [1, 0, 1, 1])
    message = r"layer 'rows' \(Flatten\) does not support masks"
    with pytest.warns(KplugWarning, match=message):
        layer(x)
    assert get_mask(layer(x)) is None


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_masking(value: float, mask_of: MaskOf) -> None:
    x = draw(3, 5, 2)
    x[0, 2:] = value
    x[1, 0] = value
    x[2, 1, 0] = value
    ours, theirs = layers.Masking(value)(x), keras.layers.Masking(value)(x)
    torch.testing.assert_close(ours, theirs)
    assert torch.equal(mask_of(ours), theirs._keras_mask)


def test_masking_refuses() -> None:
    with pytest.raises(ArgumentValueError, match="Masking: argument 'mask_value' is 'x'; allowed"):
        layers.Masking("x")  # type: ignore[arg-type]


def test_embedding(mask_of: MaskOf) -> None:
    x = torch.tensor([[1, 2, 0], [0, 3, 0]])
    layer = layers.Embedding(4, 2, mask_zero=True)
    assert mask_of(layer(x)).tolist() == [[True, True, False], [False, True, False]]
    assert get_mask(layers.Embedding(4, 2)(x)) is None
    assert layer.get_config()["mask_zero"] is True
    assert layers.Embedding.from_config(layer.get_config()).supports_masking


@pytest.mark.parametrize(
    "name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]
)
@pytest.mark.parametrize("masks", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("axis", [1, -1])
def test_merging(name: str, masks: tuple[bool, bool], axis: int, masked: Masked) -> None:
    arguments = {"axis": axis} if name == "Concatenate" else {}
    rows = ([[1, 1, 0], [1, 0, 0]], [[1, 0, 0], [0, 0, 1]])
    inputs = [
        masked(draw(2, 3, 2), *row) if has_mask else draw(2, 3, 2)
        for row, has_mask in zip(rows, masks, strict=True)
    ]
    found: list[Any] = [
        getattr(getattr(library, name)(**arguments)(inputs), "_keras_mask", None)
        for library in (layers, keras.layers)
    ]
    assert (found[0] is None) is (found[1] is None)
    if found[0] is not None:
        assert found[0].tolist() == found[1].tolist()


def test_dot_has_none(masked: Masked) -> None:
    x = masked(draw(2, 3, 2), [1, 1, 0], [1, 0, 0])
    assert get_mask(layers.Dot(axes=1)([x, x])) is None


def test_batch_normalization(masked: Masked) -> None:
    x, rows = 3.0 * draw(2, 3, 2) + 1.0, ([1, 1, 0], [1, 0, 0])
    ours, theirs = layers.BatchNormalization(), keras.layers.BatchNormalization()
    for training in (True, False):
        made = ours(masked(x, *rows), training=training)
        expected = theirs(masked(x, *rows), training=training)
        torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)
    for weight, variable in zip(ours.weights, theirs.weights, strict=True):
        torch.testing.assert_close(weight, variable.value, rtol=1e-5, atol=1e-6)


def test_batch_normalization_of_the_second_axis() -> None:
    """The mask has the shape of the inputs without the last axis, whatever axis is normalized."""
    x, mask = draw(3, 2, 4), torch.tensor([[1, 0], [1, 1], [0, 1]]).bool()
    layer = layers.BatchNormalization(axis=1, epsilon=0.0)
    made = layer(x, mask=mask, training=True)
    for channel in range(2):
        kept = x[mask[:, channel], channel]
        expected = (x[:, channel] - kept.mean()) / kept.std(correction=0)
        torch.testing.assert_close(made[:, channel], expected, rtol=1e-4, atol=1e-4)


def test_batch_normalization_refuses() -> None:
    layer = layers.BatchNormalization(name="norm")
    message = r"layer 'norm': a mask of shape \(2,\) does not fit inputs of shape \(2, 3, 2\)"
    with pytest.raises(DataError, match=message):
        layer(draw(2, 3, 2), mask=torch.ones(2), training=True)


def test_mask_of_arrays_and_given_masks(masked: Masked) -> None:
    x, mask = draw(2, 3, 2), [[1, 1, 0], [1, 0, 0]]
    layer = layers.GlobalAveragePooling1D()
    expected = layer(masked(x, *mask))
    torch.testing.assert_close(layer(x, mask=np.array(mask)), expected)
    torch.testing.assert_close(layer(x, mask=mask), expected)
    assert get_mask(x) is None


def test_no_gradient_passes_where_time_steps_are_masked() -> None:
    x = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]], requires_grad=True)
    layers.Masking()(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[[1.0, 1.0], [0.0, 0.0]]]


def test_inputs_do_not_get_the_mask() -> None:
    x = torch.zeros(1, 2, 3)
    assert get_mask(layers.Masking()(x)) is not None
    assert get_mask(x) is None
