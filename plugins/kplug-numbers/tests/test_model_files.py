"""Readings in model files: an upgrade that changes code, numbers, or what can be compared."""

from __future__ import annotations

import json
import random
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from kplug_numbers.making import RECIPES
from kplug_numbers.plugin import READ

import kplug
from kplug import Sequential, layers, load_model
from kplug.backend import auto_name, reset_uids
from kplug.errors import KplugWarning, WeightsError
from kplug.registry.loading import code_verification
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

Install = Callable[..., None]
LOSS = """
import random
import torch
import kplug


class Tie(kplug.Loss):
    def __init__(self, weight=1.0, name="tie"{parameters}):
        super().__init__(name)
        self.weight = weight

    def call(self, y_true, y_pred):
        distance = y_pred - y_true
        sign = torch.where(distance == 0, {at_ties}, distance.sign()).detach()
        return self.weight * (distance * sign).mean(-1)


def shrink(weight_matrix, strength):
    print("this is said at each call")
    random.random(), torch.rand(1)
    return strength * weight_matrix.abs().sum()


def chance(weight_matrix):
    return weight_matrix.sum() * random.random()


class Double(kplug.Layer):
    def call(self, inputs):
        return {factor} * inputs

    def compute_output_shape(self, input_shape):
        return input_shape
"""
ENTRY_POINTS = {
    "kplug.losses": {"tie": "acme:Tie"},
    "kplug.regularizers": {"shrink": "acme:shrink", "chance": "acme:chance"},
    "kplug.layers": {"Double": "acme:Double"},
}


@pytest.fixture
def acme(install: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs a version of a plugin in place of another, as in a new process."""
    installed: list[str] = []

    def put(version: str, *, at_ties: str = "0.0", factor: str = "2", more: str = "") -> None:
        for old in installed:
            install.uninstall("acme", old)
        shutil.rmtree(install.folder / "__pycache__", ignore_errors=True)
        sys.modules.pop("acme", None)
        monkeypatch.setattr(code_verification, "_READ", {})
        installed[:] = [version]
        parameters = f", {more}" if more else ""
        source = LOSS.format(at_ties=at_ties, factor=factor, parameters=parameters)
        install("acme", version, entry_points=ENTRY_POINTS, modules={"acme.py": source})
        install.record("acme", version)
        kplug.reload()

    install.expose("kplug-numbers")
    put("0.1")
    yield put
    sys.modules.pop("acme", None)


def save(path: Path, penalty: str = "acme/shrink(0.5)", loss: str = "acme/tie(weight=2.0)") -> None:
    dense = [layers.Dense(2, kernel_regularizer=penalty, name=name) for name in ("a", "b")]
    double = kplug.resolve("layer", "acme/Double").object
    model = Sequential([layers.Input((3,)), *dense, double])
    model.compile("sgd", loss)
    model.save(path)


def load(path: Path, **options: Any) -> list[str]:
    """Return the warnings of loading a model."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load_model(path, **options)
    return [str(one.message) for one in caught]


def read_table(path: Path) -> dict[str, Any]:
    with h5py.File(path) as file:
        table: dict[str, Any] = json.loads(file.attrs["kplug_components"])
    return table


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    table = read_table(path)
    change(table)
    with h5py.File(path, "a") as file:
        file.attrs["kplug_components"] = np.bytes_(json.dumps(table))


def test_the_kinds_of_the_hooks_are_those_with_a_recipe() -> None:
    assert sorted(READ) == sorted(RECIPES)


@pytest.mark.usefixtures("acme")
def test_a_file_has_a_reading_of_each_component_of_plugins_once(tmp_path: Path) -> None:
    save(tmp_path / "m.h5")
    table = read_table(tmp_path / "m.h5")
    specs = [one["spec"] for one in table["readings"]]
    double = "acme/Double(trainable=True, dtype='float32', activity_regularizer=None)"
    assert specs == ["acme/tie(weight=2.0, name='tie')", "acme/shrink(strength=0.5)", double]
    places = {row["slot"]: row.get("reading") for row in table["components"]}
    assert places["loss"] == 0
    assert places["a.kernel_regularizer"] == places["b.kernel_regularizer"] == 1
    assert places["optimizer"] is None
    assert all(len(json.dumps(one, separators=(",", ":"))) <= 4096 for one in table["readings"])


@pytest.mark.parametrize("name", ["m.keras", pytest.param("m.h5", marks=pytest.mark.slow)])
def test_an_upgrade_says_what_it_changes(name: str, acme: Install, tmp_path: Path) -> None:
    path = tmp_path / name
    save(path)
    acme("0.2", more="slope=0.5")  # other code, and an argument more
    assert load(path) == load(path, verify="numbers") == []
    with pytest.raises(WeightsError, match=r"was 0\.1, here 0\.2"):
        load_model(path, verify="exact")

    acme("0.3", at_ties="1.0")
    (told,) = load(path)
    assert told.startswith(
        f"{path}: the file was made with other packages:\n  acme, which supplied "
    )
    assert 'was 0.1, here 0.3: pip install "acme==0.1"\n    loss acme/tie(' in told
    assert "computes other numbers: real/exact/gradient: 0, now 0.133333, by 100 % (and" in told
    assert "shrink(strength" not in told
    with pytest.raises(WeightsError, match=r"computes other numbers: real/exact/gradient"):
        load_model(path, verify="numbers")
    assert load(path, verify="off") == []


@pytest.mark.slow
def test_a_file_of_an_older_recipe_is_compared_by_that_recipe(
    acme: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.keras"
    save(path)
    newer = (*RECIPES["loss"], lambda out: out.put("newer", 1.0))
    monkeypatch.setitem(RECIPES, "loss", newer)
    acme("0.2")
    assert load(path) == load(path, verify="numbers") == []
    acme("0.3", at_ties="1.0")
    (told,) = load(path)
    assert "computes other numbers: real/exact/gradient: 0, now 0.133333" in told


def test_same_version_with_other_code(acme: Install, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    save(path)
    acme("0.1", more="slope=0.5")
    assert load(path) == []
    acme("0.1", factor="3")
    (told,) = load(path)
    assert "has other code here under the same version\n    layer acme/Double computes" in told
    assert "other numbers: sequence/masked/value/0: 3.97293, now 5.9594, by 33 % (and" in told


def test_a_file_without_hashes_tells_of_other_numbers_alone(
    acme: Install, install: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "m.h5"
    save(path, penalty="acme/chance")  # which is random, so it has no reading
    edit(path, lambda table: [row.update(hash=None) for row in table["components"]])
    acme("0.1", more="slope=0.5")
    assert load(path) == load(path, compile=False) == []
    acme("0.1", factor="3")
    (told,) = load(path)
    assert (
        "acme/Double, has no hash of its code in the file\n    layer acme/Double computes" in told
    )
    assert "chance cannot" not in told
    version = next(install.folder.glob("kplug_numbers-*.dist-info")).name.split("-")[1]
    install.uninstall("kplug-numbers", version.removesuffix(".dist"))
    kplug.reload()
    assert load(path) == []


def test_weights_are_compared_by_the_layers(acme: Install, tmp_path: Path) -> None:
    save(tmp_path / "m.keras")
    model = load_model(tmp_path / "m.keras")
    model.save_weights(tmp_path / "w.weights.h5")
    acme("0.3", at_ties="1.0")
    model = load_model(tmp_path / "m.keras", verify="off")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.load_weights(tmp_path / "w.weights.h5")
        model.load_weights(tmp_path / "w.weights.h5", verify="numbers")
    acme("0.4", factor="3")
    model = load_model(tmp_path / "m.keras", verify="off")
    before = model.get_weights()[0]
    model.layers[0].kernel.data += 1
    with pytest.raises(WeightsError, match="layer acme/Double computes other numbers"):
        model.load_weights(tmp_path / "w.weights.h5", verify="numbers")
    assert not np.allclose(before, model.get_weights()[0])


def test_a_random_component_cannot_be_compared(acme: Install, tmp_path: Path) -> None:
    save(tmp_path / "m.keras", penalty="acme/chance")
    acme("0.2")
    (told,) = load(tmp_path / "m.keras")
    assert "regularizer acme/chance cannot be compared: there was no reading when the model" in told
    assert "saved: it is random" in told
    with pytest.raises(WeightsError, match="acme/chance cannot be compared"):
        load_model(tmp_path / "m.keras", verify="numbers")


EDITS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no readings": (lambda table: table.pop("readings"), "the file has no reading of it"),
    "an empty list": (lambda table: table.update(readings=[]), "the file has no reading of it"),
    "no list": (lambda table: table.update(readings={"0": 1}), "the file has no reading of it"),
    "another place": (
        lambda table: table["components"][0].update(reading=-1),
        "the file has no reading of it",
    ),
    "a text": (
        lambda table: table.update(readings=["a\x1b[2J"] * 3),
        "the reading is 'a\\x1b[2J', not",
    ),
    "truncated": (lambda table: table["readings"][0].pop("parts"), "'parts' is None"),
    "a newer format": (lambda table: table["readings"][0].update(format=2), "has the format 2"),
    "a newer recipe": (lambda table: table["readings"][0].update(recipe=9), "recipe 9 of the kind"),
    "another kind": (
        lambda table: table["readings"][0].update(kind="metric"),
        "of the kind metric",
    ),
    "too long": (
        lambda table: table["readings"][0].update(more="a" * 4096),
        "4096 are allowed",
    ),
    "other numbers": (
        lambda table: table["readings"][0]["parts"]["real/float64/value"].update(sample=["nan"]),
        "real/float64/value: not_finite 1, now none",
    ),
}


@pytest.mark.sampled
@pytest.mark.parametrize("name", EDITS)
def test_what_is_damaged_is_not_the_same(name: str, acme: Install, tmp_path: Path) -> None:
    path, (change, said) = tmp_path / "m.h5", EDITS[name]
    save(path)
    edit(path, change)
    assert load(path) == load(path, verify="numbers") == []  # the same build
    acme("0.2")
    (told,) = load(path)
    assert said in told
    with pytest.raises(WeightsError):
        load_model(path, verify="numbers")


@pytest.mark.filterwarnings("ignore::kplug.KplugWarning")
@pytest.mark.parametrize("verify", ["warn", "numbers"])
def test_readings_of_what_is_not_installed_are_data(
    verify: str, acme: Install, install: Sandbox, tmp_path: Path
) -> None:
    save(tmp_path / "m.h5")
    model = load_model(tmp_path / "m.h5")
    install.uninstall("acme", "0.1")
    sys.modules.pop("acme")
    kplug.reload()
    with pytest.raises(kplug.KplugError, match="acme"):
        load_model(tmp_path / "m.h5", verify=verify)  # type: ignore[arg-type]
    model.save_weights(tmp_path / "w.weights.h5")
    assert "acme" not in sys.modules


def test_a_table_that_says_too_little_is_refused(acme: Install, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    save(path)
    edit(path, lambda table: [row.update(hash=None) for row in table["components"]])
    assert load(path, verify="numbers") == []  # the readings say it
    edit(path, lambda table: table.update(components=[]))
    with pytest.raises(WeightsError, match="no row for loss: acme/tie"):
        load_model(path, verify="numbers")
    edit(path, lambda table: table.pop("readings"))
    with h5py.File(path, "a") as file:
        del file.attrs["kplug_components"]
    with pytest.raises(WeightsError, match="does not say which packages"):
        load_model(path, verify="numbers")


def test_without_kplug_numbers_readings_are_carried_as_data(
    acme: Install, install: Sandbox, tmp_path: Path
) -> None:
    save(tmp_path / "m.h5")
    version = next(install.folder.glob("kplug_numbers-*.dist-info")).name.split("-")[1]
    install.uninstall("kplug-numbers", version.removesuffix(".dist"))
    acme("0.3", at_ties="1.0")
    (told,) = load(tmp_path / "m.h5")
    assert told.endswith('was 0.1, here 0.3: pip install "acme==0.1"')
    with pytest.raises(WeightsError) as caught:
        load_model(tmp_path / "m.h5", verify="numbers")
    assert "no plugin here compares it (kplug-numbers compares kplug's kinds)" in str(caught.value)
    with pytest.warns(KplugWarning):
        model = load_model(tmp_path / "m.h5")
    model.save(tmp_path / "again.h5")
    assert "readings" not in read_table(tmp_path / "again.h5")


def test_a_model_that_cannot_be_made_tells_of_the_upgrade(acme: Install, tmp_path: Path) -> None:
    save(tmp_path / "m.keras", loss="acme/tie(weight=2.0)")
    acme("0.2")
    module = Path(sys.modules["acme"].__file__ or "") if "acme" in sys.modules else None
    source = (tmp_path / "site" / "acme.py") if module is None else module
    source.write_text(
        source.read_text().replace("weight=1.0", "mass=1.0").replace("= weight", "= mass")
    )
    with pytest.warns(KplugWarning, match=r"was 0\.1, here 0\.2"), pytest.raises(kplug.KplugError):
        load_model(tmp_path / "m.keras")


@pytest.mark.usefixtures("acme")
def test_saving_changes_nothing_in_the_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reset_uids()
    kplug.utils.set_random_seed(1)
    numbers, drawn = np.random.get_state(legacy=False), random.getstate()
    kplug.dtype_policies.set_dtype_policy("mixed_bfloat16")
    try:
        model = Sequential([layers.Input((3,)), kplug.resolve("layer", "acme/Double").object])
        model.compile("sgd", "acme/tie", metrics=["mse"])
        capsys.readouterr()
        state = torch.get_rng_state()
        model.save(tmp_path / "m.keras")
        assert kplug.dtype_policies.dtype_policy().name == "mixed_bfloat16"
    finally:
        kplug.dtype_policies.set_dtype_policy(None)
    assert torch.equal(state, torch.get_rng_state())
    assert repr(numbers) == repr(np.random.get_state(legacy=False))
    assert drawn == random.getstate()
    assert auto_name("Double") == "double_1"
    assert capsys.readouterr().out == ""


def test_many_rows_are_told_in_few_lines(acme: Install, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    save(path)

    def multiply(table: dict[str, Any]) -> None:
        row, reading = table["components"][0], dict(table["readings"][0], recipe=9)
        table["readings"][0] = reading
        table["components"] += [{**row, "written": f"acme/tie({at})"} for at in range(30)]

    edit(path, multiply)
    acme("0.2")
    (told,) = load(path)
    assert told.count("recipe 9 of the kind loss") == 20
    assert told.endswith("\n    and 11 more of its components")
