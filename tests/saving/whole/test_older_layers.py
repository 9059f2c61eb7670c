"""Files of Keras 2 and tf-keras: layers that computed something else there, or were called otherwise.

Expected values are float64 rewrites of the formulas of Keras 2.2 and of tf-keras.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from kplug import Sequential, backend as K, layers, load_model
from kplug.models import model_from_json
from tests.saving.whole.older_configs import describe, layer

Array = npt.NDArray[Any]
Write = Callable[..., Path]
GENERATOR = np.random.default_rng(2)
UNITS, FEATURES, STEPS = 3, 2, 4
X = GENERATOR.normal(size=(5, STEPS, FEATURES)).astype("float32") * 2


def random(*shape: int) -> Array:
    return GENERATOR.normal(size=shape).astype("float32")


def load(path: Path) -> Any:
    return load_model(path, compile=False)


@pytest.mark.parametrize(("name", "gates"), [("CuDNNLSTM", 4), ("CuDNNGRU", 3)])
def test_layers_of_cudnn(name: str, gates: int, write_old: Write, tmp_path: Path) -> None:
    columns = gates * UNITS
    arrays = [random(FEATURES, columns), random(UNITS, columns), random(2 * columns)]
    path = write_old(
        tmp_path / "m.h5",
        describe([layer(name, units=UNITS, return_sequences=True)], (STEPS, FEATURES)),
        {"layer_0": arrays},
    )
    loaded = load(path)
    options = {"reset_after": True} if gates == 3 else {}
    same = Sequential(
        [
            getattr(layers, name[5:])(
                UNITS, return_sequences=True, input_shape=(STEPS, FEATURES), **options
            )
        ]
    )
    same.load_weights(path)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), same.predict(X, verbose=0))
    assert loaded.layers[0].get_config()["recurrent_activation"] == "kplug/sigmoid"


def test_thresholded_relu(write_old: Write, tmp_path: Path) -> None:
    model = describe([layer("ThresholdedReLU", theta=0.5)], (3,))
    loaded = load(write_old(tmp_path / "m.h5", model, {}))
    assert loaded.predict(np.asarray([[0.4, 0.5, 0.6]]), verbose=0)[0] == pytest.approx([0, 0, 0.6])


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.2.4", [0.0, 0.5, 1.0, 1.0]),
        ("2.3.1", [0.0, 0.5, 1.0, 1.0]),
        ("2.3.0-tf", [0.0, 0.25, 0.75, 1.0]),
        ("2.15.0", [0.0, 0.25, 0.75, 1.0]),
    ],
)
def test_bilinear_enlargement(
    version: str, expected: list[float], write_old: Write, tmp_path: Path
) -> None:
    entry = layer("UpSampling2D", size=[1, 2], interpolation="bilinear")
    path = write_old(tmp_path / "m.h5", describe([entry], (1, 2, 1)), {}, version)
    image = np.asarray([0.0, 1.0]).reshape(1, 1, 2, 1)
    assert load(path).predict(image, verbose=0).flatten() == pytest.approx(expected)


def enlarge(image: Array, factors: Sequence[int]) -> Array:
    """Bilinear enlargement of TensorFlow 1: pixel i lies at i / factor; (height, width, channels)."""
    for axis, factor in enumerate(factors):
        length = image.shape[axis]
        places = np.arange(length * factor) / factor
        low = places.astype(int)
        high = np.minimum(low + 1, length - 1)
        share = (places - low).reshape([-1 if axis == each else 1 for each in range(3)])
        image = image.take(low, axis) * (1.0 - share) + image.take(high, axis) * share
    return image


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_legacy_enlargement(data_format: str, tmp_path: Path) -> None:
    images = random(2, 3, 4, 2)
    expected = np.stack([enlarge(image.astype("float64"), (3, 2)) for image in images])
    if data_format == "channels_first":
        images, expected = images.transpose(0, 3, 1, 2), expected.transpose(0, 3, 1, 2)
    options = {"data_format": data_format, "interpolation": "legacy_bilinear"}
    model = Sequential([layers.UpSampling2D((3, 2), input_shape=images.shape[1:], **options)])
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "m.keras")
    assert load(tmp_path / "m.keras").layers[0].interpolation == "legacy_bilinear"
    with pytest.raises(Exception, match="legacy_bilinear"):
        keras.models.load_model(tmp_path / "m.keras").predict(images, verbose=0)


@pytest.fixture
def channels_first() -> Iterator[None]:
    before = K.image_data_format()
    K.set_image_data_format("channels_first")
    yield
    K.set_image_data_format(before)


@pytest.mark.usefixtures("channels_first")
@pytest.mark.parametrize(
    ("entry", "reduce"),
    [
        (layer("Flatten"), lambda x: x.reshape(len(x), -1)),
        (layer("MaxPooling1D", pool_size=[4], strides=[4]), lambda x: x.max(1, keepdims=True)),
        (layer("GlobalAveragePooling1D"), lambda x: x.mean(1)),
    ],
)
def test_layers_without_a_layout_have_their_channels_last(
    entry: dict[str, Any], reduce: Any, write_old: Write, tmp_path: Path
) -> None:
    model = describe([entry], (STEPS, FEATURES))
    loaded = load(write_old(tmp_path / "m.h5", model, {}, "2.1.6"))
    np.testing.assert_allclose(loaded.predict(X, verbose=0), reduce(X), rtol=1e-6)


def test_arguments_of_tf_keras_that_have_no_effect(write_old: Write, tmp_path: Path) -> None:
    kernel = {"kernel_initializer": None, "kernel_regularizer": None, "kernel_constraint": None}
    entries = [
        layer("SeparableConv1D", filters=3, kernel_size=[2], groups=1, rng_type=None, **kernel),
        layer("SpatialDropout1D", rate=0.5, noise_shape=None, seed=None),
        layer("LeakyReLU", alpha=0.25),
        layer("Softmax", axis=-1, robust_masking=True),
    ]
    depth, point, bias = random(2, FEATURES, 1), random(1, FEATURES, 3), random(3)
    path = tmp_path / "m.h5"
    write_old(
        path, describe(entries, (STEPS, FEATURES)), {"layer_0": [depth, point, bias]}, "2.12.0"
    )
    made = X[:, :-1] * depth[0, :, 0] + X[:, 1:] * depth[1, :, 0]
    scores = made @ point[0] + bias
    scores = np.where(scores > 0, scores, 0.25 * scores)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    expected = shares / shares.sum(-1, keepdims=True)
    np.testing.assert_allclose(load(path).predict(X, verbose=0), expected, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_attention_of_tf_keras(write_old: Write, tmp_path: Path) -> None:
    shapes = {"query_shape": [None, 4, 2], "key_shape": [None, 4, 2], "value_shape": [None, 4, 2]}
    attention = layer(
        "MultiHeadAttention",
        name="a",
        num_heads=2,
        key_dim=3,
        softmax_robust_masking=True,
        **shapes,
    )
    node = [[["x", 0, 0, {"value": ["x", 0, 0]}]]]
    entries = [
        {
            "name": "x",
            "inbound_nodes": [],
            **layer(
                "InputLayer", name="x", batch_input_shape=[None, STEPS, FEATURES], ragged=False
            ),
        },
        {"name": "a", "inbound_nodes": node, **attention},
    ]
    config = {"name": "m", "layers": entries, "input_layers": [["x", 0, 0]]}
    model = {"class_name": "Functional", "config": {**config, "output_layers": [["a", 0, 0]]}}
    inputs = keras.layers.Input((STEPS, FEATURES))
    same = keras.Model(inputs, keras.layers.MultiHeadAttention(2, 3)(inputs, inputs))
    arrays = [random(*weight.shape) for weight in same.weights]
    same.set_weights(arrays)
    loaded = load(write_old(tmp_path / "m.h5", model, {"x": [], "a": arrays}, "2.15.0"))
    np.testing.assert_allclose(
        loaded.predict(X, verbose=0), same.predict(X, verbose=0), rtol=1e-4, atol=1e-5
    )


KERAS_1: dict[str, dict[str, Any]] = {
    "LSTM": {
        "output_dim": 2,
        "init": "glorot_uniform",
        "inner_init": "orthogonal",
        "forget_bias_init": "one",
        "activation": "tanh",
        "inner_activation": "hard_sigmoid",
        "W_regularizer": None,
        "dropout_W": 0.0,
        "consume_less": "cpu",
        "input_dim": 3,
        "input_length": 4,
    },
    "Embedding": {
        "input_dim": 5,
        "output_dim": 2,
        "init": "uniform",
        "W_regularizer": None,
        "W_constraint": None,
        "mask_zero": False,
        "input_length": 4,
        "dropout": 0.0,
    },
    "BatchNormalization": {"epsilon": 1e-5, "mode": 0, "gamma_init": "one", "beta_init": "zero"},
    "Cropping1D": {"cropping": [1, 1]},
}


@pytest.mark.parametrize("name", KERAS_1)
def test_configurations_of_keras_1(name: str) -> None:
    shape = (4,) if name == "Embedding" else (4, 3)
    model = model_from_json(json.dumps(describe([layer(name, **KERAS_1[name])], shape)))
    config = model.layers[0].get_config()
    assert config.get("recurrent_activation", "").endswith("(slope=0.2)") == (name == "LSTM")
    assert config.get("unit_forget_bias", True)
