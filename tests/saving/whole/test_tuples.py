"""Tuples in arguments come back as tuples, and what a component raises is not blamed on the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug.errors import ContractError
from kplug.models import model_from_json


class Picky:
    """A component that takes its arguments as they were written, or not at all."""

    def __init__(self, parts: Any = ((1, 2), [3]), table: Any = None) -> None:
        if not isinstance(parts, tuple):
            raise TypeError(f"parts are no tuple: {parts}")
        self.parts, self.table = parts, table

    def get_config(self) -> dict[str, Any]:
        return {"parts": self.parts, "table": self.table}


class PickyPenalty(Picky):
    def __call__(self, weight_matrix: torch.Tensor) -> torch.Tensor:
        return 0.5 * (weight_matrix**2).sum()


class PickyLoss(Picky):
    def __call__(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        return (y_true - y_pred).abs().mean(-1)


class PickyOptimizer(torch.optim.SGD):
    """Like the optimizers of other libraries, it is made when its parameters are known."""

    def __init__(self, params: Any, lr: float = 0.5, nus: Any = (0.5, 1.0)) -> None:
        if not isinstance(nus, tuple):
            raise TypeError(f"nus are no tuple: {nus}")
        super().__init__(params, lr)
        self.nus = nus


class PickyLayer(kplug.layers.Layer):
    def __init__(self, parts: Any, **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(parts, tuple):
            raise TypeError(f"parts are no tuple: {parts}")
        self.parts = parts

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "parts": self.parts}


OBJECTS = {
    "picky_penalty": PickyPenalty,
    "picky_loss": PickyLoss,
    "picky_optimizer": PickyOptimizer,
    "PickyLayer": PickyLayer,
}
PARTS = "parts=((4, [5, ()]), 6), table={'a': (7,)}"


def _save(path: Path) -> None:
    with kplug.scope(
        regularizers={"picky_penalty": PickyPenalty},
        losses={"picky_loss": PickyLoss},
        optimizers={"picky_optimizer": PickyOptimizer},
    ):
        dense = kplug.layers.Dense(1, kernel_regularizer=f"picky_penalty({PARTS})")
        model = kplug.Sequential([kplug.Input((2,)), PickyLayer((1, (2,)), name="picky"), dense])
        model.compile("picky_optimizer(nus=(0.25, 0.75))", f"picky_loss({PARTS})")
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)
        model.save(path)


@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_tuples_come_back_as_tuples(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"m{extension}"
    _save(path)
    model = kplug.load_model(path, custom_objects=OBJECTS)
    penalty = model.layers[1].slots["kernel_regularizer"].resolved.source
    (loss,) = (each.filled.resolved.source for each in model.compiled.losses)
    for found in (penalty, loss):
        assert found.get_config() == {"parts": ((4, [5, ()]), 6), "table": {"a": (7,)}}
    assert model.layers[0].parts == (1, (2,))
    assert model.built_optimizer.nus == (0.25, 0.75)


def test_tuples_come_back_from_a_text() -> None:
    text = kplug.Sequential([kplug.Input((2,)), PickyLayer((1, (2,)))]).to_json()
    assert model_from_json(text, OBJECTS).layers[0].parts == (1, (2,))


class KerasLayer(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """The same layer in Keras, which makes lists of tuples."""

    def __init__(self, parts: Any, **options: Any) -> None:
        super().__init__(**options)
        self.parts = parts

    def call(self, inputs: Any) -> Any:
        return inputs


@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_keras_reads_lists(tmp_path: Path, extension: str) -> None:
    model = kplug.Sequential([kplug.Input((2,)), PickyLayer((1, (2,)))])
    model.save(tmp_path / f"m{extension}")
    theirs = keras.models.load_model(
        tmp_path / f"m{extension}", custom_objects={"custom>PickyLayer": KerasLayer}, compile=False
    )
    assert theirs.layers[-1].parts == [1, [2]]


class Raising(PickyOptimizer):
    def __init__(self, params: Any, lr: float = 0.5, nus: Any = ()) -> None:
        raise ValueError(f"bad nus: {nus}")


class RaisingLoss(PickyLoss):
    def __init__(self, **arguments: Any) -> None:
        raise OSError("no such loss")


class RaisingLayer(PickyLayer):
    def __init__(self, parts: Any, **options: Any) -> None:
        raise KeyError(parts)


@pytest.mark.parametrize("extension", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"picky_optimizer": Raising},
            "the optimizer Raising(lr=0.5, nus=(0.25, 0.75)) cannot be made: "
            "ValueError: bad nus: (0.25, 0.75)",
        ),
        (
            {"picky_loss": RaisingLoss},
            "loss: the loss 'picky_loss' of custom cannot be made from parts=((4, [5, ()]), 6), "
            "table={'a': (7,)}: OSError: no such loss\n  `kplug show custom/picky_loss` shows its arguments.",
        ),
        (
            {"PickyLayer": RaisingLayer},
            "a layer of class RaisingLayer cannot be made from its configuration "
            "{'name': 'picky', 'trainable': True, 'dtype': 'float32', 'parts': (1, (2,))}: "
            "KeyError: (1, (2,))\n"
            "  RaisingLayer.get_config returns the arguments of the constructor, as a dict.",
        ),
    ],
)
def test_what_a_component_raises_is_not_blamed_on_the_file(
    tmp_path: Path, extension: str, changed: dict[str, Any], message: str
) -> None:
    path = tmp_path / f"m{extension}"
    _save(path)
    with pytest.raises(ContractError) as caught:
        kplug.load_model(path, custom_objects={**OBJECTS, **changed})
    assert str(caught.value) == message
