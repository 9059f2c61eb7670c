"""Arguments of ``compile``, written as Keras writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug
from kplug import Input, Model, Sequential, layers, load_model
from kplug.dialect import write_training


def test_structures_of_identifiers_keep_their_form() -> None:
    inputs = Input((3,))
    model = Model(inputs, [layers.Dense(1, name=name)(inputs) for name in ("a", "b")])
    model.compile(
        "sgd",
        loss={"a": "mse", "b": "huber(delta=2.0)"},
        metrics=[["mae"], ["accuracy"]],
        loss_weights={"a": 1.0, "b": 0.5},
    )
    compiled = model.compiled
    assert compiled is not None
    written = write_training(compiled.structure, compiled.loss_weights, {})
    assert written["loss"]["a"] == "mean_squared_error"
    assert written["loss"]["b"]["class_name"] == "Huber"
    assert written["metrics"] == [["mae"], ["accuracy"]]
    assert written["loss_weights"] == {"a": 1.0, "b": 0.5}


def halving(step: int, start: float = 0.1, every: int = 10) -> float:
    """Halve a learning rate again and again."""
    return start * 0.5 ** (step // every)


class Triangle:
    """Goes down and up again; it has no get_config."""

    def __init__(self, top: float = 0.1) -> None:
        self.top = top

    def __call__(self, step: int) -> float:
        return self.top * abs(step % 20 / 10 - 1)


@pytest.mark.parametrize(
    ("schedule", "target", "expected"),
    [("halving(start=0.4)", halving, [0.4, 0.2]), ("triangle(top=0.4)", Triangle, [0.4, 0.0])],
    ids=["function", "class"],
)
def test_a_schedule_without_get_config_is_written_with_its_name_and_arguments(
    schedule: str, target: Any, expected: list[float], tmp_path: Path
) -> None:
    model = Sequential([layers.Dense(1, input_dim=2)])
    with kplug.scope(schedules={schedule.partition("(")[0]: target}):
        model.compile(f"sgd(lr={schedule})", "mse")
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = load_model(tmp_path / "model.keras")
    rate = loaded.optimizer._schedule
    assert [rate(step) for step in (0, 10)] == expected
