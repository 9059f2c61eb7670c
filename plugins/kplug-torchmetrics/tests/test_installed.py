"""The installed package: found by name, lazily imported, without changing bare names."""

from __future__ import annotations

import subprocess
import sys

import importlib_metadata
import numpy as np
import pytest
from kplug_torchmetrics.table import NAMED_LIKE_BUILT_INS, ROWS

import kplug
from kplug import metrics
from kplug.layers import Dense


def test_a_bare_name_resolves_with_its_origin() -> None:
    resolved = kplug.resolve("metric", "cohen_kappa(task='binary')")
    assert str(resolved.written) == "kplug-torchmetrics/cohen_kappa(task='binary')"
    version = importlib_metadata.version("kplug-torchmetrics")
    assert resolved.component.origin.version == version


@pytest.mark.parametrize("name", sorted(NAMED_LIKE_BUILT_INS))
def test_names_of_built_ins_mean_the_built_ins_without_a_warning(name: str) -> None:
    needed = {
        "mean_iou": {"num_classes": 3},
        "sensitivity_at_specificity": {"specificity": 0.5},
        "specificity_at_sensitivity": {"sensitivity": 0.5},
    }
    resolved = kplug.resolve("metric", {"name": name, "args": needed.get(name, {})})
    assert resolved.component.origin.distribution == "kplug"


def test_names_that_built_ins_have_not_are_bare_names() -> None:
    assert {row.name for row in ROWS.values()} >= NAMED_LIKE_BUILT_INS
    for row in ROWS.values():
        if row.name not in NAMED_LIKE_BUILT_INS:
            with pytest.raises(kplug.KplugError, match="kplug-torchmetrics"):
                kplug.resolve("metric", f"{row.name}(no_such_argument=1)")


def test_listing_imports_neither_torch_nor_torchmetrics() -> None:
    code = (
        "import sys; from kplug.registry import REGISTRY; from kplug.registry.kinds import KINDS;"
        "names = {c.qualified_name for c in REGISTRY.components(KINDS['metric'])};"
        "print('kplug-torchmetrics/auroc' in names, 'torch' in sys.modules,"
        " 'torchmetrics' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


def test_metrics_of_torchmetrics_are_trained_with() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(40, 4)).astype("float32")
    y = np.eye(3, dtype="float32")[generator.integers(0, 3, 40)]
    model = kplug.Sequential([Dense(3, activation="softmax", input_dim=4)])
    accuracy = "kplug-torchmetrics/accuracy(task='multiclass', num_classes=3, average='micro')"
    inner = "cohen_kappa(task='multiclass', num_classes=3)"
    model.compile(
        "sgd",
        "categorical_crossentropy",
        metrics=["accuracy", accuracy, inner, f"min_max_metric({inner})"],
    )
    history = model.fit(x, y, epochs=2, verbose=0, validation_split=0.25).history
    assert history["accuracy"] == pytest.approx(history["accuracy_1"])
    assert history["val_accuracy"] == pytest.approx(history["val_accuracy_1"])
    assert history["raw"] == pytest.approx(history["cohen_kappa"])
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert set(logs) == {"loss", "accuracy", "accuracy_1", "cohen_kappa", "raw", "min", "max"}


def test_a_misspelt_argument_is_named() -> None:
    with pytest.raises(kplug.KplugError) as caught:
        metrics.get("cohen_kappa(tsk='binary')")
    assert str(caught.value).startswith("cohen_kappa has no argument 'tsk'. Did you mean 'task'?")


@pytest.mark.parametrize(
    ("spec", "direction"),
    [
        ("cohen_kappa(task='binary')", "max"),
        ("hamming_distance(task='binary')", "min"),
        ("sum_metric", None),
    ],
)
def test_callbacks_know_which_values_torchmetrics_calls_better(
    spec: str, direction: str | None
) -> None:
    assert kplug.resolve("metric", spec).object.direction == direction
