"""The installed package is found by qualified name and leaves kplug's own names alone."""

from __future__ import annotations

import subprocess
import sys

import importlib_metadata
import kplug_keras3
import pytest

import kplug

NAMES = ["adadelta", "adagrad", "adamax", "nadam", "rmsprop"]


def test_the_distribution_declares_every_public_class() -> None:
    distribution = importlib_metadata.distribution("kplug-keras3")
    declared = {
        point.name: point.value
        for point in distribution.entry_points
        if point.group == "kplug.optimizers"
    }
    assert declared == {name.lower(): f"kplug_keras3:{name}" for name in kplug_keras3.__all__}


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


def test_listing_the_entry_points_does_not_import_the_package() -> None:
    code = (
        "import sys, kplug, importlib_metadata;"
        "names = {p.name for p in importlib_metadata.entry_points(group='kplug.optimizers')};"
        "print('rmsprop' in names, 'kplug_keras3' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]
