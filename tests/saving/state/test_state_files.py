"""Training that goes on from a file gives the numbers of one that was never interrupted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
import torch

from kplug import Model, Sequential, layers, load_model
from kplug.callbacks import Callback, ReduceLROnPlateau
from kplug.errors import KplugWarning, NotCompiledError, WeightsError
from kplug.registry import KINDS, REGISTRY

X: npt.NDArray[Any] = np.random.default_rng(0).normal(size=(24, 6)).astype("float32")
Y: npt.NDArray[Any] = X[:, :1] * X[:, 1:2]

# The registry's own optimizers, each with settings that leave state behind.
SETTINGS = {
    "sgd": "(lr=0.01, momentum=0.9, nesterov=True, decay=0.01)",
    "adam": "(amsgrad=True, clipnorm=1.0)",
    "adamw": "(lr=exponential_decay(0.01, 5, 0.5))",
    "loss_scale_optimizer": "(inner_optimizer=adam, dynamic_growth_steps=3)",
    "multi_optimizer": None,
}
OPTIMIZERS: dict[str, Any] = {
    component.name: f"{component.name}{SETTINGS.get(component.name) or ''}"
    for component in REGISTRY.components(KINDS["optimizer"])
    if component.origin.distribution == "kplug"
} | {
    "accumulation": "adam(gradient_accumulation_steps=2)",
    "schedule": "sgd(lr=cosine_decay(0.01, 40), momentum=0.5)",
    "torch": "torch/adamw(lr=0.01)",
    "multi_optimizer": {
        "class_name": "kplug/multi_optimizer",
        "config": {
            "optimizer_map": {
                "class_name": "OptimizerMap",
                "config": {
                    "default_optimizer": "adam",
                    "optimizer_map": {"hidden": "sgd(momentum=0.9)"},
                },
            }
        },
    },
}


def build(optimizer: Any) -> Any:
    """Return a compiled model that draws from torch's generator and from one of its own."""
    torch.manual_seed(7)
    model = Sequential(
        [
            layers.Dense(8, activation="relu", input_dim=6, name="hidden"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.3, name="drop"),
            layers.Dense(8, activation="tanh", kernel_regularizer="l2", name="second"),
            layers.Dropout(0.2, seed=3, name="seeded"),
            layers.Dense(1, name="out"),
        ]
    )
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def train(model: Any, start: int, end: int, **options: Any) -> list[float]:
    history = model.fit(
        X,
        Y,
        batch_size=5,
        epochs=end,
        initial_epoch=start,
        verbose=0,
        validation_split=0.2,
        **options,
    )
    return [*history.history["loss"], *history.history["val_mae"]]


def assert_same(ours: Any, theirs: Any) -> None:
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class SaveAfter(Callback):
    """Saves the model at the end of an epoch, in the midst of training."""

    def __init__(self, path: Path, epoch: int) -> None:
        super().__init__()
        self.path, self.epoch = path, epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch + 1 == self.epoch:
            self.model.save(self.path)


@pytest.mark.sampled
@pytest.mark.parametrize("extension", [".keras", pytest.param(".h5", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ten_epochs_are_four_and_six(name: str, extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"m{extension}"
    whole = build(OPTIMIZERS[name])
    train(whole, 0, 10, callbacks=[SaveAfter(path, 4)])
    torch.manual_seed(99)
    resumed = load_model(path)
    torch.rand(13)  # what else draws before training goes on must not matter
    train(resumed, 4, 10)
    assert_same(resumed, whole)


def test_averaged_weights_go_on_from_the_midst_of_training(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    whole = build("adam(use_ema=True, ema_momentum=0.9)")
    train(whole, 0, 10, callbacks=[SaveAfter(path, 4)])
    resumed = load_model(path)
    train(resumed, 4, 10)
    assert_same(resumed, whole)


def test_losses_and_metrics_are_those_of_the_whole_run(tmp_path: Path) -> None:
    whole = build("adam")
    expected = train(whole, 0, 3), train(whole, 3, 6)
    part = build("adam")
    assert train(part, 0, 3) == expected[0]
    part.save(tmp_path / "m.keras")
    assert train(load_model(tmp_path / "m.keras"), 3, 6) == expected[1]


def test_a_rate_that_a_callback_changed_survives(tmp_path: Path) -> None:
    model = build("sgd(lr=0.5)")
    train(model, 0, 4, callbacks=[ReduceLROnPlateau("loss", 0.1, patience=1, min_delta=100.0)])
    assert model.optimizer.lr < 0.1
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert loaded.optimizer.lr == model.optimizer.lr


_PROCESS = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("resume", sys.argv[1])
resume = importlib.util.module_from_spec(spec); spec.loader.exec_module(resume)
resume.torch.set_num_threads(int(sys.argv[3]))  # sums in another order differ in the last bit
model = resume.load_model(sys.argv[2])
losses = resume.train(model, 4, 10)
print(json.dumps([losses, [weight.tolist() for weight in model.get_weights()]]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "extension"), [("adam", ".keras"), ("muon", ".h5")])
def test_another_process_goes_on(name: str, extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"m{extension}"
    whole = build(OPTIMIZERS[name])
    train(whole, 0, 4)
    whole.save(path)
    expected = train(whole, 4, 10)
    command = [sys.executable, "-c", _PROCESS, __file__, str(path)]
    command.append(str(torch.get_num_threads()))
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    losses, weights = json.loads(result.stdout)
    assert losses == expected
    for ours, theirs in zip(weights, whole.get_weights(), strict=True):
        np.testing.assert_array_equal(np.asarray(ours, dtype="float32"), theirs)


@pytest.mark.parametrize("jit_compile", [True, "auto"])
def test_options_of_compile_come_back(jit_compile: bool | str, tmp_path: Path) -> None:
    model = Sequential([layers.Dense(1, input_dim=6)])
    model.compile("sgd", "mse", jit_compile=jit_compile, steps_per_execution=2, precision="bf16")
    model.save(tmp_path / "m.keras")
    compiled = load_model(tmp_path / "m.keras").compiled
    assert compiled.jit_compile == jit_compile
    assert compiled.steps_per_execution == 2
    assert compiled.precision is torch.bfloat16


def test_state_goes_on_with_the_same_code(tmp_path: Path) -> None:
    path = tmp_path / "state.h5"
    whole = build("adam")
    train(whole, 0, 4)
    whole.save_state(path, epoch=4)
    expected = train(whole, 4, 10)
    resumed = build("adam")
    train(resumed, 0, 1)
    assert resumed.load_state(path) == 4
    assert train(resumed, 4, 10) == expected
    assert_same(resumed, whole)


def test_state_can_be_loaded_when_training_has_begun(tmp_path: Path) -> None:
    path = tmp_path / "state.h5"
    whole = build("adam")
    train(whole, 0, 4)
    whole.save_state(path, epoch=4)
    expected = train(whole, 4, 6)

    class Load(Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            assert self.model.load_state(path) == 4

    assert train(build("adam"), 4, 6, callbacks=[Load()]) == expected


@pytest.mark.parametrize("make", [lambda m, p: m.save_state(p), lambda m, p: m.load_state(p)])
def test_state_needs_a_compiled_model(make: Callable[[Any, Path], None], tmp_path: Path) -> None:
    model = Sequential([layers.Dense(1, input_dim=2)], name="plain")
    with pytest.raises(NotCompiledError, match="model 'plain' is not compiled"):
        make(model, tmp_path / "s.h5")


def test_weights_are_no_state(tmp_path: Path) -> None:
    model = build("adam")
    model.save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(WeightsError) as caught:
        model.load_state(tmp_path / "a.weights.h5")
    assert str(caught.value) == (
        f"{tmp_path / 'a.weights.h5'}: the file holds no training state\n"
        "  It is written by model.save_state; model.load_weights reads weights."
    )


def test_state_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    model, other = build("adam"), build("adam")
    train(model, 0, 1)
    model.save_state(tmp_path / "s.h5")
    with h5py.File(tmp_path / "s.h5", "a") as file:
        content = json.loads(file["kplug_state"].attrs["content"])
        content["generators"] = {"items": [["torch", 3]]}
        file["kplug_state"].attrs["content"] = json.dumps(content)
    before = other.get_weights()
    with pytest.raises(WeightsError, match="the stored generator 'torch' cannot be read"):
        other.load_state(tmp_path / "s.h5")
    for old, new in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_state_of_another_optimizer_is_left_out(tmp_path: Path) -> None:
    model = build("adam")
    train(model, 0, 1)
    model.save_state(tmp_path / "s.h5")
    other = build("sgd")
    with pytest.warns(KplugWarning) as caught:
        other.load_state(tmp_path / "s.h5")
    assert str(caught[0].message) == (
        f"{tmp_path / 's.h5'}: the optimizer starts anew, because its stored state does not fit: "
        "the file's optimizer was Adam, this one is SGD"
    )
    assert other.optimizer.iterations == 0
    assert_same(other, model)


def test_loading_without_compiling_needs_no_loss(tmp_path: Path) -> None:
    def own_loss(y_true: Any, y_pred: Any) -> Any:
        return (y_true - y_pred) ** 2

    model = Sequential([layers.Dense(1, input_dim=2)])
    model.compile("sgd", own_loss)
    model.save(tmp_path / "m.keras")
    loaded: Model = load_model(tmp_path / "m.keras", compile=False)
    assert loaded.compiled is None
    assert_same(loaded, model)
