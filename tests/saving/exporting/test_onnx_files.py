"""ONNX files run in ONNX Runtime and OpenVINO, and carry names, sizes and the component table."""

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

pytest.importorskip("onnxscript")
onnxruntime = pytest.importorskip("onnxruntime")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def draw(*shape: int) -> npt.NDArray[Any]:
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def open_file(path: Path) -> Any:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def make_reader() -> kplug.Sequential:
    """Return a model of sequences of any length, whose padding is masked."""
    model = kplug.Sequential(
        [
            kplug.Input((None,), dtype="int32", name="words"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.GRU(3),
            layers.Dense(2, "softmax", name="classes"),
        ]
    )
    model.ensure_built()
    return model


def make_pictures() -> kplug.Sequential:
    """Return a model of pictures of any size, which scales bytes."""
    model = kplug.Sequential(
        [
            kplug.Input((None, None, 3), dtype="uint8", name="picture"),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Conv2D(2, 3, strides=2, padding="same"),
            layers.GlobalAveragePooling2D(name="scores"),
        ]
    )
    model.ensure_built()
    return model


def test_names_and_sizes(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    make_reader().export(path)
    session = open_file(path)
    assert [(one.name, one.type, one.shape) for one in session.get_inputs()] == [
        ("words", "tensor(int32)", ["batch", "words_1"])
    ]
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("classes", ["batch", 2])]
    assert [one.name for one in tmp_path.iterdir()] == ["model.onnx"]


def test_padded_texts_of_several_lengths(tmp_path: Path) -> None:
    model, path = make_reader(), tmp_path / "model.onnx"
    model.export(path)
    session = open_file(path)
    for rows in ([[3, 1, 0, 0]], [[1, 2, 8, 4, 5, 6, 7], [3, 0, 0, 0, 0, 0, 0], [0] * 7]):
        words = np.asarray(rows, "int32")
        expected = model.predict(words, verbose=0)
        (found,) = session.run(None, {"words": words})
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("opset", [None, 20, 23])
def test_pictures_of_several_sizes(opset: int | None, tmp_path: Path) -> None:
    model, path = make_pictures(), tmp_path / "model.onnx"
    model.export(path, opset_version=opset)
    session = open_file(path)
    for size in ((1, 9, 12), (3, 16, 16)):
        pictures = np.random.default_rng(0).integers(0, 255, (*size, 3)).astype("uint8")
        expected = model.predict(pictures, verbose=0)
        (found,) = session.run(None, {"picture": pictures})
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    if opset is not None:
        import onnx

        assert [one.version for one in onnx.load(path).opset_import if not one.domain] == [opset]


def test_the_component_table_and_no_place_of_this_machine(tmp_path: Path) -> None:
    model, path = make_pictures(), tmp_path / "model.onnx"
    model.compile("lion", "mse")
    model.export(path)
    texts = open_file(path).get_modelmeta().custom_metadata_map
    table = json.loads(texts["kplug_components"])
    assert table["kplug"] == kplug.__version__
    assert {row["slot"]: row["name"] for row in table["components"]} == {
        row.slot: row.name for row in model.components
    }
    assert str(Path(kplug.__file__).parent).encode() not in path.read_bytes()


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    left, right = kplug.Input((3,), name="left"), kplug.Input((3,), name="right")
    hidden = layers.Dense(4, "relu")(layers.Concatenate()([left, right]))
    outputs = [layers.Dense(1, name="price")(hidden), layers.Dense(2, name="kind")(hidden)]
    model = kplug.Model([left, right], outputs)
    model.export(path)
    session = open_file(path)
    assert [one.shape for one in session.get_inputs()] == [["batch", 3], ["batch", 3]]
    x = [draw(5, 3), draw(5, 3)]
    found = session.run(["price", "kind"], {"left": x[0], "right": x[1]})
    for one, other in zip(found, model.predict(x, verbose=0), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("make", [make_reader, make_pictures])
def test_openvino_reads_the_file(make: Any, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    model, path = make(), tmp_path / "model.onnx"
    model.export(path)
    compiled = openvino.Core().compile_model(path, "CPU")
    size = (3, 8, 8, 3) if make is make_pictures else (3, 6)
    x = (
        np.random.default_rng(0)
        .integers(0, 9, size)
        .astype("uint8" if make is make_pictures else "int32")
    )
    found = compiled([x])[compiled.output(0)]
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-3, atol=1e-4)


class Untranslated(kplug.Layer):
    """Computes what ONNX has no operation for."""

    def call(self, inputs: Any) -> Any:
        """Return values of a function of torch."""
        return torch.special.zeta(inputs.abs() + 2.0, 3.0)


def test_an_operation_that_onnx_lacks_is_named(tmp_path: Path) -> None:
    model = kplug.Sequential([kplug.Input((3,)), Untranslated(name="special")])
    told = (
        r"to ONNX: layer 'special' \(Untranslated\) computes prims.zeta, which has no .*\n.*'torch'"
    )
    with pytest.raises(kplug.ContractError, match=told):
        model.export(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


class Halving(kplug.Layer):
    """Computes what torch translates for the sizes of its example alone."""

    def call(self, inputs: Any) -> Any:
        """Return the means of two halves."""
        return torch.nn.functional.adaptive_avg_pool1d(inputs.movedim(-1, 1), 2)


def test_a_translation_that_fixes_a_size_is_refused(tmp_path: Path) -> None:
    model = kplug.Sequential([kplug.Input((None, 3)), Halving()])
    with pytest.raises(kplug.ContractError, match=r"for some sizes alone .*\n  Give the sizes"):
        model.export(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_network_that_takes_multiples_of_a_size(tmp_path: Path) -> None:
    path, pictures = tmp_path / "model.onnx", kplug.Input((None, None, 3), name="pictures")
    fine = layers.Conv2D(4, 3, padding="same")(pictures)
    coarse = layers.Conv2D(4, 3, strides=2, padding="same")(layers.MaxPooling2D()(fine))
    outputs = layers.Concatenate()([fine, layers.UpSampling2D(4)(coarse)])
    model = kplug.Model(pictures, outputs)
    model.export(path)
    session = open_file(path)
    for size in ((1, 8, 16), (2, 32, 64)):
        x = draw(*size, 3)
        (found,) = session.run(None, {"pictures": x})
        np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
