"""``import keras`` and ``import tensorflow`` after ``install``."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import types
from importlib.metadata import version
from typing import Any

import kplug_keras2
import pytest

import kplug

OLD_PLACES = [
    ("keras.engine.topology", "Layer"),
    ("keras.engine", "InputSpec"),
    ("keras.layers.core", "Dense"),
    ("keras.layers.convolutional", "Conv2D"),
    ("keras.layers.advanced_activations", "LeakyReLU"),
    ("keras.layers.normalization", "BatchNormalization"),
    ("keras.layers.embeddings", "Embedding"),
    ("keras.layers.recurrent", "LSTM"),
    ("keras.layers.wrappers", "TimeDistributed"),
    ("keras.utils.np_utils", "to_categorical"),
    ("keras.utils.conv_utils", "conv_output_length"),
    ("keras.legacy.interfaces", "legacy_dense_support"),
    ("keras.objectives", "mean_squared_error"),
    ("keras.backend.tensorflow_backend", "square"),
    ("keras.applications.vgg16", "VGG16"),
    ("tensorflow.keras.applications", "EfficientNetB0"),
    ("tensorflow.keras.applications.efficientnet", "preprocess_input"),
    ("tensorflow.keras.layers.experimental.preprocessing", "Rescaling"),
    ("tensorflow.keras.layers.experimental.preprocessing", "RandomFlip"),
    ("tensorflow.keras.layers", "TextVectorization"),
    ("tensorflow.keras.preprocessing", "image_dataset_from_directory"),
    ("tensorflow.keras.preprocessing.image", "load_img"),
    ("tensorflow.keras.utils", "text_dataset_from_directory"),
    ("tensorflow.keras.optimizers.schedules", "ExponentialDecay"),
    ("tensorflow.keras.saving", "register_keras_serializable"),
    ("keras.applications", "ResNet50"),
    ("tensorflow.keras.layers", "Dense"),
    ("tensorflow.python.keras.layers", "Dense"),
]


@pytest.mark.parametrize(("module", "name"), OLD_PLACES)
def test_a_name_stands_where_it_stood(installed: Any, module: str, name: str) -> None:
    assert callable(getattr(importlib.import_module(module), name))


def test_modules_are_there_without_an_import_of_their_own(installed: Any) -> None:
    assert isinstance(installed.layers.core.Dense(3), kplug.layers.Dense)
    tf = importlib.import_module("tensorflow")
    assert tf.keras.models.Sequential is not None


def test_a_star_import_brings_the_layers(installed: Any) -> None:
    names: dict[str, Any] = {}
    exec("from keras.layers import *", names)
    assert {"Dense", "Conv2D", "Input", "merge", "CuDNNLSTM"} <= set(names)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keras.layers", "CenterCrop"),
        ("tensorflow.keras.layers", "TextVectorization"),
        ("tensorflow.keras.layers.experimental.preprocessing", "RandomFlip"),
        ("keras.utils", "image_dataset_from_directory"),
    ],
)
def test_a_star_import_brings_what_distributions_lend(
    installed: Any, module: str, name: str
) -> None:
    names: dict[str, Any] = {}
    exec(f"from {module} import *", names)
    assert names[name] is getattr(importlib.import_module(module), name)


def test_a_star_import_leaves_out_what_is_lent_and_cannot_be_used(
    installed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> Any:
        raise AttributeError(f"module 'kplug.layers' has no attribute {name!r}: it is broken")

    monkeypatch.setattr(kplug.layers, "__getattr__", fail)
    names: dict[str, Any] = {}
    exec("from keras.layers import *", names)
    assert "Dense" in names
    assert "CenterCrop" not in names


@pytest.mark.parametrize(
    ("code", "error", "text"),
    [
        ("from keras.layers import Dens", ImportError, "Did you mean 'Dense'?"),
        ("import keras\nkeras.layers.Dens", AttributeError, "kplug has no keras.layers.Dens"),
        ("from keras.models import Graph", ImportError, "Today: keras.models.Model"),
        ("import keras.foo", ImportError, "kplug has no module keras.foo"),
        ("from keras.backend import theano_backend", ImportError, "kplug computes with torch"),
        ("import tensorflow as tf\ntf.Session()", AttributeError, "needs TensorFlow itself"),
        (
            "from tensorflow.contrib import ctc\nctc.loss",
            AttributeError,
            "tensorflow.contrib.ctc.loss",
        ),
        (
            "from tensorflow import while_loop\nwhile_loop()",
            AttributeError,
            "tensorflow.while_loop",
        ),
    ],
)
def test_an_unknown_name_says_what_replaces_it_in_its_line(
    installed: Any, tmp_path: Any, code: str, error: type[Exception], text: str
) -> None:
    script = tmp_path / "script.py"
    script.write_text(code)
    with pytest.raises(error) as caught:
        exec(compile(code, script, "exec"), {"__name__": "script"})
    line = code.splitlines()[-1]
    assert text in str(caught.value)
    assert f"{script}, line {len(code.splitlines())}: {line}" in str(caught.value)


def test_hasattr_answers_for_unknown_names(installed: Any) -> None:
    assert not hasattr(installed.layers, "Dens")


def test_a_real_keras_is_refused_and_left(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tensorflow", "tf_keras"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    real = types.ModuleType("keras")
    monkeypatch.setitem(sys.modules, "keras", real)
    finders = list(sys.meta_path)
    with pytest.raises(kplug.KplugError, match="keras is already imported") as caught:
        kplug_keras2.install()
    assert "kplug run SCRIPT.py" in str(caught.value)
    assert sys.meta_path == finders
    assert sys.modules["keras"] is real
    assert not hasattr(kplug.Model, "fit_generator")


def test_uninstall_takes_everything_back(installed: Any) -> None:
    kplug_keras2.uninstall()
    assert "keras" not in sys.modules
    assert not hasattr(kplug.Model, "fit_generator")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "name", "distribution"),
    [
        ("import keras.datasets.mnist", "datasets", "kplug-datasets"),
        ("from keras import datasets", "datasets", "kplug-datasets"),
        ("keras.datasets", "datasets", "kplug-datasets"),
        ("from keras.layers import RandomFlip", "layers.RandomFlip", "kplug-preprocessing"),
        ("keras.layers.RandomFlip", "layers.RandomFlip", "kplug-preprocessing"),
        (
            "from tensorflow.keras.layers.experimental.preprocessing import RandomFlip",
            "layers.RandomFlip",
            "kplug-preprocessing",
        ),
    ],
)
def test_a_missing_name_is_told_with_its_distribution(
    line: str, name: str, distribution: str
) -> None:
    code = f"import kplug_keras2; kplug_keras2.install(); import keras\n{line}"
    environ = {**os.environ, "KPLUG_DISABLE": distribution}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    home = f"kplug.{name} is lent by {distribution} {version(distribution)}, which is switched off"
    assert home in done.stderr.splitlines()[-1]
