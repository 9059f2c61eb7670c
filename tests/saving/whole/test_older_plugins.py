"""Files that an earlier version of a plugin wrote, whose arguments had other names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug
from kplug import Sequential
from kplug.errors import ArgumentError
from kplug.layers import Input
from kplug.registry import REGISTRY
from kplug.registry.loading.distribution_hash import digest_of

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
OLD = """
import kplug
from kplug.layers import Layer

class Gain(Layer):
    def __init__(self, size=2.0, init="ones", center=False, **options):
        super().__init__(**options)
        self.size, self.center = size, center
        self.add_slot("init", "initializer", init)
    def build(self, input_shape):
        self.gain = self.add_weight("gain", input_shape[-1:], self.init)
    def call(self, inputs):
        return inputs * self.gain * self.size

class Reach(kplug.Loss):
    def __init__(self, size=2.0, **options):
        super().__init__(**options)
        self.size = size
    def call(self, y_true, y_pred):
        return (y_true - y_pred).abs().mean(-1) * self.size
"""
NEW = OLD.replace("size", "factor").replace('init="ones", center=False', 'gain_initializer="ones"')
NEW = NEW.replace("self.factor, self.center = factor, center", "self.factor = factor")
NEW = NEW.replace(
    '"init", "initializer", init', '"gain_initializer", "initializer", gain_initializer'
)
NEW = NEW.replace("self.init)", "self.gain_initializer)")
FACTS = {
    "Gain": "@kplug.renamed_arguments(size='factor', init='gain_initializer')\n"
    "@kplug.idle_arguments(center=(False,))",
    "Reach": "@kplug.renamed_arguments(size='factor')",
}
STATED = NEW
for _name, _facts in FACTS.items():
    STATED = STATED.replace(f"class {_name}", f"{_facts}\nclass {_name}")


class _Site:
    """A folder with one distribution, of which one version after the other is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        offers = "[kplug.layers]\nGain = gains:Gain\n[kplug.losses]\nreach = gains:Reach\n"
        info = folder / "gains-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gains\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(offers)

    def install(self, source: str) -> Any:
        (self.folder / "gains.py").write_text(source)
        record = self.folder / "gains-1.0.dist-info" / "RECORD"
        record.write_text(f"gains.py,sha256={digest_of(source.encode())},")
        sys.modules.pop("gains", None)
        sys.path_importer_cache.clear()
        REGISTRY.reload()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Site]:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield _Site(tmp_path)
    monkeypatch.undo()
    sys.modules.pop("gains", None)
    REGISTRY.reload()


def _save_old(site: _Site, path: Path) -> Any:
    site.install(OLD)
    gain = kplug.layers.get("gains/Gain(3.0, init='constant(2.0)', name='first')")
    model = Sequential([Input((3,)), gain])
    model.compile("sgd", "gains/reach(size=0.5)")
    model.save(path)
    return model.predict(X, verbose=0)


@pytest.mark.filterwarnings("ignore:.*the file was made with other packages:kplug.KplugWarning")
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_file_of_an_earlier_version_is_read(site: _Site, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m.{suffix}"
    expected = _save_old(site, path)
    site.install(STATED)
    model = kplug.load_model(path)
    np.testing.assert_array_equal(model.predict(X, verbose=0), expected)
    first = model.layers[0]
    assert first.factor == 3.0
    assert str(first.get_config()["gain_initializer"]) == "kplug/constant(value=2.0)"
    rows = {row.slot: row.arguments for row in model.components}
    assert rows["loss"]["factor"] == 0.5
    assert "size" not in rows["loss"]
    model.save(tmp_path / f"again.{suffix}")
    assert kplug.load_model(tmp_path / f"again.{suffix}").layers[0].factor == 3.0


def test_without_the_facts_the_error_names_the_layer(site: _Site, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    _save_old(site, path)
    site.install(NEW)
    with pytest.raises(ArgumentError) as caught:
        kplug.load_model(path, verify="off")
    assert str(caught.value) == (
        "layer 'first': Gain has no arguments 'init', 'size', 'center'\n"
        "  Known: factor, gain_initializer, name, trainable, dtype, activity_regularizer, input_shape, "
        "input_dim, batch_input_shape, batch_size, weights."
    )


def test_an_idle_argument_that_is_on_is_refused(site: _Site) -> None:
    site.install(STATED)
    with pytest.raises(ArgumentError, match="Gain has no argument 'center'"):
        kplug.layers.deserialize({"class_name": "gains/Gain", "config": {"center": True}})
