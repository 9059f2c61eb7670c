"""Normalizing layers against Keras, in numbers, in training and in files."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

import kplug
from kplug.errors import ArgumentValueError, DataError
from kplug.layers import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)

SETTINGS = settings(max_examples=30, deadline=None)
flags = st.booleans()
sizes = st.lists(st.integers(2, 5), min_size=1, max_size=4)
keras_files = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning", "ignore:You are saving:UserWarning"
)


def _draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3)) * 2.0 + 1.0


@given(sizes=sizes, data=st.data(), training=flags, center=flags, scale=flags)
@SETTINGS
def test_batch_normalization(
    compare: Any, sizes: list[int], data: Any, training: bool, center: bool, scale: bool
) -> None:
    axis = data.draw(st.sampled_from([-1, *range(1, len(sizes) + 1)]))
    compare(
        "BatchNormalization",
        _draw(4, *sizes),
        training=training,
        axis=axis,
        momentum=0.7,
        center=center,
        scale=scale,
    )


# Along other than the last axes, Keras 3.15's own layers fail or mix the axes up with torch.


@given(sizes=sizes, data=st.data(), center=flags, scale=flags)
@SETTINGS
def test_layer_normalization(
    compare: Any, sizes: list[int], data: Any, center: bool, scale: bool
) -> None:
    first = data.draw(st.integers(1, len(sizes)))
    axis = data.draw(st.sampled_from([-1, list(range(first, len(sizes) + 1))]))
    compare("LayerNormalization", _draw(3, *sizes), axis=axis, center=center, scale=scale)


@given(sizes=sizes, data=st.data())
@SETTINGS
def test_rms_normalization(compare: Any, sizes: list[int], data: Any) -> None:
    first = data.draw(st.integers(1, len(sizes)))
    axis = data.draw(st.sampled_from([-1, list(range(first, len(sizes) + 1))]))
    compare("RMSNormalization", _draw(3, *sizes), axis=axis)


@pytest.mark.parametrize("axis", [1, 2, [1, 2], [3, 1], [-3], [1, 2, 3]])
def test_any_axes_in_float64(axis: Any) -> None:
    x = _draw(2, 3, 4, 5).double().numpy()
    axes = tuple(one % 4 for one in (axis if isinstance(axis, list) else [axis]))
    shape = [size if number in axes else 1 for number, size in enumerate(x.shape)]
    gamma, beta = (np.arange(1.0, math.prod(shape) + 1).reshape(shape) + n for n in (0, 7))
    moved = x - x.mean(axis=axes, keepdims=True)
    centred = moved / np.sqrt((moved**2).mean(axis=axes, keepdims=True) + 0.1)
    layer = LayerNormalization(axis, 0.1, dtype="float64")
    _set(layer, x.shape, gamma, beta)
    outputs = layer(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(outputs, centred * gamma + beta, rtol=1e-10)
    scaled = x / np.sqrt((x**2).mean(axis=axes, keepdims=True) + 0.1)
    other = RMSNormalization(axis, 0.1, dtype="float64")
    _set(other, x.shape, gamma)
    outputs = other(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(outputs, scaled * gamma, rtol=1e-10)


def _set(layer: Any, shape: tuple[int, ...], *values: Any) -> None:
    layer.build_for((None, *shape[1:]))
    weights = zip(values, layer.get_weights(), strict=True)
    layer.set_weights([value.reshape(weight.shape) for value, weight in weights])


@given(
    sizes=st.lists(st.integers(1, 4), max_size=3),
    channels=st.sampled_from([(2, 1), (4, 2), (6, 3), (4, -1)]),
    is_last=flags,
    center=flags,
    scale=flags,
)
@SETTINGS
def test_group_normalization(
    compare: Any, sizes: list[int], channels: tuple[int, int], is_last: bool, **arguments: Any
) -> None:
    size, groups = channels
    shape = (*sizes, size) if is_last else (size, *sizes)
    inputs = _draw(2, *shape)
    axis = -1 if is_last else 1
    compare("GroupNormalization", inputs, groups=groups, axis=axis, tolerance=1e-3, **arguments)


@given(sizes=sizes, data=st.data())
@SETTINGS
def test_unit_normalization(compare: Any, sizes: list[int], data: Any) -> None:
    axes = st.integers(1, len(sizes))
    axis = data.draw(st.one_of(st.just(-1), axes, st.lists(axes, min_size=1, unique=True)))
    compare("UnitNormalization", _draw(3, *sizes), axis=axis)


def test_unit_normalization_of_zeros_has_finite_gradients() -> None:
    x = torch.zeros(1, 3, requires_grad=True)
    outputs = UnitNormalization()(x)
    outputs.sum().backward()
    assert outputs.tolist() == [[0.0, 0.0, 0.0]]
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


# -- moving statistics ---------------------------------------------------------------------------


def test_moving_statistics_follow_the_formula_in_float64() -> None:
    layer = BatchNormalization(momentum=0.9, dtype="float64")
    mean, variance = np.zeros(3), np.ones(3)
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=(5, 2, 3))
        layer(torch.from_numpy(x), training=True)
        mean = 0.9 * mean + 0.1 * x.mean(axis=(0, 1))
        variance = 0.9 * variance + 0.1 * x.var(axis=(0, 1))
    np.testing.assert_allclose(layer.get_weights()[2], mean, rtol=1e-12)
    np.testing.assert_allclose(layer.get_weights()[3], variance, rtol=1e-12)


def test_one_value_a_channel_has_variance_zero() -> None:
    layer = BatchNormalization(momentum=0.5)
    outputs = layer(torch.tensor([[4.0, 6.0]]), training=True)
    assert outputs.tolist() == [pytest.approx([0.0, 0.0], abs=1e-4)]
    assert layer.moving_mean.tolist() == [2.0, 3.0]
    assert layer.moving_variance.tolist() == [0.5, 0.5]


def test_frozen_layer_infers_in_training() -> None:
    layer = BatchNormalization()
    layer.build_for((None, 2))
    layer.trainable = False
    x = _draw(6, 2)
    torch.testing.assert_close(layer(x, training=True), layer(x))
    assert layer.moving_mean.tolist() == [0.0, 0.0]
    assert layer.trainable_weights == []
    assert [weight.shape for weight in layer.get_weights()] == [(2,)] * 4


def test_evaluation_changes_nothing() -> None:
    layer = BatchNormalization()
    layer(_draw(6, 2))
    assert layer.moving_mean.tolist() == [0.0, 0.0]


def test_order_of_weights() -> None:
    layer = BatchNormalization(
        moving_mean_initializer="constant(3)", moving_variance_initializer="constant(4)"
    )
    layer.build_for((None, 1))
    names = ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [name for name, _ in layer.named_weights()] == names
    assert [float(array[0]) for array in layer.get_weights()] == [1.0, 0.0, 3.0, 4.0]
    assert len(layer.trainable_weights) == len(layer.non_trainable_weights) == 2


def test_half_precision_stays_half() -> None:
    layer = BatchNormalization(dtype="bfloat16")
    outputs = layer(_draw(8, 3), training=True)
    assert outputs.dtype is torch.bfloat16
    assert torch.isfinite(layer.moving_variance).all()


@pytest.mark.parametrize(
    "make",
    [BatchNormalization, LayerNormalization, lambda: GroupNormalization(1), RMSNormalization],
)
def test_autocast_keeps_weights_in_full_precision(make: Any) -> None:
    layer = make()
    layer.build_for((None, 4))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = layer(_draw(8, 4).bfloat16(), training=True)
    assert outputs.dtype is torch.bfloat16
    assert {weight.dtype for weight in layer.weights} == {torch.float32}
    assert all(torch.isfinite(weight).all() for weight in layer.weights)


def test_statistics_move_with_the_layer() -> None:
    layer = BatchNormalization()
    layer.build_for((None, 2))
    layer.double()
    layer(_draw(4, 2), training=True)
    assert {array.dtype for array in layer.get_weights()} == {np.dtype("float64")}
    assert list(layer.state_dict()) == ["gamma", "beta", "moving_mean", "moving_variance"]


# -- models --------------------------------------------------------------------------------------


def _layers(library: Any) -> list[Any]:
    return [
        library.Conv2D(3, 3, name="conv", use_bias=False),
        library.BatchNormalization(name="norm", momentum=0.9),
        library.Flatten(name="flatten"),
        library.Dense(4, name="dense"),
        library.LayerNormalization(name="layer_norm"),
        library.BatchNormalization(name="norm_2", momentum=0.8, scale=False),
        library.Dense(1, name="out"),
    ]


def _theirs() -> Any:
    return keras.Sequential([keras.Input((6, 6, 2)), *_layers(keras.layers)])


def _ours() -> Any:
    model = kplug.Sequential(_layers(kplug.layers))
    model.build((None, 6, 6, 2))
    return model


def _data() -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    x = generator.normal(2.0, 3.0, size=(24, 6, 6, 2)).astype("float32")
    return x, x.mean(axis=(1, 2))[:, :1]


def _assert_weights(theirs: Any, ours: Any, tolerance: float = 0.0) -> None:
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@keras_files
def test_fit_evaluate_and_predict_as_keras() -> None:
    theirs, ours = _theirs(), _ours()
    ours.set_weights(theirs.get_weights())
    x, y = _data()
    theirs.compile(keras.optimizers.SGD(0.01), "mse")
    ours.compile("sgd(lr=0.01)", "mse")
    expected = theirs.fit(x, y, epochs=4, batch_size=8, shuffle=False, verbose=0).history["loss"]
    history = ours.fit(x, y, epochs=4, batch_size=8, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(history, expected, rtol=1e-4)
    _assert_weights(theirs, ours, 1e-4)
    loss = ours.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(loss, theirs.evaluate(x, y, verbose=0), rtol=1e-3)
    predicted = ours.predict(x, verbose=0)
    np.testing.assert_allclose(predicted, theirs.predict(x, verbose=0), rtol=1e-3, atol=1e-4)
    _assert_weights(theirs, ours, 1e-4)


@keras_files
@pytest.mark.parametrize("options", [{}, {"by_name": True}])
def test_keras_reads_our_file(tmp_path: Path, options: dict[str, Any]) -> None:
    ours, theirs = _ours(), _theirs()
    x, y = _data()
    ours.compile("adam", "mse")
    ours.fit(x, y, epochs=2, verbose=0)
    ours.save_weights(tmp_path / "a.h5")
    theirs.load_weights(tmp_path / "a.h5", **options)
    _assert_weights(theirs, ours)
    predicted = ours.predict(x, verbose=0)
    np.testing.assert_allclose(predicted, theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-4)


@keras_files
@pytest.mark.parametrize("options", [{}, {"by_name": True}])
def test_we_read_keras_file(tmp_path: Path, options: dict[str, Any]) -> None:
    ours, theirs = _ours(), _theirs()
    theirs.compile("sgd", "mse")
    theirs.fit(*_data(), verbose=0)
    theirs.save(tmp_path / "m.h5")
    ours.load_weights(tmp_path / "m.h5", **options)
    _assert_weights(theirs, ours)


def test_our_file_is_read_back(tmp_path: Path) -> None:
    saved, loaded = _ours(), _ours()
    saved.compile("sgd", "mse")
    saved.fit(*_data(), verbose=0)
    saved.save_weights(tmp_path / "a.h5")
    loaded.load_weights(tmp_path / "a.h5")
    _assert_weights(saved, loaded)


def test_frozen_model_keeps_its_order_in_files(tmp_path: Path) -> None:
    saved, loaded = _ours(), _ours()
    saved.compile("sgd", "mse")
    saved.fit(*_data(), verbose=0)
    saved.trainable = False
    saved.save_weights(tmp_path / "a.h5")
    loaded.load_weights(tmp_path / "a.h5")
    _assert_weights(saved, loaded)


def test_statistics_count_as_not_trainable() -> None:
    model = _ours()
    assert sum(weight.numel() for weight in model.non_trainable_weights) == 2 * 3 + 2 * 4
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert any("Non-trainable params: 14" in line for line in "\n".join(lines).split("\n"))


def test_model_is_made_again_from_its_config() -> None:
    model = _ours()
    again = kplug.Sequential.from_config(model.get_config())
    again.set_weights(model.get_weights())
    x, _ = _data()
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


# -- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        BatchNormalization(1, 0.9, 1e-5, center=False, gamma_regularizer="l2(0.1)"),
        LayerNormalization([1, 2], beta_constraint="non_neg"),
        GroupNormalization(-1, axis=1, scale=False),
        RMSNormalization([1, -1], epsilon=0.1),
        UnitNormalization((1, 2)),
    ],
)
def test_config_makes_the_layer_again(layer: Any) -> None:
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config


@pytest.mark.parametrize(
    "theirs",
    [
        keras.layers.BatchNormalization(axis=1, gamma_regularizer="l2"),
        keras.layers.LayerNormalization(axis=[1, 2]),
        keras.layers.GroupNormalization(2),
        keras.layers.RMSNormalization(),
        keras.layers.UnitNormalization(),
    ],
)
def test_config_of_keras_is_taken(theirs: Any) -> None:
    ours = getattr(kplug.layers, type(theirs).__name__)
    layer = ours.from_config(theirs.get_config())
    x = torch.ones(2, 4, 4)
    assert layer(x).shape == x.shape


def test_config_of_tensorflow_has_its_axis_in_a_list() -> None:
    assert BatchNormalization.from_config({"axis": [3]}).axis == 3


def test_penalties_and_constraints_reach_gamma() -> None:
    layer = BatchNormalization(gamma_regularizer="l2(0.5)", gamma_constraint="non_neg")
    layer.build_for((None, 3))
    assert [loss.item() for loss in layer.regularization_losses()] == [1.5]
    assert len(layer.weight_constraints()) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BatchNormalization(momentum=1.5), "argument 'momentum' is 1.5; allowed: a number"),
        (
            lambda: BatchNormalization(epsilon=-1),
            "argument 'epsilon' is -1; allowed: a number >= 0",
        ),
        (lambda: BatchNormalization(axis=0), "allowed: any axis but 0, which is the batch"),
        (lambda: BatchNormalization(axis=[1, 2]), "allowed: one integer"),
        (lambda: BatchNormalization(renorm=True), "allowed: False; kplug does not offer it"),
        (lambda: LayerNormalization(axis="last"), "an integer, or a list of them"),  # type: ignore[arg-type]
        (lambda: GroupNormalization(0), "allowed: an integer >= 1, or -1 for one a channel"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (BatchNormalization(axis=3), (None, 4), "works along axis 3, its inputs of shape"),
        (BatchNormalization(), (None, None), "needs to know the size of axis 1"),
        (GroupNormalization(3), (None, 4), "splits channels into 3 groups"),
        (LayerNormalization(), (4,), "expects inputs of at least 2 axes"),
    ],
)
def test_wrong_shapes(layer: Any, shape: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        layer.build_for(shape)


def test_other_rank_than_it_was_built_for() -> None:
    layer = BatchNormalization()
    layer(torch.ones(2, 3))
    with pytest.raises(DataError, match=r"got shape \(2, 5, 3\)"):
        layer(torch.ones(2, 5, 3))
    with pytest.raises(DataError, match=r"got shape \(2, 4\)"):
        layer(torch.ones(2, 4))


def test_names_are_components() -> None:
    layer = kplug.layers.get("batch_normalization(momentum=0.5)")
    assert isinstance(layer, BatchNormalization)
    assert layer.momentum == 0.5


FIRST_LAYER_IS_GROUP_NORMALIZATION = """
import sys
import numpy as np
import kplug
from kplug.layers import Dense, Flatten, GroupNormalization

for rank in sys.argv[2:]:
    shape = (4,) * int(rank)
    model = kplug.Sequential([GroupNormalization(2, input_shape=shape), Flatten(), Dense(1)])
    model.compile("sgd", "mse", jit_compile=sys.argv[1] == "compiled")
    model.fit(np.ones((8, *shape), "float32"), np.ones((8, 1)), batch_size=2, verbose=0)
    print("trained", rank)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "ranks"), [("eager", ["2", "3", "4"]), ("compiled", ["3"])])
def test_group_normalization_trains_on_inputs_without_a_gradient(
    mode: str, ranks: list[str]
) -> None:
    # In a process of its own: what it guards against ends the process.
    run = subprocess.run(
        [sys.executable, "-c", FIRST_LAYER_IS_GROUP_NORMALIZATION, mode, *ranks],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "".join(f"trained {rank}\n" for rank in ranks)
