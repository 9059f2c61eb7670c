"""Files record what ``compile`` resolved, even if the names have changed their meaning since."""

from __future__ import annotations

import copy
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor

import kplug
from kplug import Sequential, callbacks, layers, load_model
from kplug.optimizers import Adam
from kplug.saving.provenance import read_components
from kplug.schedules import ExponentialDecay

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X[:, :1]


def absolute(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).abs()


def other(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).square() * 7.0


def small_weights(weight_matrix: Tensor) -> Tensor:
    return 0.5 * weight_matrix.square().sum()


def double(x: Tensor) -> Tensor:
    return x * 2.0


class OwnAdam(Adam):
    pass


class OwnDecay(ExponentialDecay):
    def __init__(self, initial_learning_rate: float = 0.5) -> None:
        super().__init__(initial_learning_rate, 10, 0.5)

    def get_config(self) -> dict[str, Any]:
        return {"initial_learning_rate": self.initial_learning_rate}


def make_model(**options: Any) -> Sequential:
    return Sequential(
        [layers.Dense(2, input_shape=(3,), name="first", **options), layers.Dense(1, name="last")]
    )


def read_file(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Return a file's configuration of the model and of its training, and its table by slot."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as weights:
            model = json.loads(archive.read("config.json"))
            with h5py.File(weights) as file:
                rows = read_components(file) or []
        training = model["compile_config"]
    else:
        with h5py.File(path) as file:
            model = json.loads(file.attrs["model_config"])
            training = json.loads(file.attrs["training_config"])
            rows = read_components(file) or []
    return model, training, {row["slot"]: row["name"] for row in rows}


@pytest.fixture(params=["m.keras", "m.h5"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def test_a_loss_of_a_scope_is_saved_after_the_scope(path: Path) -> None:
    model = make_model()
    with kplug.scope(losses={"mine": absolute}):
        model.compile("sgd", "mine")
    model.save(path)
    _, training, table = read_file(path)
    assert "custom>mine" in json.dumps(training["loss"])
    assert table["loss"] == "custom/mine"
    assert load_model(path, {"mine": absolute}).evaluate(X, Y, verbose=0) == model.evaluate(
        X, Y, verbose=0
    )


def test_a_metric_of_a_scope_is_saved_after_the_scope(path: Path) -> None:
    model = make_model()
    with kplug.scope(metrics={"mine": absolute}):
        model.compile("sgd", "mse", metrics=["mae", "mine"], weighted_metrics=["mine"])
    model.save(path)
    _, training, table = read_file(path)
    assert training["metrics"][0] == "mae"
    assert "custom>mine" in json.dumps(training["metrics"][1])
    assert "custom>mine" in json.dumps(training["weighted_metrics"][0])
    assert table["metrics/1"] == table["weighted_metrics/0"] == "custom/mine"


def test_another_offer_of_the_name_does_not_change_what_is_saved(path: Path) -> None:
    model = make_model()
    model.compile("adam", "dice_loss(smooth=1.0, thresh=0.5)", metrics=["mae"])
    offers: dict[str, Any] = {
        "losses": {"dice_loss": other},
        "metrics": {"mae": other},
        "optimizers": {"adam": OwnAdam},
    }
    with kplug.scope(**offers):
        model.save(path)
    _, training, table = read_file(path)
    assert table["loss"] == "kplug-segmentation/dice_loss"
    assert "kplug-segmentation>dice_loss" in json.dumps(training["loss"])
    assert "custom" not in json.dumps(training)
    assert training["metrics"] == ["mae"]


@pytest.fixture
def two_offers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Two plugins that offer one name, and ``prefer``, which chooses between them."""
    site = tmp_path / "site"
    for name in ("first-offers", "second-offers"):
        module = name.replace("-", "_")
        info = site / f"{module}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[kplug.losses]\nragged_loss = {module}:ragged_loss\n"
        )
        (info / "RECORD").write_text(f"{module}.py,,\n")
        (site / f"{module}.py").write_text(
            "def ragged_loss(y_true, y_pred):\n    return (y_true - y_pred).abs()\n"
        )
    monkeypatch.syspath_prepend(str(site))
    kplug.reload()
    yield kplug.prefer
    kplug.prefer()
    monkeypatch.undo()
    kplug.reload()


def test_another_preference_does_not_change_what_is_saved(
    path: Path, two_offers: Callable[[str], None]
) -> None:
    model = make_model()
    two_offers("first-offers")
    model.compile("sgd", "ragged_loss")
    two_offers("second-offers")
    model.save(path)
    _, training, table = read_file(path)
    assert table["loss"] == "first-offers/ragged_loss"
    assert "first-offers>ragged_loss" in json.dumps(training["loss"])


def test_structures_are_saved_as_they_were_given(path: Path) -> None:
    inputs = kplug.Input((3,))
    outputs = [layers.Dense(1, name=name)(inputs) for name in ("a", "b")]
    model = kplug.Model(inputs, outputs)
    with kplug.scope(losses={"mine": absolute}, metrics={"mine": absolute}):
        model.compile(
            "sgd",
            loss={"a": "mse", "b": "mine"},
            metrics=[["mae", "mine"], None],
            weighted_metrics={"b": "mse"},
            loss_weights={"a": 1.0, "b": 0.5},
        )
    model.save(path)
    _, training, _ = read_file(path)
    assert set(training["loss"]) == {"a", "b"}
    assert training["loss"]["a"] == "mean_squared_error"
    assert "custom>mine" in json.dumps(training["loss"]["b"])
    assert training["metrics"][0][0] == "mae"
    assert "custom>mine" in json.dumps(training["metrics"][0][1])
    assert training["metrics"][1] is None
    assert training["weighted_metrics"] == {"b": "mse"}
    assert training["loss_weights"] == {"a": 1.0, "b": 0.5}


def test_an_optimizer_keeps_the_name_that_it_was_registered_under(path: Path) -> None:
    model = make_model()
    with kplug.scope(optimizers={"house_rule": OwnAdam}):
        model.compile("house_rule(lr=0.5)", "mse")
    model.fit(X, Y, verbose=0)
    model.optimizer.lr = 0.25
    model.save(path)
    _, _, table = read_file(path)
    assert table["optimizer"] == "custom/house_rule"
    again = load_model(path, {"house_rule": OwnAdam})
    assert type(again.optimizer) is OwnAdam
    assert again.optimizer.lr == 0.25
    assert again.optimizer.iterations == 1


@pytest.mark.parametrize(
    "optimizer",
    [
        {"optimizer": "loss_scale_optimizer(inner_optimizer=house_rule)"},
        {"optimizer": "house_rule", "precision": "fp16"},
        {"optimizer": "adam(lr=falling)"},
    ],
)
def test_what_is_inside_an_optimizer_keeps_its_name(optimizer: dict[str, Any], path: Path) -> None:
    own = {"house_rule": OwnAdam, "falling": OwnDecay}
    model = make_model()
    with kplug.scope(optimizers={"house_rule": OwnAdam}, schedules={"falling": OwnDecay}):
        model.compile(loss="mse", **optimizer)
    model.save(path)
    _, training, _ = read_file(path)
    assert "custom>house_rule" in json.dumps(training) or "custom>falling" in json.dumps(training)
    again = load_model(path, own)
    assert again.optimizer.get_config() == model.optimizer.get_config()


def test_an_optimizer_of_torch_is_saved_after_its_scope(path: Path) -> None:
    class House(torch.optim.SGD):
        pass

    model = make_model()
    with kplug.scope(optimizers={"house": House}):
        model.compile("house(lr=0.5)", "mse")
    model.fit(X, Y, verbose=0)
    model.save(path)
    again = load_model(path, {"house": House})
    again.fit(X, Y, verbose=0)
    assert type(again.built_optimizer) is House


def test_the_slots_of_a_layer_that_was_built_in_a_scope_are_saved_after_it(path: Path) -> None:
    with kplug.scope(
        regularizers={"mine": small_weights}, activations={"mine": double, "relu": double}
    ):
        model = make_model(kernel_regularizer="mine", activation="relu")
        model.compile("sgd", "mse")
    assert model.layers[0].get_config()["activation"] == "custom/relu"
    model.save(path)
    config, _, table = read_file(path)
    assert "custom>mine" in json.dumps(config)
    assert "custom>relu" in json.dumps(config)
    assert table["first.kernel_regularizer"] == "custom/mine"
    again = load_model(path, {"mine": small_weights, "relu": double})
    assert np.array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_another_offer_does_not_change_the_slots_of_a_layer(path: Path) -> None:
    model = make_model(activation="relu", kernel_initializer="he_normal")
    model.compile("sgd", "mse")
    with kplug.scope(activations={"relu": double}, initializers={"he_normal": torch.zeros}):
        model.save(path)
        assert model.layers[0].get_config()["activation"].startswith("kplug/relu(")
    config, _, table = read_file(path)
    assert "custom" not in json.dumps(config)
    assert table["first.activation"] == "kplug/relu"


def test_what_a_layer_got_after_compile_is_in_the_table_too(path: Path) -> None:
    model = make_model(activation="relu")
    model.compile("sgd", "mse")
    with kplug.scope(activations={"mine": double}):
        model.layers[0].activation = "mine"
        model.predict(X, verbose=0)
    model.layers[1].activation = "tanh"
    model.save(path)
    config, _, table = read_file(path)
    assert "custom>mine" in json.dumps(config)
    assert table["first.activation"] == "custom/mine"
    assert table["last.activation"] == "kplug/tanh"
    assert {row.slot: row.name for row in model.components} == table


def test_a_copy_of_a_model_is_saved_after_the_scope(path: Path) -> None:
    model = make_model()
    with kplug.scope(losses={"mine": absolute}, activations={"mine": double}):
        model.layers[0].activation = "mine"
        model.compile("sgd", "mine")
    copied = copy.deepcopy(model)
    copied.save(path)
    _, training, table = read_file(path)
    assert "custom>mine" in json.dumps(training["loss"])
    assert (table["loss"], table["first.activation"]) == ("custom/mine", "custom/mine")


def test_a_model_of_a_configuration_has_the_components_of_the_first(tmp_path: Path) -> None:
    model = make_model(activation="relu")
    model.compile("sgd", "mse")
    with kplug.scope(activations={"relu": double}):
        again = Sequential.from_config(model.get_config())
        again.build((None, 3))
    assert again.layers[0].get_config()["activation"].startswith("kplug/relu(")


@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_callbacks_save_after_the_scope(extension: str, tmp_path: Path) -> None:
    model = make_model()
    with kplug.scope(losses={"mine": absolute}):
        model.compile("sgd", "mine")
    checkpoint = callbacks.ModelCheckpoint(tmp_path / f"m{extension}")
    backup = callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
    model.fit(X, Y, verbose=0, callbacks=[checkpoint, backup])
    _, _, table = read_file(tmp_path / f"m{extension}")
    assert table["loss"] == "custom/mine"
    (state,) = (tmp_path / "backup").iterdir()
    with h5py.File(state) as file:
        assert (read_components(file) or [])[0]["name"] == "custom/mine"


def test_training_goes_on_with_what_was_compiled(tmp_path: Path) -> None:
    model = make_model()
    with kplug.scope(losses={"mine": absolute}):
        model.compile("sgd", "mine")
    model.fit(X, Y, verbose=0)
    model.save_state(tmp_path / "state.h5")
    expected = model.fit(X, Y, verbose=0).history
    with kplug.scope(losses={"mine": other}):
        model.load_state(tmp_path / "state.h5")
        assert model.fit(X, Y, verbose=0).history == expected


def test_a_model_that_was_loaded_is_saved_again_without_the_custom_objects(
    path: Path, tmp_path: Path
) -> None:
    model = make_model()
    with kplug.scope(losses={"mine": absolute}, activations={"double": double}):
        model.layers[0].activation = "double"
        model.compile("sgd", "mine", metrics=["mae"])
    model.save(path)
    again = load_model(path, {"mine": absolute, "double": double})
    again.save(tmp_path / f"again{path.suffix}")
    *first, table = read_file(path)
    *second, table_again = read_file(tmp_path / f"again{path.suffix}")
    assert second == first
    assert table.items() <= table_again.items()
    third = load_model(tmp_path / f"again{path.suffix}", {"mine": absolute, "double": double})
    assert third.metrics_names == ["loss", "mae"]
