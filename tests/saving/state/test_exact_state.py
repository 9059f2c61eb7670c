"""Training configurations and states with settings that cannot be: found out when a file is loaded."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kplug import Sequential, layers, load_model
from kplug.errors import KplugError, KplugWarning


def make(optimizer: str = "adam") -> Any:
    model = Sequential([layers.Dense(3, input_dim=2), layers.Dense(1)])
    model.compile(optimizer, "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    return model


def spoil_state(path: Path, change: Callable[[Any], None], rule: str = "adam") -> Path:
    """Write a whole model with another training state."""
    make(rule).save(path)
    with h5py.File(path, "a") as file:
        content = json.loads(file["kplug_state"].attrs["content"])
        optimizer = dict(content["optimizer"]["items"])
        change(optimizer)
        content["optimizer"] = {"items": [[key, value] for key, value in optimizer.items()]}
        file["kplug_state"].attrs["content"] = json.dumps(content)
    return path


def set_in_group(key: str, value: Any) -> Callable[[Any], None]:
    def change(optimizer: Any) -> None:
        for pair in optimizer["param_groups"]["list"][0]["items"]:
            if pair[0] == key:
                pair[1] = value

    return change


def drop(name: str) -> Callable[[Any], None]:
    def change(optimizer: Any) -> None:
        kept = optimizer["state"]["items"][0][1]["items"]
        kept[:] = [pair for pair in kept if pair[0] != name]

    return change


def empty_moment(optimizer: Any) -> None:
    dict(optimizer["state"]["items"])[2]["items"][1][1] = None


def list_other_parameters(optimizer: Any) -> None:
    set_in_group("params", {"list": [None, 1, 2, 3]})(optimizer)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            set_in_group("lr", "fast"),
            "adam: the saved state has 'lr' = 'fast', which it cannot have",
        ),
        (set_in_group("betas", {"tuple": [0.9, 7.0]}), "a setting that cannot be: adam: argument"),
        (set_in_group("epsilon", -1.0), "a setting that cannot be: adam: argument 'epsilon'"),
        (set_in_group("epsilon", None), "adam: the saved state has 'epsilon' = None, which it"),
        (
            set_in_group("amsgrad", True),
            "adam: the saved state of parameter 0 lacks 'max_exp_avg_sq'",
        ),
        (drop("exp_avg"), "adam: the saved state of parameter 0 lacks 'exp_avg'"),
        (drop("step"), "adam: the saved state of parameter 0 lacks 'step'"),
        (empty_moment, "adam: saved 'exp_avg' of parameter 2 is None, no tensor"),
        (list_other_parameters, "adam: the saved state is of parameter 0, its groups list [None,"),
    ],
)
def test_optimizer_state_is_checked_when_the_file_is_loaded(
    change: Callable[[Any], None], message: str, tmp_path: Path
) -> None:
    path = spoil_state(tmp_path / "m.h5", change)
    with pytest.warns(KplugWarning, match="the optimizer starts anew") as caught:
        model = load_model(path)
    assert message in str(caught[0].message)
    assert np.isfinite(model.train_on_batch(np.ones((4, 2)), np.ones((4, 1))))


def test_state_inside_a_wrapper_is_checked_too(tmp_path: Path) -> None:
    path = spoil_state(tmp_path / "m.h5", drop("exp_avg"), "loss_scale_optimizer('adam')")
    with pytest.warns(
        KplugWarning, match="starts anew, .*: the saved state of parameter 0 lacks 'exp_avg'"
    ):
        model = load_model(path)
    assert np.isfinite(model.train_on_batch(np.ones((4, 2)), np.ones((4, 1))))


@pytest.mark.parametrize(
    ("metric", "config"),
    [
        ("AUC", {"num_thresholds": 10**12}),
        ("AUC", {"num_thresholds": 10**4, "multi_label": True, "num_labels": 10**6}),
        ("PrecisionAtRecall", {"recall": 0.5, "num_thresholds": 10**12}),
        ("MeanIoU", {"num_classes": 10**9}),
    ],
)
def test_metrics_that_would_take_all_memory(
    metric: str, config: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "m.h5"
    make().save(path)
    file = h5py.File(path, "a")
    content = json.loads(file.attrs["training_config"])
    described = {"module": "keras.metrics", "class_name": metric, "config": config}
    content["metrics"] = [{**described, "registered_name": None}]
    file.attrs["training_config"] = json.dumps(content)
    file.close()
    tracemalloc.start()
    try:
        with pytest.raises(KplugError, match="allowed: "):
            load_model(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 28
    finally:
        tracemalloc.stop()
