"""A component that does not tell an argument it was given is refused before a file is touched."""

from __future__ import annotations

import functools
import importlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

import kplug
from kplug import Sequential, layers
from kplug.callbacks import BackupAndRestore, ModelCheckpoint
from kplug.errors import ContractError
from kplug.registry import REGISTRY, get_kind
from kplug.saving.provenance import read_components
from tests.saving.whole import forgetful

PLUGIN = "kplug-forgetful"
X = np.ones((8, 3), "float32")
Y = np.zeros((8, 2), "float32")
CLASSES = {
    "loss": "OfLoss",
    "metric": "OfMetric",
    "regularizer": "OfRegularizer",
    "constraint": "OfConstraint",
    "initializer": "OfInitializer",
    "activation": "OfActivation",
    "schedule": "OfSchedule",
    "optimizer": "OfOptimizer",
    "layer": "OfLayer",
}
SLOTS = {
    "loss": "loss",
    "metric": "metrics/0",
    "optimizer": "optimizer",
    "schedule": "optimizer.lr",
    "layer": "under_test",
}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The module of an installed plugin, whose components are called ``forgetful``."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(str(forgetful.__file__), folder / "kplug_forgetful.py")
    info = folder / "kplug_forgetful-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PLUGIN}\nVersion: 1.0\n")
    (info / "RECORD").write_text("kplug_forgetful.py,,\n")
    groups = [
        f"[kplug.{get_kind(kind).plural}]\nforgetful = kplug_forgetful:{name}\n"
        for kind, name in CLASSES.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        REGISTRY.reload()
        yield importlib.import_module("kplug_forgetful")
    del sys.modules["kplug_forgetful"]
    REGISTRY.reload()


def _make(kind: str, component: Any) -> Sequential:
    """Return a model that has a component in a slot of its kind."""
    options: dict[str, Any] = {"input_dim": 3, "name": "under_test"}
    training: dict[str, Any] = {"loss": "mse", "optimizer": "sgd"}
    if kind in ("regularizer", "constraint", "initializer"):
        options[f"kernel_{kind}"] = component
    elif kind == "activation":
        options["activation"] = component
    elif kind == "metric":
        training["metrics"] = [component]
    elif kind == "schedule":
        is_text = isinstance(component, str)
        adam = kplug.optimizers.Adam
        training["optimizer"] = f"adam(lr={component})" if is_text else adam(lr=component)
    elif kind in ("loss", "optimizer"):
        training[kind] = component
    dense = layers.Dense(2, **options)
    model = Sequential([dense, kplug.layers.get(component)] if kind == "layer" else [dense])
    model.compile(**training)
    return model


WAYS: dict[str, Callable[[Any, str], Any]] = {
    "plugin": lambda module, kind: f"{PLUGIN}/forgetful(alpha=0.9)",
    "scope": lambda module, kind: "of_scope(alpha=0.9)",
    "dict": lambda module, kind: {"class_name": "of_scope", "config": {"alpha": 0.9}},
    "instance": lambda module, kind: getattr(module, CLASSES[kind])(alpha=0.9),
    "own": lambda module, kind: getattr(forgetful, CLASSES[kind])(alpha=0.9),
}
CASES = [(k, w) for k in CLASSES for w in WAYS if not (k == "schedule" and w == "dict")]


def _scope(module: Any) -> Any:
    offered = {
        get_kind(kind).plural: {"of_scope": getattr(module, name)} for kind, name in CLASSES.items()
    }
    return kplug.scope(**offered)


@pytest.mark.sampled
@pytest.mark.parametrize("extension", ["keras", "h5"])
@pytest.mark.parametrize(("kind", "way"), CASES)
def test_a_forgotten_argument_is_refused_and_the_file_is_as_it_was(
    plugin: Any, kind: str, way: str, extension: str, tmp_path: Path
) -> None:
    path = tmp_path / f"model.{extension}"
    path.write_text("an earlier one")
    with _scope(plugin):
        model = _make(kind, WAYS[way](plugin, kind))
        with pytest.raises(ContractError) as caught:
            model.save(path)
    text, owner = str(caught.value), CLASSES[kind]
    assert "cannot be saved: it was given 'alpha'" in text
    assert f"{owner}.get_config leaves out, so another one would be loaded ({owner} is in" in text
    attribute = "_alpha" if kind == "metric" else "alpha"
    assert f'config["alpha"] = self.{attribute}; or save the weights alone' in text
    assert path.read_text() == "an earlier one"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.sampled
@pytest.mark.parametrize(("kind", "way"), CASES)
def test_weights_and_training_state_need_no_configuration(
    plugin: Any, kind: str, way: str, tmp_path: Path
) -> None:
    with _scope(plugin):
        model = _make(kind, WAYS[way](plugin, kind))
        model.fit(X, Y, verbose=0)
        model.save_weights(tmp_path / "w.weights.h5")
        model.save_weights(tmp_path / "w.h5")
        model.save_state(tmp_path / "s.h5")
        model.load_state(tmp_path / "s.h5")
        backup = BackupAndRestore(tmp_path / "backup")
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[backup])
    if way in ("plugin", "scope") and kind != "layer":
        with h5py.File(tmp_path / "w.h5") as file:
            written = {row["slot"]: row["written"] for row in read_components(file) or ()}
        found = [
            text for slot, text in written.items() if slot.startswith(SLOTS.get(kind, "under_test"))
        ]
        name = f"{PLUGIN}/forgetful" if way == "plugin" else "custom/of_scope"
        assert any(f"{name}(alpha=0.9)" in text for text in found)


LAYERS = [
    ("regularizer", "instance"),
    ("layer", "instance"),
    ("activation", "own"),
    ("layer", "plugin"),
]


@pytest.mark.parametrize(("kind", "way"), LAYERS)
def test_the_configuration_of_a_model_is_refused(plugin: Any, kind: str, way: str) -> None:
    model = _make(kind, WAYS[way](plugin, kind))
    for describe in (model.to_json, model.get_config):
        with pytest.raises(ContractError, match="cannot be saved: it was given 'alpha'"):
            describe()


def test_it_is_refused_before_a_layer_is_built(plugin: Any) -> None:
    dense = layers.Dense(2, kernel_regularizer=plugin.OfRegularizer(alpha=0.9), name="a")
    with pytest.raises(ContractError, match=r"^a.kernel_regularizer: the regularizer custom/OfReg"):
        layers.serialize(dense)


def test_a_checkpoint_of_the_whole_model_is_refused(plugin: Any, tmp_path: Path) -> None:
    model = _make("loss", plugin.OfLoss(alpha=0.9))
    checkpoint = ModelCheckpoint(str(tmp_path / "m.keras"))
    with pytest.raises(ContractError, match="'alpha'"):
        model.fit(X, Y, verbose=0, callbacks=[checkpoint])
    assert not list(tmp_path.iterdir())
    only_weights = ModelCheckpoint(str(tmp_path / "m.weights.h5"), save_weights_only=True)
    model.fit(X, Y, verbose=0, callbacks=[only_weights])


def test_a_layer_that_would_be_copied_without_an_argument_is_refused() -> None:
    class Scaled(layers.LSTM):
        def __init__(self, units: int, alpha: float = 0.25, **options: Any) -> None:
            super().__init__(units, **options)
            self._alpha = alpha

    layers.Bidirectional(Scaled(2))
    with pytest.raises(ContractError, match=r"'alpha', which Scaled\.get_config leaves out"):
        layers.Bidirectional(Scaled(2, alpha=0.9))


@pytest.mark.parametrize("kind", ["loss", "metric", "regularizer", "constraint", "initializer"])
def test_serialize_refuses_it(kind: str) -> None:
    module = getattr(kplug, get_kind(kind).plural)
    owner = getattr(forgetful, CLASSES[kind])
    with pytest.raises(ContractError, match="it was given 'alpha'"):
        module.serialize(owner(alpha=0.9))
    assert module.serialize(owner()) is not None


def test_optimizers_and_schedules_inside_others_are_refused() -> None:
    for inner in (
        kplug.optimizers.LossScaleOptimizer(forgetful.OfOptimizer(alpha=0.9)),
        kplug.optimizers.SGD(lr=forgetful.OfSchedule(alpha=0.9)),
    ):
        with pytest.raises(ContractError, match="it was given 'alpha'"):
            kplug.optimizers.serialize(inner)
    with pytest.raises(ContractError, match="it was given 'alpha'"):
        kplug.schedules.serialize(forgetful.OfSchedule(alpha=0.9))


# --- What is no loss ------------------------------------------------------------------------------------


@pytest.mark.sampled
@pytest.mark.parametrize("extension", ["keras", "h5"])
@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("written", ["", "(alpha=0.25)"])
def test_defaults_are_not_missed(
    plugin: Any, kind: str, written: str, extension: str, tmp_path: Path
) -> None:
    path = tmp_path / f"model.{extension}"
    _make(kind, f"{PLUGIN}/forgetful{written}").save(path)
    assert kplug.load_model(path).count_params() == 8
    _make(kind, getattr(plugin, CLASSES[kind])()).save(path)


class Normal(forgetful.OfLoss):
    """Stores its argument in another form."""

    def __init__(self, alpha: float = 0.25) -> None:
        super().__init__(min(max(alpha, 0.0), 1.0))

    def get_config(self) -> dict[str, Any]:
        return {"alpha": self.alpha}


class OwnScheme(forgetful.OfLoss):
    """Writes a configuration with keys that only its ``from_config`` reads."""

    def get_config(self) -> dict[str, Any]:
        return {"percent": 100 * self.alpha}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        return cls(config["percent"] / 100)


@pytest.mark.parametrize("owner", [Normal, OwnScheme])
@pytest.mark.parametrize("is_text", [False, True])
def test_a_configuration_may_put_it_differently(owner: Any, is_text: bool, tmp_path: Path) -> None:
    with kplug.scope(losses={"normal": owner}):
        model = _make("loss", "normal(alpha=0.5)" if is_text else owner(alpha=0.5))
        model.save(tmp_path / "m.keras")
        assert kplug.load_model(tmp_path / "m.keras").loss.alpha == 0.5


class Tensorial(Normal):
    def get_config(self) -> dict[str, Any]:
        return {"alpha": torch.tensor(self.alpha)}


def test_of_a_value_that_is_no_literal_the_written_one_is_saved(tmp_path: Path) -> None:
    with kplug.scope(losses={"tensorial": Tensorial}):
        _make("loss", "tensorial(alpha=0.5)").save(tmp_path / "m.keras")
        assert kplug.load_model(tmp_path / "m.keras").loss.alpha == 0.5
        with pytest.raises(ContractError, match="it was given 'alpha'"):
            _make("loss", Tensorial(alpha=0.5)).save(tmp_path / "m.keras")


def weighted(y_true: Any, y_pred: Any, weight: Any = 1.0) -> Any:
    return weight * (y_true - y_pred).abs().mean(-1)


def test_a_partial_is_saved_if_a_file_can_hold_its_arguments(tmp_path: Path) -> None:
    with kplug.scope(losses={"weighted": weighted}):
        model = _make("loss", functools.partial(weighted, weight=3.0))
        model.save(tmp_path / "m.keras")
        assert kplug.load_model(tmp_path / "m.keras").evaluate(X, Y, verbose=0) == pytest.approx(
            model.evaluate(X, Y, verbose=0)
        )
        model = _make("loss", functools.partial(weighted, weight=torch.tensor(3.0)))
        with pytest.raises(ContractError) as caught:
            model.save(tmp_path / "m.keras")
    assert str(caught.value) == (
        "loss: the loss custom/weighted cannot be saved: a file cannot hold the 'weight' of its "
        "functools.partial\n"
        "  Write a function that calls weighted, or save the weights alone, with save_weights."
    )


def test_the_message_names_slot_component_class_and_the_line(plugin: Any, tmp_path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        _make("regularizer", f"{PLUGIN}/forgetful(alpha=0.9)").save(tmp_path / "m.keras")
    assert str(caught.value) == (
        "under_test.kernel_regularizer: the regularizer kplug-forgetful/forgetful cannot be saved: it was "
        "given 'alpha', which OfRegularizer.get_config leaves out, so another one would be loaded "
        "(OfRegularizer is in kplug_forgetful)\n"
        "  Return it from OfRegularizer.get_config as it was given, as a value that JSON can hold: "
        'config["alpha"] = self.alpha; or save the weights alone, with save_weights.'
    )


def test_what_was_written_wins_in_a_layers_own_configuration(plugin: Any) -> None:
    dense = layers.Dense(2, kernel_regularizer=f"{PLUGIN}/forgetful(alpha=0.9)")
    assert json.loads(json.dumps(dense.get_config()))["kernel_regularizer"] == (
        f"{PLUGIN}/forgetful(alpha=0.9)"
    )
