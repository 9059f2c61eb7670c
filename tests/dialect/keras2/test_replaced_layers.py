"""Layers of older versions, and the layers of today that compute the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kplug import layers
from kplug.dialect.keras2.replaced_layers import replace_former


def test_layers_of_cudnn_are_the_plain_ones_with_its_settings() -> None:
    assert replace_former("CuDNNLSTM", {"units": 3}) == (
        "kplug/LSTM",
        {"units": 3, "activation": "kplug/tanh", "recurrent_activation": "kplug/sigmoid"},
    )
    owner, config = replace_former("kplug/CuDNNGRU", {"units": 3, "name": "g"})
    assert owner == "kplug/GRU"
    assert config == {
        "units": 3,
        "name": "g",
        "activation": "kplug/tanh",
        "recurrent_activation": "kplug/sigmoid",
        "reset_after": True,
    }


@pytest.mark.parametrize(("written", "theta"), [({}, 1.0), ({"theta": 2}, 2.0)])
def test_thresholded_relu_passes_what_is_above_theta(written: dict[str, Any], theta: float) -> None:
    owner, config = replace_former("ThresholdedReLU", {**written, "name": "cut"})
    assert owner == "kplug/Activation"
    values = np.array([[-3.0, 0.5, theta, 2.5]], dtype="float32")
    layer = layers.Activation.from_config(config)
    assert layer.name == "cut"
    np.testing.assert_array_equal(layer(values).numpy(), np.where(values > theta, values, 0))


@pytest.mark.parametrize(
    ("owner", "config"),
    [
        ("custom/CuDNNLSTM", {"units": 3}),
        ("shop/ThresholdedReLU", {"theta": 2.0}),
        ("ThresholdedReLU", {"theta": [1.0, 2.0]}),
        ("kplug/Dense", {"units": 3}),
    ],
)
def test_others_stay_as_they_are(owner: str, config: dict[str, Any]) -> None:
    found, read = replace_former(owner, config)
    assert (found, read) == (owner, config)
    assert read is not config
