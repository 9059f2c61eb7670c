"""Keras 3's `.weights.h5`: the layout by hand, real Keras on the other side, and what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kplug import Model, Sequential, layers
from kplug.errors import KplugWarning, NotBuiltError, WeightsError
from kplug.saving.hdf5 import find_group

HINT = (
    "\n  Build the model as it was saved: Keras 3 finds a layer by its class and its position. Or "
    "pass skip_mismatch=True to leave what differs as it is."
)

# Keras's variables and NumPy 2 disagree about `__array__`.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def build(library: Any, sequential: Any, name: str = "outer") -> Any:
    return sequential(
        [
            library.Input((8, 8, 2)),
            library.Conv2D(3, 3, name="first"),
            library.BatchNormalization(),
            library.Dropout(0.5, seed=3),
            library.Conv2D(2, 2, name="other"),
            library.Flatten(),
            sequential([library.Dense(4), library.Dense(3)], name="inner"),
            library.Dense(1, name="out"),
        ],
        name=name,
    )


def assert_equal(one: Any, other: Any) -> None:
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_layout_is_that_of_the_reference(tmp_path: Path) -> None:
    model = build(layers, Sequential)
    model.save_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5") as file:
        assert sorted(file) == ["layers", "vars"]
        assert sorted(file["layers"]) == [
            "batch_normalization",
            "conv2d",
            "conv2d_1",
            "dense",
            "dropout",
            "flatten",
            "sequential",
        ]
        assert file["layers/conv2d_1/vars"].attrs["name"] == "other"
        assert file["layers/sequential/layers/dense_1/vars/0"].shape == (4, 3)
        assert [file[f"layers/batch_normalization/vars/{i}"].shape for i in range(4)] == [(3,)] * 4


def test_keras_reads_ours(tmp_path: Path) -> None:
    ours, theirs = build(layers, Sequential), build(keras.layers, keras.Sequential)
    ours.save_weights(tmp_path / "a.weights.h5")
    theirs.load_weights(tmp_path / "a.weights.h5")
    assert_equal(ours, theirs)


def test_we_read_theirs(tmp_path: Path) -> None:
    ours, theirs = build(layers, Sequential), build(keras.layers, keras.Sequential)
    theirs.save_weights(tmp_path / "a.weights.h5")
    ours.load_weights(tmp_path / "a.weights.h5")
    assert_equal(ours, theirs)


def subclass(base: Any, library: Any) -> Any:
    class Residual(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="residual")
            self.second = library.Dense(3)
            self._hidden = library.Dense(3)
            self.first = library.Dense(3, use_bias=False)

        def call(self, inputs: Any) -> Any:
            return self.second(self._hidden(self.first(inputs)))

    model = Residual()
    model(np.ones((1, 3), dtype="float32"))
    return model


@pytest.mark.parametrize("is_ours_saved", [True, False])
def test_subclass_goes_by_attributes(is_ours_saved: bool, tmp_path: Path) -> None:
    ours, theirs = subclass(Model, layers), subclass(keras.Model, keras.layers)
    saved, loaded = (ours, theirs) if is_ours_saved else (theirs, ours)
    saved.save_weights(tmp_path / "a.weights.h5")
    loaded.load_weights(tmp_path / "a.weights.h5")
    x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_shared_layer_is_stored_once(tmp_path: Path) -> None:
    class Twice(Model):
        def __init__(self) -> None:
            super().__init__(name="twice")
            self.a = self.b = layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.b(self.a(inputs))

    model = Twice()
    model(np.ones((1, 2), dtype="float32"))
    model.save_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5") as file:
        assert sorted(file) == ["a", "vars"]


def make(*units: int) -> Any:
    return Sequential(
        [layers.Input((2,)), *[layers.Dense(n, name=f"d{i}") for i, n in enumerate(units)]],
        name="m",
    )


def assert_refused(model: Any, path: Path, message: str) -> None:
    before = model.get_weights()
    with pytest.raises(WeightsError) as caught:
        model.load_weights(path)
    assert str(caught.value) == f"{path}: {message}"
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_shape_names_layer_and_both_shapes(tmp_path: Path) -> None:
    make(3, 4).save_weights(tmp_path / "a.weights.h5")
    assert_refused(
        make(3, 5),
        tmp_path / "a.weights.h5",
        "layer 'd1': weight 'kernel' has shape (3, 5), the file's '/layers/dense_1/vars/0' has "
        "shape (3, 4); 1 more weights or layers do not fit" + HINT,
    )


def test_layer_that_the_file_lacks(tmp_path: Path) -> None:
    make(3).save_weights(tmp_path / "a.weights.h5")
    assert_refused(
        make(3, 5),
        tmp_path / "a.weights.h5",
        "layer 'd1' has 2 weights ('kernel', 'bias'), the file holds 0 for it, at '/layers/dense_1'"
        + HINT,
    )


def test_layer_that_only_the_file_has(tmp_path: Path) -> None:
    make(3, 4).save_weights(tmp_path / "a.weights.h5")
    assert_refused(
        make(3),
        tmp_path / "a.weights.h5",
        "the file holds layers at '/layers' that the model does not have ('dense_1')" + HINT,
    )


def test_skip_mismatch_loads_the_rest_and_warns(tmp_path: Path) -> None:
    saved, loaded = make(3, 4), make(3, 5)
    saved.save_weights(tmp_path / "a.weights.h5")
    with pytest.warns(KplugWarning, match="skipped what does not fit"):
        loaded.load_weights(tmp_path / "a.weights.h5", skip_mismatch=True)
    np.testing.assert_array_equal(loaded.get_weights()[0], saved.get_weights()[0])


def test_unbuilt_model(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(1)], name="m")
    with pytest.raises(NotBuiltError, match="model 'm' has no weights yet"):
        model.save_weights(tmp_path / "a.weights.h5")


def test_links_out_of_the_group_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.weights.h5"
    make(3).save_weights(path)
    with h5py.File(path, "a") as file:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/x")
    assert_refused(
        make(3),
        path,
        "refused to follow the ExternalLink '/layers/dense/vars/0': links that leave their group "
        "can point outside the file",
    )


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(position=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_changed_byte_loads_or_is_refused(tmp_path: Path, position: float, mask: int) -> None:
    path, model = tmp_path / "a.weights.h5", make(3, 4)
    model.save_weights(path)
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= mask
    path.write_bytes(content)
    before = model.get_weights()
    try:
        model.load_weights(path, verify="off")
    except WeightsError:
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


def test_weights_of_an_archive_load_alone(tmp_path: Path) -> None:
    saved, loaded = make(3, 4), make(3, 4)
    saved.save(tmp_path / "m.keras")
    loaded.load_weights(tmp_path / "m.keras")
    assert_equal(saved, loaded)
    with pytest.raises(WeightsError, match="layer 'd1': weight 'kernel' has shape"):
        make(3, 5).load_weights(tmp_path / "m.keras")


@pytest.mark.slow
def test_of_many_groups_few_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def count(parent: h5py.Group, name: str) -> h5py.Group | None:
        looked_at.append(name)
        return find_group(parent, name)

    monkeypatch.setattr("kplug.saving.weights.keras3_matching.find_group", count)
    path = tmp_path / "a.weights.h5"
    make(3).save_weights(path)
    with h5py.File(path, "a", libver="latest") as file:
        for number in range(20_000):
            file["layers"].create_group(f"x{number}")
    make(3).load_weights(path)
    assert 3 < len(looked_at) < 200
