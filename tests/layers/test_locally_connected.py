"""Layers with other weights at each place, against their formula in double precision."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import layers
from kplug.errors import ArgumentValueError, DataError


def _expect(x: Any, weights: Any, size: Any, strides: Any, is_last: bool) -> Any:
    """Return the outputs, place by place."""
    kernel, *rest = (weight.astype("float64") for weight in weights)
    x = x.astype("float64") if is_last else np.moveaxis(x, 1, -1).astype("float64")
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], size, strides, strict=True)]
    made: Any = np.zeros((len(x), *counts, kernel.shape[-1]))
    for number, place in enumerate(itertools.product(*map(range, counts))):
        starts = [p * s for p, s in zip(place, strides, strict=True)]
        cells = [slice(a, a + k) for a, k in zip(starts, size, strict=True)]
        window_of: Any = (slice(None), *cells)
        window = x[window_of]
        if not is_last and x.ndim == 4:
            window = np.moveaxis(window, -1, 1)
        outputs = window.reshape(len(x), -1) @ kernel[number]
        at: Any = (slice(None), *place)
        made[at] = outputs + sum(bias[place] for bias in rest)
    return made if is_last else np.moveaxis(made, -1, 1)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize(
    ("rank", "kernel_size", "strides"),
    [(1, 3, 1), (1, 2, 2), (2, (3, 2), (1, 1)), (2, (1, 3), (2, 1))],
)
def test_outputs(
    rank: int, kernel_size: Any, strides: Any, use_bias: bool, data_format: str
) -> None:
    layer: Any = getattr(layers, f"LocallyConnected{rank}D")(
        4, kernel_size, strides, data_format=data_format, use_bias=use_bias, activation="relu"
    )
    is_last = data_format == "channels_last"
    sizes = (7, 5)[:rank]
    random = np.random.default_rng(0)
    x = random.normal(size=(2, *sizes, 3) if is_last else (2, 3, *sizes)).astype("float32")
    layer.build_for((None, *x.shape[1:]))
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])
    made = layer(torch.from_numpy(x)).detach().numpy()
    window = (kernel_size,) if rank == 1 else kernel_size
    steps = (strides,) if rank == 1 else strides
    expected = np.maximum(_expect(x, layer.get_weights(), window, steps, is_last), 0.0)
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-5)
    assert layer.compute_output_shape((None, *x.shape[1:])) == (None, *made.shape[1:])


def test_weights_have_the_shapes_of_keras_2() -> None:
    line = layers.LocallyConnected1D(64, 3, input_shape=(10, 32))
    image = layers.LocallyConnected2D(64, (3, 3), input_shape=(32, 32, 3))
    shapes = [
        [weight.shape for weight in kplug.Sequential([layer]).get_weights()]
        for layer in (line, image)
    ]
    assert shapes == [
        [(8, 3 * 32, 64), (8, 64)],
        [(30 * 30, 3 * 3 * 3, 64), (30, 30, 64)],
    ]


def test_it_learns_what_one_kernel_cannot() -> None:
    """Each place has a factor of its own, which a convolution does not have."""
    kplug.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(256, 6, 1)).astype("float32")
    y = x * np.arange(-2, 4, dtype="float32")[:, None]
    model = kplug.Sequential([layers.LocallyConnected1D(1, 1, input_shape=(6, 1))])
    model.compile(kplug.optimizers.Adam(0.1), "mse")
    assert model.fit(x, y, epochs=20, verbose=0).history["loss"][-1] < 1e-3


# As Keras 2.2.4 writes it; later versions add `implementation`.
KERAS_2: dict[str, Any] = {
    "name": "locally_connected2d_1",
    "trainable": True,
    "batch_input_shape": [None, 8, 6, 2],
    "dtype": "float32",
    "filters": 4,
    "kernel_size": [3, 3],
    "strides": [1, 1],
    "padding": "valid",
    "data_format": "channels_last",
    "activation": "relu",
    "use_bias": True,
    "kernel_initializer": {
        "class_name": "VarianceScaling",
        "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
    },
    "bias_initializer": {"class_name": "Zeros", "config": {}},
    "kernel_regularizer": None,
    "bias_regularizer": None,
    "activity_regularizer": None,
    "kernel_constraint": None,
    "bias_constraint": None,
}


@pytest.mark.parametrize("more", [{}, {"implementation": 1}])
def test_config_of_keras_2_is_taken(more: dict[str, int]) -> None:
    layer: Any = layers.get({"class_name": "LocallyConnected2D", "config": {**KERAS_2, **more}})
    config = layer.get_config()
    assert config["kernel_size"] == (3, 3)
    assert config["activation"].startswith("kplug/relu(")
    assert type(layer).from_config(config).get_config() == config
    assert layer(torch.zeros(1, 8, 6, 2)).shape == (1, 6, 4, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 0}, "'filters' is 0; allowed: an integer >= 1"),
        ({"padding": "same"}, "'padding' is 'same'; allowed: .*valid"),
        ({"implementation": 2}, "'implementation' is 2; allowed: 1, one kernel for each place"),
        ({"kernel_size": (1, 2, 3)}, "'kernel_size' is .*; allowed: an integer >= 1, or 2 of them"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        layers.LocallyConnected2D(**{"filters": 2, "kernel_size": 3, **arguments})


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((None, 8, None, 3), "needs to know the size of axis 2 of its inputs"),
        ((None, 8, 2, 3), "has windows of 3 x 3 cells, which do not fit into inputs of 8 x 2"),
        ((None, 8, 3), "expects inputs of 4 axes"),
    ],
)
def test_wrong_shapes(shape: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        layers.LocallyConnected2D(2, 3).build_for(shape)
