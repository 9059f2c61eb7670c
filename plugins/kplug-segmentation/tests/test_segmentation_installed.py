"""The installed package is found by name, and nothing of it runs before it is used."""

from __future__ import annotations

import subprocess
import sys

import importlib_metadata
import kplug_segmentation
import pytest
import torch

import kplug
from kplug.errors import ArgumentError

COMPONENTS = [
    ("loss", "dice_loss(smooth=1e-5, thresh=0.5)", "dice_loss"),
    ("loss", "jaccard_loss(1e-5, thresh=None)", "jaccard_loss"),
    ("loss", "tversky_loss(smooth=1e-5, thresh=0.5, beta=0.7)", "tversky_loss"),
    ("loss", "focal_loss", "focal_loss"),
    ("metric", "dice_coef(smooth=1e-5, thresh=0.5)", "dice_coef"),
    ("metric", "jaccard_coef(smooth=1e-5, thresh=0.5)", "jaccard_coef"),
]


def test_every_declared_target_exists() -> None:
    distribution = importlib_metadata.distribution("kplug-segmentation")
    points = [point for point in distribution.entry_points if point.group.startswith("kplug.")]
    assert {(point.group, point.name) for point in points} == {
        ("kplug.losses" if kind == "loss" else "kplug.metrics", name)
        for kind, _, name in COMPONENTS
    }
    assert {point.value.partition(":")[2] for point in points} <= set(kplug_segmentation.__all__)


@pytest.mark.parametrize(("kind", "spec", "name"), COMPONENTS)
def test_a_spec_resolves_with_its_origin(kind: str, spec: str, name: str) -> None:
    resolved = kplug.resolve(kind, spec)
    assert resolved.component.qualified_name == f"kplug-segmentation/{name}"
    assert resolved.component.origin.version == importlib_metadata.version("kplug-segmentation")


def test_the_resolved_loss_computes_the_dice() -> None:
    loss = kplug.resolve("loss", "dice_loss(smooth=0.0, thresh=0.5)").object
    value = loss(torch.tensor([[1.0, 1.0]]), torch.tensor([[0.9, 0.2]]))
    assert value.item() == pytest.approx(-2 / 3)


def test_arguments_without_defaults_are_named_when_missing() -> None:
    with pytest.raises(ArgumentError) as caught:
        kplug.resolve("loss", "dice_loss")
    assert "smooth" in str(caught.value)
    assert "thresh" in str(caught.value)


def test_listing_the_entry_points_does_not_import_the_package() -> None:
    code = (
        "import sys, kplug, importlib_metadata;"
        "names = {p.name for p in importlib_metadata.entry_points(group='kplug.losses')};"
        "print('dice_loss' in names, 'kplug_segmentation' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]
