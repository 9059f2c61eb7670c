"""STFT against Keras 3."""

from __future__ import annotations

import json
import re
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError
from kplug.initializers import STFT, get


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
@pytest.mark.parametrize("side", ["real", "imag"])
@pytest.mark.parametrize("scaling", ["density", "spectrum", None])
@pytest.mark.parametrize("window", ["hann", "tukey", None, list(range(1, 33))])
@pytest.mark.parametrize("periodic", [False, True])
def test_values_are_kerass(side: str, scaling: str | None, window: Any, periodic: bool) -> None:
    arguments = {"side": side, "window": window, "scaling": scaling, "periodic": periodic}
    theirs = keras.initializers.STFT(**arguments)((32, 1, 9), dtype="float64")
    ours = STFT(**arguments)((32, 1, 9), dtype="float64")
    # Keras takes its window in float32 first.
    np.testing.assert_allclose(
        ours.numpy(), keras.ops.convert_to_numpy(theirs), atol=1e-7, rtol=1e-6
    )


def test_every_input_channel_gets_the_same_kernel() -> None:
    kernel = STFT()((8, 3, 5))
    assert kernel.shape == (8, 3, 5)
    torch.testing.assert_close(kernel, STFT()((8, 1, 5)).expand(8, 3, 5))
    kernel[0, 0, 0] = 7.0
    assert kernel[0, 1, 0] != 7.0


@pytest.mark.parametrize("window", ["hamming", None, [1, 2]])
def test_configuration_has_kerass_keys(window: Any) -> None:
    config = STFT("imag", window, None, True).get_config()
    assert json.loads(json.dumps(config)) == config
    assert config == keras.initializers.STFT("imag", window, None, True).get_config()
    assert STFT.from_config(config).get_config() == config
    assert get({"class_name": "STFT", "config": config}).get_config() == config


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"side": "imaginary"}, "stft: argument 'side' is 'imaginary'; allowed: 'real' or 'imag'"),
        ({"scaling": "l2"}, "stft: argument 'scaling' is 'l2'; allowed: 'density' or 'spectrum'"),
        ({"window": "unknown"}, "stft: argument 'window' is 'unknown'; allowed: 'barthann', "),
        ({"window": [[1.0]]}, "stft: argument 'window' is [[1.0]]; allowed: None, 'barthann', "),
        ({"window": 3.0}, "stft: argument 'window' is 3.0; allowed: None, 'barthann', "),
        ({"periodic": "yes"}, "stft: argument 'periodic' is 'yes'; allowed: True or False"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentValueError, match=re.escape(message)):
        STFT(**arguments)


@pytest.mark.parametrize(
    ("window", "shape", "message"),
    [
        ("hann", (8, 5), "stft: argument 'shape' is (8, 5); allowed: three dimensions"),
        ([1.0, 2.0], (8, 1, 5), "stft: argument 'window' is '2 values'; allowed: 8, one a sample"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(window: Any, shape: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=re.escape(message)):
        STFT(window=window)(shape)
