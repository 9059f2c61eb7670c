"""save_weights and load_weights between models and files written here or by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from torch import nn

from kplug import Sequential
from kplug.errors import KplugWarning, NotBuiltError, WeightsError
from kplug.layers import Dense
from kplug.saving import load_weights, save_weights

Make = Callable[..., Any]
DENSE = {"kernel": (3, 4), "bias": (4,)}


def zero(model: Any) -> None:
    with torch.no_grad():
        for weight in model.weights:
            weight.zero_()


def assert_same(left: Any, right: Any) -> None:
    for one, other in zip(left.get_weights(), right.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_positional_round_trip_ignores_names_and_layers_without_weights(
    make_model: Make, tmp_path: Path
) -> None:
    saved = make_model(flatten={}, dense=DENSE, out={"kernel": (4, 1)})
    loaded = make_model(first=DENSE, dropout={}, second={"kernel": (4, 1)})
    save_weights(saved, tmp_path / "a.h5")
    load_weights(loaded, tmp_path / "a.h5")
    assert_same(saved, loaded)


def test_file_has_the_layout_of_keras_2(make_model: Make, tmp_path: Path) -> None:
    save_weights(make_model(flatten={}, dense=DENSE), tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert file.attrs["layer_names"].tolist() == [b"flatten", b"dense"]
        assert file.attrs["backend"] == b"tensorflow"
        assert file.attrs["keras_version"] == b"2.2.4"
        assert file["flatten"].attrs["weight_names"].tolist() == []
        names = file["dense"].attrs["weight_names"]
        assert names.dtype.kind == "S"
        assert names.tolist() == [b"dense/kernel:0", b"dense/bias:0"]
        assert file["/dense/dense/kernel:0"].shape == (3, 4)
        assert file["/dense/dense/kernel:0"].dtype == np.float32


def test_memory_order_does_not_matter(make_model: Make, tmp_path: Path) -> None:
    saved, loaded = make_model(dense=DENSE), make_model(dense=DENSE)
    for model in (saved, loaded):
        kernel = model.layers[0].kernel
        model.layers[0].kernel = nn.Parameter(kernel.detach().t().contiguous().t())
    save_weights(saved, tmp_path / "a.h5")
    load_weights(loaded, tmp_path / "a.h5")
    assert_same(saved, loaded)
    assert loaded.layers[0].kernel.stride() == (1, 3)


def test_by_name_loads_the_common_layers_into_another_architecture(
    make_model: Make, tmp_path: Path
) -> None:
    saved = make_model(a=DENSE, b={"kernel": (4, 4)}, c={"kernel": (4, 1)})
    loaded = make_model(new={"kernel": (9,)}, c={"kernel": (4, 1)}, a=DENSE)
    new_before = loaded.layers[0].kernel.detach().clone()
    save_weights(saved, tmp_path / "a.h5")
    load_weights(loaded, tmp_path / "a.h5", by_name=True)
    torch.testing.assert_close(loaded.layers[0].kernel.detach(), new_before)
    torch.testing.assert_close(loaded.layers[1].kernel, saved.layers[2].kernel)
    torch.testing.assert_close(loaded.layers[2].kernel, saved.layers[0].kernel)


def test_by_name_without_a_common_name_warns(make_model: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    save_weights(make_model(a=DENSE), path)
    with pytest.warns(KplugWarning) as caught:
        load_weights(make_model(dense=DENSE), path, by_name=True)
    assert str(caught[0].message) == (
        f"{path}: nothing was loaded: no layer of the model ('dense') has the name of a layer in "
        "the file ('a')"
    )


@pytest.mark.parametrize("group", ["/", "model_weights"])
def test_file_of_keras_2_2_4_loads(make_model: Make, keras2_file: Make, group: str) -> None:
    kernel, bias = np.arange(12.0).reshape(3, 4), np.ones(4, dtype=">f4")
    layers = {
        "flatten_1": {},
        "dense_1": {"dense_1/kernel:0": kernel, "dense_1/bias:0": bias},
    }
    model = make_model(dense=DENSE)
    load_weights(model, keras2_file(layers, group))
    np.testing.assert_array_equal(model.get_weights()[0], kernel.astype("float32"))
    np.testing.assert_array_equal(model.get_weights()[1], np.ones(4))


def test_names_stored_as_str_load(make_model: Make, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["layer_names"] = ["dense"]
        layer = file.create_group("dense")
        layer.attrs["weight_names"] = ["kernel"]
        layer["kernel"] = np.full((2, 2), 7.0)
    model = make_model(dense={"kernel": (2, 2)})
    load_weights(model, tmp_path / "a.h5")
    assert (model.get_weights()[0] == 7).all()


def test_kernels_of_theano_are_mirrored_back(
    make_layer: Make, make_model: Make, keras2_file: Make
) -> None:
    kernel = np.arange(3 * 2 * 1 * 1.0).reshape(3, 2, 1, 1)
    layer_class: Any = type("Conv2D", (type(make_layer("x", {})),), {})
    model = make_model(layer_class("conv", {"kernel": (3, 2, 1, 1)}))
    load_weights(model, keras2_file({"c": {"c/kernel:0": kernel}}, backend=b"theano"))
    np.testing.assert_array_equal(model.get_weights()[0], kernel[::-1, ::-1])


def test_weights_of_the_model_itself_are_kept(make_model: Make, tmp_path: Path) -> None:
    saved = make_model(own=torch.tensor([1.5, 2.5]), dense=DENSE)
    loaded = make_model(own=torch.zeros(2), dense=DENSE)
    save_weights(saved, tmp_path / "a.h5")
    load_weights(loaded, tmp_path / "a.h5")
    assert_same(saved, loaded)


def test_top_level_weights_of_a_file_are_ignored_by_a_model_without(
    make_model: Make, tmp_path: Path
) -> None:
    save_weights(make_model(own=torch.ones(2), dense=DENSE), tmp_path / "a.h5")
    load_weights(make_model(dense=DENSE), tmp_path / "a.h5")


def test_nested_model_loads_after_one_of_its_layers_was_frozen(
    make_layer: Make, make_model: Make, tmp_path: Path
) -> None:
    def nested() -> Any:
        inner = make_model(a={"kernel": (2, 2)}, b={"kernel": (2, 2)})
        inner.name = "inner"
        return make_model(inner, out={"kernel": (2, 1)})

    saved, loaded = nested(), nested()
    loaded.layers[0].layers[0].kernel.requires_grad_(False)
    save_weights(saved, tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["inner"].attrs["weight_names"].tolist() == [b"a/kernel:0", b"b/kernel:0"]
    load_weights(loaded, tmp_path / "a.h5")
    assert_same(saved, loaded)
    save_weights(loaded, tmp_path / "b.h5")
    with h5py.File(tmp_path / "b.h5") as file:
        assert file["inner"].attrs["weight_names"].tolist() == [b"b/kernel:0", b"a/kernel:0"]
    zero(saved)
    load_weights(saved, tmp_path / "b.h5")
    assert_same(saved, loaded)


def test_layer_with_an_attribute_called_layers_is_no_model(
    make_layer: Make, make_model: Make, tmp_path: Path
) -> None:
    def make() -> Any:
        layer = make_layer("block", {"scale": (2,)})
        layer.layers = nn.ModuleList([nn.Linear(2, 3)])
        return make_model(layer)

    saved, loaded = make(), make()
    save_weights(saved, tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["block"].attrs["weight_names"].tolist() == [
            b"block/scale:0",
            b"block/layers/0/weight:0",
            b"block/layers/0/bias:0",
        ]
    load_weights(loaded, tmp_path / "a.h5")
    assert_same(saved, loaded)


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [
        (torch.float64, "float64"),
        (torch.float16, "float16"),
        (torch.bfloat16, "float32"),
        (torch.int64, "int64"),
        (torch.bool, "bool"),
    ],
)
def test_types_survive(make_model: Make, tmp_path: Path, dtype: torch.dtype, stored: str) -> None:
    values = torch.tensor([0, 1, 1, 0]).to(dtype)
    saved, loaded = make_model(state={}), make_model(state={})
    for model, content in ((saved, values), (loaded, torch.zeros_like(values))):
        model.layers[0].register_buffer("count", content.clone())
    saved_layer, loaded_layer = saved.layers[0], loaded.layers[0]
    saved_layer.__class__ = loaded_layer.__class__ = type(
        "Stateful", (type(saved_layer),), {"weights": property(lambda self: [self.count])}
    )
    save_weights(saved, tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["state/state/count:0"].dtype == stored
    load_weights(loaded, tmp_path / "a.h5")
    assert loaded_layer.count.dtype == dtype
    assert torch.equal(loaded_layer.count, values)


def test_names_beyond_64_kilobytes_are_split_and_read_back(
    make_model: Make, tmp_path: Path
) -> None:
    shapes = {f"layer_{number}_{'x' * 400}": {"kernel": (2,)} for number in range(200)}
    saved, loaded = make_model(**shapes), make_model(**shapes)
    save_weights(saved, tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert "layer_names" not in file.attrs
        sizes = [file.attrs[f"layer_names{part}"].nbytes for part in range(2)]
        assert max(sizes) <= 64512
    load_weights(loaded, tmp_path / "a.h5")
    assert_same(saved, loaded)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    shapes=st.lists(
        st.dictionaries(
            st.sampled_from(["kernel", "bias", "gamma", "alpha"]),
            st.lists(st.integers(0, 4), max_size=4).map(tuple),
            max_size=4,
        ),
        max_size=4,
    ),
    by_name=st.booleans(),
)
def test_any_shapes_survive(
    make_model: Make, tmp_path: Path, shapes: list[dict[str, Any]], by_name: bool
) -> None:
    layers = {f"block/layer_{index}": weights for index, weights in enumerate(shapes)}
    saved, loaded = make_model(**layers), make_model(**layers)
    save_weights(saved, tmp_path / "a.h5")
    load_weights(loaded, tmp_path / "a.h5", by_name=by_name)
    assert_same(saved, loaded)


def test_unbuilt_model_is_refused(make_model: Make, tmp_path: Path) -> None:
    model = make_model(dense=DENSE)
    model.built = False
    for action in (save_weights, load_weights):
        with pytest.raises(NotBuiltError) as caught:
            action(model, tmp_path / "a.h5")
        assert str(caught.value) == (
            "model 'standin' has no weights yet: its input shape is unknown\n"
            "  Give the first layer an input_shape, or call the model on data once."
        )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("a", "a"),
            "model 'standin' has two layers named 'a'; a file tells layers apart by name\n"
            "  Give each layer its own name=….",
        ),
        (
            ("../a",),
            "the layer name '../a' of model 'standin' cannot be stored in HDF5\n"
            "  Use a name without empty, '.' or '..' parts between slashes.",
        ),
    ],
)
def test_names_that_no_file_can_hold_are_refused(
    make_layer: Make, make_model: Make, tmp_path: Path, names: tuple[str, ...], message: str
) -> None:
    model = make_model(*[make_layer(name, {}) for name in names])
    with pytest.raises(WeightsError) as caught:
        save_weights(model, tmp_path / "a.h5")
    assert str(caught.value) == f"{tmp_path / 'a.h5'}: {message}"
    assert list(tmp_path.iterdir()) == []


def test_name_too_long_for_hdf5_leaves_no_file(make_model: Make, tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        save_weights(make_model(**{"x" * 65000: {}}), tmp_path / "a.h5")
    assert str(caught.value) == (
        f"{tmp_path / 'a.h5'}: a name of 65000 bytes cannot be stored in HDF5: {b'x' * 40!r}…; at "
        "most 64512 are possible\n  Give the layer a shorter name=…."
    )
    assert list(tmp_path.iterdir()) == []


WEIGHTS_HINT = (
    "\n  Use '.h5' or '.hdf5' for Keras 2's HDF5 layout, '.weights.h5' for Keras 3's, "
    "'.safetensors' for safetensors."
)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a", "the path has no extension" + WEIGHTS_HINT),
        ("a.ckpt", "the extension '.ckpt' names no format" + WEIGHTS_HINT),
        (
            "a.keras",
            "the extension '.keras' means a whole model, and only weights were to be saved\n"
            "  Use model.save for the whole model. " + WEIGHTS_HINT.strip(),
        ),
    ],
)
def test_extensions_that_name_no_format_of_weights(
    make_model: Make, tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(WeightsError) as caught:
        save_weights(make_model(dense=DENSE), tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: {message}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("extension", [".weights.h5", ".safetensors"])
def test_by_name_needs_a_format_with_names(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"
    model = Sequential([Dense(1, input_dim=2)])
    model.save_weights(path)
    with pytest.raises(WeightsError, match="by_name=True needs the names of layers, and "):
        model.load_weights(path, by_name=True)


def test_layout_and_extension_agree(make_model: Make, tmp_path: Path) -> None:
    save_weights(make_model(dense=DENSE), tmp_path / "a.h5")
    path = (tmp_path / "a.h5").rename(tmp_path / "a.weights.h5")
    with pytest.raises(WeightsError) as caught:
        load_weights(make_model(dense=DENSE), path)
    assert str(caught.value) == (
        f"{path}: the file has Keras 2's HDF5 layout, which the extension '.weights.h5' does not "
        "announce\n  Rename it so that it ends in '.h5' alone."
    )
