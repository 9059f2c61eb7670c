"""``model.export``: what it refuses before it writes, and what its files hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

import kplug
from kplug import layers


def make(**options: Any) -> kplug.Sequential:
    return kplug.Sequential([layers.Dense(4, "tanh", input_dim=3), layers.Dense(2, **options)])


def draw(*shape: int) -> npt.NDArray[Any]:
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_a_program_computes_what_predict_does(tmp_path: Path) -> None:
    model, path = make(), tmp_path / "model.pt2"
    model.compile("adam", "mse")
    model.export(path)
    program = torch.export.load(path).module()
    for count in (1, 5):
        x = draw(count, 3)
        expected = model.predict(x, verbose=0)
        found = program(torch.from_numpy(x)).detach()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_program_has_the_component_table(tmp_path: Path) -> None:
    model, path = make(kernel_initializer="he_normal"), tmp_path / "model.pt2"
    model.compile("lion", "huber")
    model.export(path)
    files = {"kplug_components": ""}
    torch.export.load(path, extra_files=files)
    table = json.loads(files["kplug_components"])
    assert table["kplug"] == kplug.__version__
    names = {row["slot"]: row["name"] for row in table["components"]}
    assert names == {row.slot: row.name for row in model.components}
    assert {"optimizer": "kplug/lion", "loss": "kplug/huber"}.items() <= names.items()


def test_a_file_names_no_place_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    make().export(path)
    assert str(Path(kplug.__file__).parent).encode() not in path.read_bytes()


def test_training_goes_on_as_before(tmp_path: Path) -> None:
    model = make()
    model.train()
    model.export(tmp_path / "model.pt2")
    assert model.training
    assert all(layer.training for layer in model.layers)


def test_verbose_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make().export(tmp_path / "model.pt2", verbose=True)
    assert "model.pt2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("model", {}, "the extension '' of .* names no format\n  Use '.onnx' for ONNX"),
        ("model.pt2", {"format": "pt"}, "no format 'pt'; there are 'onnx' and 'torch'"),
        ("model", {"format": "openvino"}, "no format 'openvino'.*\n  OpenVINO reads ONNX files"),
        ("model", {"format": "tf_saved_model"}, "no format 'tf_saved_model'"),
        (
            "model.bin",
            {"format": "torch"},
            "in files with '.pt2', not '.bin'\n  Name it 'model.pt2'",
        ),
        ("model.pt2", {"opset_version": 18}, "opset_version is an option of format='onnx'"),
        ("away/model.pt2", {}, "away' does not exist"),
        (
            "model.pt2",
            {"input_signature": 3},
            "argument 'input_signature' is 3; allowed: results",
        ),
    ],
)
def test_what_is_refused(name: str, options: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(kplug.KplugError, match=told):
        make().export(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_without_the_libraries_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(
        kplug.MissingLibraryError, match=r"needs the library onnx.*\n.*kplug\[export\]"
    ):
        make().export(tmp_path / "model.onnx")


def test_an_unknown_input_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(kplug.NotBuiltError, match=r"input shape is unknown\n.*input_signature="):
        kplug.Sequential([layers.Dense(2)]).export(tmp_path / "model.pt2")


def test_a_stateful_layer_is_refused(tmp_path: Path) -> None:
    model = kplug.Sequential([layers.LSTM(2, stateful=True, batch_input_shape=(3, 5, 2))])
    with pytest.raises(kplug.ContractError, match=r"layer 'lstm\w*' \(LSTM\) is stateful"):
        model.export(tmp_path / "model.pt2")


def test_texts_are_refused(tmp_path: Path) -> None:
    reader = kplug.layers.get("TextVectorization(output_sequence_length=4, vocabulary=['a', 'b'])")
    model = kplug.Sequential([reader, layers.Embedding(4, 2)])
    model.predict(np.asarray(["a b"]), verbose=0)
    with pytest.raises(kplug.ContractError, match=r"takes texts.*\n.*model.layers\[1:\]"):
        model.export(tmp_path / "model.pt2")
    kplug.Sequential(model.layers[1:]).export(
        tmp_path / "model.pt2", input_signature=[kplug.Input((4,), dtype="int64")]
    )


class Looping(kplug.Layer):
    """Adds the time steps in a loop of Python."""

    def call(self, inputs: Any) -> Any:
        """Return the sum."""
        total = inputs[:, 0] * 0
        for time in range(inputs.shape[1]):
            total = total + inputs[:, time]
        return total


class Branching(kplug.Layer):
    """Reads a value."""

    def call(self, inputs: Any) -> Any:
        """Return the inputs, or zeros."""
        return inputs if inputs.sum() > 0 else inputs * 0

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the inputs."""
        return input_shape


@pytest.mark.slow
def test_a_loop_over_an_axis_that_varies_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    path.write_text("kept")
    model = kplug.Sequential([layers.Input((None, 3)), layers.Dense(3), Looping(name="summing")])
    told = r"any size: layer 'summing' \(Looping\) fixes axis 1 of input .*\n.*batch_shape"
    with pytest.raises(kplug.ContractError, match=told):
        model.export(path)
    assert path.read_text() == "kept"


def test_a_loop_over_a_fixed_axis_is_unrolled(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    model = kplug.Sequential([layers.Input((None, 3)), Looping()])
    model.export(path, input_signature=[layers.Input((5, 3))])
    x = torch.from_numpy(draw(4, 5, 3))
    torch.testing.assert_close(torch.export.load(path).module()(x), x.sum(1))


def test_a_value_read_in_python_is_named(tmp_path: Path) -> None:
    model = kplug.Sequential([layers.Input((3,)), Branching(name="choosing")])
    told = r"layer 'choosing' \(Branching\): a value of a tensor is read in Python.*\n.*torch.where"
    with pytest.raises(kplug.ContractError, match=told):
        model.export(tmp_path / "model.pt2")


def test_a_model_that_was_never_called_is_built(tmp_path: Path) -> None:
    path, model = tmp_path / "model.pt2", kplug.Sequential([layers.Dense(2)])
    model.export(path, input_signature=[kplug.Input((3,))])
    x = draw(5, 3)
    found = torch.export.load(path).module()(torch.from_numpy(x))
    np.testing.assert_allclose(found.detach(), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_inputs_and_outputs_by_name_stay_so(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    left, right = kplug.Input((3,), name="left"), kplug.Input((3,), name="right")
    model = kplug.Model({"left": left, "right": right}, {"sum": left + right, "half": left / 2})
    model.export(path)
    x = {"left": torch.ones(2, 3), "right": torch.full((2, 3), 2.0)}
    found = torch.export.load(path).module()(x)
    assert {name: one.tolist() for name, one in found.items()} == {
        "sum": [[3.0] * 3] * 2,
        "half": [[0.5] * 3] * 2,
    }
