"""The installed package: found by qualified name, without changing kplug's bare names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
import kplug_keras3
import numpy as np
import pytest
from kplug_keras3.plugin import kplug_optimizers

import kplug

NAMES = ["adadelta", "adagrad", "adamax", "nadam", "rmsprop"]


def test_the_plugin_declares_every_public_class() -> None:
    declared = {item.target for item in kplug_optimizers().values()}
    assert declared == {f"kplug_keras3:{name}" for name in kplug_keras3.__all__}


@pytest.mark.parametrize("name", NAMES)
def test_a_qualified_name_resolves(name: str) -> None:
    resolved = kplug.resolve("optimizer", f"kplug-keras3/{name}(learning_rate=0.25)")
    assert type(resolved.object) in [getattr(kplug_keras3, each) for each in kplug_keras3.__all__]
    assert resolved.object.lr == 0.25
    assert resolved.component.qualified_name == f"kplug-keras3/{name}"


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_name_stays_kplugs(name: str) -> None:
    assert kplug.resolve("optimizer", name).component.qualified_name == f"kplug/{name}"


@pytest.mark.parametrize("name", NAMES)
def test_an_inner_optimizer_is_found_again(name: str) -> None:
    outer = kplug.resolve("optimizer", f"loss_scale_optimizer('kplug-keras3/{name}')").object
    again = type(outer).from_config(outer.get_config())
    assert type(again.inner_optimizer) is type(outer.inner_optimizer)


@pytest.mark.sampled
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning",
    "ignore:Skipping variable loading for optimizer:UserWarning",
)
def test_keras_opens_a_compiled_file_with_its_own_rule(
    tmp_path: Path, name: str, suffix: str
) -> None:
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    kplug.utils.set_random_seed(0)
    model = kplug.Sequential([kplug.layers.Dense(1, input_dim=3)])
    rule = f"kplug-keras3/{name}(learning_rate=0.25, epsilon=0.5, clipnorm=2.0, weight_decay=0.125)"
    model.compile(rule, "mse")
    path = tmp_path / f"model.{suffix}"
    model.save(path)
    theirs = keras.saving.load_model(path)
    again = kplug.load_model(path)
    assert type(again.optimizer) is type(model.optimizer)
    assert again.optimizer.get_config() == model.optimizer.get_config()
    for one in (model, again, theirs):
        one.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for ours, other, expected in zip(
        model.get_weights(), again.get_weights(), theirs.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(other, ours, rtol=1e-5, atol=1e-6)


def test_listing_the_names_imports_no_torch() -> None:
    code = (
        "import sys; from kplug.registry import REGISTRY, get_kind;"
        "names = {c.qualified_name for c in REGISTRY.components(get_kind('optimizer'))};"
        "print('kplug-keras3/rmsprop' in names, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_a_project_may_prefer_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPLUG_PREFER", "kplug-keras3")
    kplug.reload()
    try:
        chosen = kplug.resolve("optimizer", "rmsprop")
    finally:
        monkeypatch.delenv("KPLUG_PREFER")
        kplug.reload()
    assert (chosen.component.qualified_name, chosen.rule) == ("kplug-keras3/rmsprop", "preferred")
