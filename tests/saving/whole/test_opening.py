"""Whole-model files that do not fit or cannot be trusted: a typed error, little time, little memory."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kplug import Sequential, layers, load_model
from kplug.errors import KplugError, KplugWarning, NotBuiltError, WeightsError
from kplug.models import model_from_json
from tests.saving.whole_files import assert_refused, make, members, write_zip

DAMAGED = "\n  Copy or download the file again; what it was saved from may still be there."


WHOLE = "\n  Use '.keras', or '.h5' or '.hdf5' for a whole model in HDF5."


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("m", "the path has no extension" + WHOLE),
        ("m.pt", "the extension '.pt' names no format" + WHOLE),
        (
            "m.weights.h5",
            "the extension '.weights.h5' means weights alone, not a whole model" + WHOLE + " For "
            "weights there are model.save_weights and model.load_weights.",
        ),
    ],
)
def test_extensions_that_name_no_whole_model(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        make().save(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: {message}"
    (tmp_path / name).write_bytes(b"x")
    assert_refused(tmp_path / name, message)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert_refused(
        tmp_path / "m.keras", "there is no such file\n  Check the path and the working folder."
    )
    assert_refused(tmp_path, "this is a folder, not a file\n  Give the path of the file itself.")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "this is not a zip archive, but an empty file" + DAMAGED),
        (
            b"\x89HDF\r\n\x1a\n" + bytes(100),
            "this is not a zip archive, but an HDF5 file\n  Rename it so that it ends in '.h5'.",
        ),
        (b"PK\x03\x04" + bytes(100), "the zip archive is truncated: its end is missing" + DAMAGED),
        (b"<html>", "this is not a zip archive, so no '.keras' file" + DAMAGED),
    ],
)
def test_other_files_are_recognised(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(content)
    assert_refused(tmp_path / "m.keras", message)


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    make().save_weights(tmp_path / "a.h5")
    assert_refused(
        tmp_path / "a.h5",
        "the file holds weights alone, no model that could be built from it\n"
        "  Build the model in code, then model.load_weights reads the file.",
    )


def test_hdf5_of_something_else(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["temperature"] = [1.0]
    assert_refused(
        tmp_path / "a.h5",
        "this HDF5 file holds no Keras model: it has no 'model_config'\n"
        "  Expected is a file of model.save, of kplug or of Keras.",
    )


def test_unbuilt_model_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match="model 'm' has no weights yet"):
        Sequential([layers.Dense(1)], name="m").save(tmp_path / "m.keras")
    assert list(tmp_path.iterdir()) == []


def test_overwrite_false_keeps_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(b"old")
    with pytest.raises(WeightsError, match="the file exists and overwrite=False"):
        make().save(path, overwrite=False)
    assert path.read_bytes() == b"old"


def test_file_without_training_configuration(tmp_path: Path) -> None:
    Sequential([layers.Dense(1, input_dim=2)]).save(tmp_path / "m.h5")
    with pytest.warns(KplugWarning, match="the file has no training configuration, so the model"):
        assert load_model(tmp_path / "m.h5").compiled is None
    assert load_model(tmp_path / "m.h5", compile=False).compiled is None


def test_component_table_and_state_of_a_newer_kplug(saved: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(saved[".h5"])
    with h5py.File(path, "a") as file:
        content = json.loads(file["kplug_state"].attrs["content"])
        file["kplug_state"].attrs["content"] = json.dumps({**content, "layout": 2})
    assert_refused(
        path,
        "the training state of the file has layout 2, this kplug reads 1\n"
        "  pip install --upgrade kplug",
    )


@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_packages_are_compared(saved: Any, extension: str, tmp_path: Path) -> None:
    path, model = tmp_path / f"m{extension}", make()
    model.save(path)
    load_model(path, verify="exact")
    row = {"kind": "loss", "name": "wavelets/l", "distribution": "wavelets", "version": "1.2"}
    if extension == ".h5":
        with h5py.File(path, "a") as file:
            content = json.loads(file.attrs["kplug_components"])
            content["components"].append(row)
            file.attrs["kplug_components"] = np.bytes_(json.dumps(content).encode())
    else:
        parts = members(path.read_bytes())
        (tmp_path / "w.h5").write_bytes(parts["model.weights.h5"])
        with h5py.File(tmp_path / "w.h5", "a") as file:
            content = json.loads(file.attrs["kplug_components"])
            content["components"].append(row)
            file.attrs["kplug_components"] = np.bytes_(json.dumps(content).encode())
        write_zip(path, {**parts, "model.weights.h5": (tmp_path / "w.h5").read_bytes()})
    sentence = (
        "the file was made with other packages:\n  the file says that 'wavelets' 1.2 supplied wavelets/l; "
        "it is not installed, and no plugin here knows that package"
    )
    with pytest.warns(KplugWarning) as caught:
        load_model(path)
    assert str(caught[0].message) == f"{path}: {sentence}"
    with pytest.raises(WeightsError) as refused:
        load_model(path, verify="exact")
    assert sentence in str(refused.value)
    load_model(path, verify="off")


@pytest.mark.parametrize("extension", [".keras", ".h5"])
@pytest.mark.parametrize("fraction", [0.01, 0.3, 0.6, 0.9, 0.999])
def test_truncated_file(saved: Any, extension: str, fraction: float, tmp_path: Path) -> None:
    path = tmp_path / f"m{extension}"
    path.write_bytes(saved[extension][: int(len(saved[extension]) * fraction)])
    with pytest.raises(WeightsError, match=r"truncated|not a zip archive|not an HDF5 file"):
        load_model(path)


@pytest.mark.parametrize("extension", [".keras", pytest.param(".h5", marks=pytest.mark.slow)])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(position=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
@pytest.mark.filterwarnings("ignore::kplug.errors.KplugWarning")
def test_changed_byte_loads_or_is_refused(
    saved: Any, extension: str, tmp_path: Path, position: float, mask: int
) -> None:
    content = bytearray(saved[extension])
    content[int(position * len(content))] ^= mask
    path = tmp_path / f"m{extension}"
    path.write_bytes(content)
    with contextlib.suppress(KplugError):
        load_model(path)


def with_config(saved: Any, path: Path, config: str) -> Path:
    return write_zip(path, {**members(saved[".keras"]), "config.json": config.encode()})


def nest(depth: int) -> str:
    return '{"class_name": "Sequential", "config": {"layers": [' * depth + "]}}" * depth


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("[1]", "config.json holds list, not a dict"),
        ("{", "config.json is no JSON that can be read: "),
        ("[" * 100_000, "config.json is no JSON that can be read: "),
        ("[" * 100_000 + "]" * 100_000, "config.json is"),
        (nest(60), "config.json is nested more than 64 levels deep"),
        (nest(20_000), "config.json is"),
        ('{"class_name": "Sequential"}', "the configuration of a model has no list of layers: "),
        ('{"a": 1}', "the configuration of the model has a dict without 'class_name' for a layer"),
        (
            '{"class_name": "os.system", "config": {"command": "true"}}',
            "'os.system' is not a reference to a component",
        ),
        (
            '{"class_name": "Dense", "module": "os", "config": {"units": 1}}',
            "'custom/Dense' was a layer defined in code, and this code does not offer it",
        ),
    ],
)
def test_configurations_that_mean_no_model(
    saved: Any, config: str, message: str, tmp_path: Path
) -> None:
    path = with_config(saved, tmp_path / "m.keras", config)
    with pytest.raises(KplugError) as caught:
        load_model(path)
    assert caught.value.message.startswith(message)


def test_weights_larger_than_the_file(saved: Any, tmp_path: Path) -> None:
    config = json.loads(members(saved[".keras"])["config.json"])
    config["config"]["layers"][1]["config"]["units"] = 1_000_000_000
    path = with_config(saved, tmp_path / "m.keras", json.dumps(config))
    assert_refused(
        path,
        "the configuration announces weights of 16000000004 bytes, the whole file has "
        f"{path.stat().st_size}" + DAMAGED,
    )


def test_weights_of_other_shapes(saved: Any, tmp_path: Path) -> None:
    config = json.loads(members(saved[".keras"])["config.json"])
    config["config"]["layers"][1]["config"]["units"] = 4
    path = with_config(saved, tmp_path / "m.keras", json.dumps(config))
    with pytest.raises(WeightsError, match=r"layer 'a': weight 'kernel' has shape \(2, 4\), the "):
        load_model(path)


def spoil_text(file: h5py.File) -> None:
    file["kplug_state"].attrs["content"] = "{"


def spoil_form(file: h5py.File) -> None:
    file["kplug_state"].attrs["content"] = '{"layout": 1, "optimizer": {"tensor": [1, 2]}}'


def spoil_dataset(file: h5py.File) -> None:
    del file["kplug_state/0"]
    file["kplug_state"].create_dataset("0", (1 << 40,), "f4", chunks=(1 << 10,))
    file["kplug_state/0"][0] = 1


def spoil_link(file: h5py.File) -> None:
    del file["kplug_state"]
    file["kplug_state"] = h5py.ExternalLink("/etc/passwd", "/x")


@pytest.mark.parametrize("spoil", [spoil_text, spoil_form, spoil_dataset, spoil_link])
def test_training_state_that_cannot_be_trusted(
    saved: Any, spoil: Callable[[h5py.File], None], tmp_path: Path
) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(saved[".h5"])
    with h5py.File(path, "a") as file:
        spoil(file)
    with pytest.raises(WeightsError):
        load_model(path)
    assert load_model(path, compile=False).count_params() == 13


def test_generator_that_is_none(saved: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(saved[".h5"])
    with h5py.File(path, "a") as file:
        content = json.loads(file["kplug_state"].attrs["content"])
        content["generators"] = {"items": [["torch", 3]]}
        file["kplug_state"].attrs["content"] = json.dumps(content)
    with pytest.raises(WeightsError, match="the stored generator 'torch' cannot be read"):
        load_model(path)


@pytest.mark.slow
def test_many_attributes_cost_little(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    model = Sequential([layers.Dense(1, input_dim=2)])
    model.save(path)
    with h5py.File(path) as file:
        attributes = dict(file.attrs)
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs.update(attributes)
        group = file.create_group("model_weights")
        for number in range(11_000):
            group.attrs[f"layer_names{number}"] = np.asarray([b"x"])
    with pytest.raises(WeightsError) as caught:
        load_model(path, compile=False)
    assert str(caught.value) == (
        f"{path}: the attribute 'layer_names' of '/model_weights' is not a list of names: it has "
        "10001 parts, with 10001 names"
    )


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_pipe(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    assert_refused(tmp_path / name, "this is no regular file, but a pipe or a device")


def test_training_state_that_is_no_dict(saved: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(saved[".h5"])
    with h5py.File(path, "a") as file:
        content = json.loads(file["kplug_state"].attrs["content"])
        content["optimizer"] = {"tensor": ["0", "float32", "cpu"]}
        file["kplug_state"].attrs["content"] = json.dumps(content)
    with pytest.raises(WeightsError, match="the training state of the file cannot be read"):
        load_model(path)


@pytest.mark.parametrize("units", [10**19, 10**30])
def test_weights_that_no_number_counts(units: int) -> None:
    entry = {"class_name": "Dense", "config": {"units": units, "batch_input_shape": [None, 2]}}
    model = model_from_json(json.dumps({"class_name": "Sequential", "config": {"layers": [entry]}}))
    with pytest.raises(KplugError, match="no memory holds a weight 'kernel' of shape"):
        model.count_params()


def test_operator_without_configuration() -> None:
    entry = {"module": "keras.src.ops.numpy", "class_name": "Add", "config": "x"}
    model = {"class_name": "Sequential", "config": {"layers": [entry]}}
    assert model_from_json(json.dumps(model)).layers[0].get_config()["operation"] == "add"


@pytest.mark.parametrize(
    ("optimizer", "problem"),
    [
        (
            {"class_name": "Lions", "config": {}},
            "optimizer: no optimizer is named 'Lions'",
        ),
        (
            {"class_name": "kplug-lions>lions", "config": {}},
            "optimizer: the optimizer 'kplug-lions/lions' is said to belong to 'kplug-lions', which is not "
            "installed",
        ),
        (
            {"class_name": "SGD", "config": {"heat": 1.0}},
            "optimizer: sgd has no argument 'heat'\n  Known: lr, momentum, ",
        ),
        (
            {"class_name": "SGD", "config": {"momentum": -1.0}},
            "optimizer: sgd: argument 'momentum' is -1.0; allowed: a number in [0, 1]",
        ),
    ],
)
def test_an_optimizer_that_cannot_be_made_costs_the_optimizer(
    optimizer: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.h5"
    model = make()
    x = np.ones((4, 2), "float32")
    model.save(path)
    with h5py.File(path, "a") as file:
        training = json.loads(file.attrs["training_config"])
        file.attrs["training_config"] = json.dumps({**training, "optimizer_config": optimizer})
    with pytest.warns(KplugWarning) as caught:
        loaded = load_model(path)
    assert len(caught) == 1
    beginning = (
        f"{path}: the model is compiled with kplug/rmsprop, because its own optimizer cannot be "
    )
    assert str(caught[0].message).startswith(f"{beginning}made: {problem}")
    assert loaded.evaluate(x, x[:, :1], verbose=0) == model.evaluate(x, x[:, :1], verbose=0)
    assert loaded.optimizer.get_config()["lr"] == 0.001
