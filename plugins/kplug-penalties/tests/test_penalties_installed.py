"""The installed package is found by name, and nothing of it runs before it is used."""

from __future__ import annotations

import subprocess
import sys

import importlib_metadata
import kplug_penalties
import pytest
import torch

import kplug

NAMES = ["group_lasso", "l1_reg", "orthogonality"]


def test_the_distribution_declares_every_public_function() -> None:
    distribution = importlib_metadata.distribution("kplug-penalties")
    declared = {
        point.name: point.value
        for point in distribution.entry_points
        if point.group == "kplug.regularizers"
    }
    assert declared == {name: f"kplug_penalties:{name}" for name in kplug_penalties.__all__}


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_name_resolves_with_its_origin(name: str) -> None:
    resolved = kplug.resolve("regularizer", name)
    assert resolved.component.qualified_name == f"kplug-penalties/{name}"
    assert resolved.component.origin.version == importlib_metadata.version("kplug-penalties")


def test_arguments_of_the_spec_become_keywords() -> None:
    penalty = kplug.resolve("regularizer", "l1_reg(strength=1e-4)").object
    assert penalty(torch.full((2, 5), -2.0)).item() == pytest.approx(20e-4)


def test_listing_the_entry_points_does_not_import_the_package() -> None:
    code = (
        "import sys, kplug, importlib_metadata;"
        "names = {p.name for p in importlib_metadata.entry_points(group='kplug.regularizers')};"
        "print('l1_reg' in names, 'kplug_penalties' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]
