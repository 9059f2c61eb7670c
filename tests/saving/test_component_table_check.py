"""Packages that a file names, compared with those that are installed."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import kplug
from kplug.errors import ArgumentValueError, KplugWarning, WeightsError
from kplug.registry.candidates.installable_packages import Package
from kplug.registry.loading.running_builds import Build
from kplug.saving import load_weights, save_weights
from kplug.saving.component_table_check import Verify, find_changes
from kplug.saving.provenance import write_components

Make = Callable[..., Any]


DENSE = {"kernel": (3, 4)}


def row(name: str, distribution: str, version: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "distribution": distribution, "version": version, **more}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make three distributions appear installed, and no other."""
    builds = {
        "kplug": Build("0.1.3"),
        "torch": Build("2.7.1+cpu", None, "it has no RECORD"),
        "kplug-lion": Build("1.2", "sha256:ab"),
    }
    monkeypatch.setattr("kplug.saving.component_table_check.find_build_here", builds.get)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("stored", "verify", "sentences"),
    [
        (row("kplug/adam", "kplug", "0.1.0"), "warn", []),
        (
            row("kplug/adam", "kplug", "0.1.0"),
            "exact",
            ['kplug, which supplied kplug/adam, was 0.1.0, here 0.1.3: pip install "kplug==0.1.0"'],
        ),
        (
            row("kplug/adam", "kplug", "0.2.0"),
            "warn",
            ['kplug, which supplied kplug/adam, was 0.2.0, here 0.1.3: pip install "kplug==0.2.0"'],
        ),
        (row("torch/adamw", "torch", "2.7.0+cu126"), "warn", []),
        (
            row("torch/adamw", "torch", "2.7.1+cu126"),
            "exact",
            [
                "torch, which supplied torch/adamw, was 2.7.1+cu126, here 2.7.1+cpu: "
                'pip install "torch==2.7.1"'
            ],
        ),
        (row("kplug-lion/lion", "kplug-lion", "1.2.0"), "warn", []),
        (row("kplug-lion/lion", "kplug-lion", "1.2", hash="sha256:ab"), "exact", []),
        (
            row("kplug-lion/lion", "kplug-lion", "1.2", hash="sha256:cd"),
            "warn",
            [
                "kplug-lion 1.2, which supplied kplug-lion/lion, has other code here under the same "
                "version"
            ],
        ),
        (row("kplug/adam", "kplug", "0.1.3", hash="sha256:cd"), "warn", []),
        (row("kplug/adam", "kplug", "0.1.3", hash="sha256:cd"), "numbers", []),
        (
            row("kplug-lion/lion", "kplug-lion", "1.2"),
            "numbers",
            [
                "kplug-lion 1.2, which supplied kplug-lion/lion, has no hash of its code in the file",
            ],
        ),
        (row("kplug-lion/lion", "kplug-lion", "1.2", hash=None), "exact", []),
        (row("kplug-lion/lion", "kplug-lion", "1.2", hash=["sha256:cd"]), "exact", []),
        (
            row("kplug-lion/lion", "kplug-lion", "1.2", hash="sha256:cd"),
            "exact",
            [
                "kplug-lion 1.2, which supplied kplug-lion/lion, has other code here under the same "
                "version"
            ],
        ),
        (
            row("torch/adamw", "torch", "2.7.1+cpu", hash="sha256:cd"),
            "exact",
            [
                "torch 2.7.1+cpu, which supplied torch/adamw, cannot be vouched for here: it has no RECORD"
            ],
        ),
        (
            row("kplug-lion/lion", "kplug-lion", "1.3"),
            "warn",
            [
                "kplug-lion, which supplied kplug-lion/lion, was 1.3, here 1.2",
            ],
        ),
        (
            row("kplug-x/y", "kplug-x", "1; rm -rf ~\x1b[2J"),
            "warn",
            [
                "the file says that 'kplug-x' 1; rm -rf ~?[2J supplied kplug-x/y; it is not installed, "
                "and no plugin here knows that package"
            ],
        ),
        (
            row("evil/x", "evil", "1.0\n  pip install evil"),
            "warn",
            [
                "the file says that 'evil' 1.0?  pip install evil supplied evil/x; it is not installed, "
                "and no plugin here knows that package"
            ],
        ),
        (row("custom/mine", "custom", ""), "exact", []),
        (row("a/b", '"; rm -rf ~; "', "1.0"), "exact", []),
        ({"distribution": ["kplug"], "version": {}}, "exact", []),
        ({}, "exact", []),
    ],
)
def test_comparison_with_what_is_installed(
    stored: dict[str, Any], verify: Verify, sentences: list[str]
) -> None:
    assert [one.sentence for one in find_changes([stored, stored], verify)] == sentences


def test_a_missing_package_that_a_plugin_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def find_packages(kind: str, name: str, distribution: str) -> list[Package]:
        asked.append((kind, name, distribution))
        return [Package(distribution, "0.3", "pip install it")]

    monkeypatch.setattr("kplug.saving.component_table_check.REGISTRY.find_packages", find_packages)
    (change,) = find_changes([row("No.Such/dice", "No.Such", "0.2")], "warn")
    told = "No.Such 0.2, which supplied No.Such/dice, is not installed: pip install it"
    assert (change.sentence, change.is_missing) == (told, True)
    assert asked == [("", "dice", "no-such")]


@pytest.fixture
def foreign(make_model: Make, tmp_path: Path) -> Path:
    """Return a file whose model used a plugin that is not installed."""
    save_weights(make_model(dense=DENSE), tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        write_components(file, [row("kplug-nowhere/dice", "kplug-nowhere", "0.2")])
    return tmp_path / "a.h5"


SENTENCE = (
    "the file was made with other packages:\n  the file says that 'kplug-nowhere' 0.2 supplied "
    "kplug-nowhere/dice; it is not installed, and no plugin here knows that package"
)


def test_missing_plugin_is_warned_about_and_the_weights_load(
    make_model: Make, foreign: Path
) -> None:
    model = make_model(dense=DENSE)
    before = model.get_weights()
    with pytest.warns(KplugWarning) as caught:
        load_weights(model, foreign)
    assert str(caught[0].message) == f"{foreign}: {SENTENCE}"
    assert (model.get_weights()[0] != before[0]).any()


@pytest.mark.parametrize("verify", ["numbers", "exact"])
def test_missing_plugin_is_an_error_when_exact(
    make_model: Make, foreign: Path, verify: Verify
) -> None:
    model = make_model(dense=DENSE)
    before = model.get_weights()
    with pytest.raises(WeightsError) as caught:
        load_weights(model, foreign, verify=verify)
    fix = "Load it where those builds run, or pass verify='warn'."
    assert str(caught.value) == f"{foreign}: {SENTENCE}\n  {fix}"
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_verify_off_is_silent(make_model: Make, foreign: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_weights(make_model(dense=DENSE), foreign, verify="off")


def test_unknown_verify_is_refused(make_model: Make, foreign: Path) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        load_weights(make_model(dense=DENSE), foreign, verify="maybe")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "load_weights: argument 'verify' is 'maybe'; allowed: 'off', 'warn', 'numbers' or 'exact'"
    )


def test_an_advisory_is_shown_on_loading(
    make_model: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = {
        "distribution": "kplug",
        "versions": f"=={kplug.__version__}",
        "reason": "wrong for empty masks",
        "since": "2026-04-01T12:00:00Z",
    }
    topics = {"recalls": [], "advisories": [notice]}
    file, weights = tmp_path / "list.json", tmp_path / "a.h5"
    file.write_text(json.dumps({"format": 1, "number": 1, "date": notice["since"], **topics}))
    save_weights(make_model(dense=DENSE), weights)
    with h5py.File(weights, "a") as stored:
        write_components(stored, [row("kplug/adam", "kplug", kplug.__version__)])
    monkeypatch.setenv("KPLUG_RECALLS", str(file))
    kplug.reload()
    try:
        with pytest.warns(KplugWarning) as caught:
            load_weights(make_model(dense=DENSE), weights)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            load_weights(make_model(dense=DENSE), weights, verify="off")
    finally:
        monkeypatch.undo()
        kplug.reload()
    assert caught[0].filename == __file__
    assert str(caught[0].message) == (
        f"{weights}: there are advisories about what the model is made of:\n  kplug {kplug.__version__}: "
        f"2026-04-01: wrong for empty masks ({file})"
    )
