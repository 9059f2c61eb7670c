"""`Loss` gives its subclasses a name, a configuration and a data type for the arithmetic."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import Tensor

from kplug import losses
from kplug.errors import ArgumentValueError


class Percentile(losses.Loss):
    def __init__(self, q: float, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.q = q

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        error = y_true - y_pred
        return torch.maximum(self.q * error, (self.q - 1) * error).mean(-1)


def test_subclass_gets_its_name_and_configuration() -> None:
    loss = Percentile(0.9, reduction="sum")
    assert loss.name == "percentile"
    assert loss.get_config() == {"reduction": "sum", "name": "percentile", "q": 0.9}
    assert Percentile.from_config(loss.get_config()).q == 0.9


def test_subclass_without_super_init_reduces_to_the_mean() -> None:
    class Careless(losses.Loss):
        def __init__(self) -> None:
            pass

        def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
            return (y_true - y_pred).square().mean(-1)

    assert Careless()(torch.zeros(2), torch.tensor([[1.0], [3.0]])).item() == 5.0


def test_subclass_of_a_built_in_does_not_inherit_its_shortcut() -> None:
    class Doubled(losses.MeanSquaredError):
        def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
            return 2 * super().call(y_true, y_pred)

    assert Doubled()(torch.zeros(2, 1), torch.ones(2, 1)).item() == 2.0


def test_tensors_keep_their_type_and_other_arrays_get_the_default() -> None:
    loss = losses.MeanSquaredError()
    array = np.ones((2, 1))
    assert loss(array, torch.tensor(array)).dtype is torch.float64
    assert loss(array, array).dtype is torch.float32
    assert loss([[1.0]], [[1.0]]).dtype is torch.float32
    assert loss(array, np.ones((2, 1), dtype=int)).dtype is torch.float32


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("bfloat16", torch.bfloat16),
        (torch.float64, torch.float64),
        (keras.DTypePolicy("mixed_float16"), torch.float16),
        ("mixed_bfloat16", torch.bfloat16),
        (keras.saving.serialize_keras_object(keras.DTypePolicy("float64")), torch.float64),
    ],
)
def test_type_may_be_a_name_a_type_or_a_policy(dtype: Any, expected: torch.dtype) -> None:
    for loss in (losses.MeanSquaredError(dtype=dtype), Percentile(0.5, dtype=dtype)):
        assert loss.dtype == str(expected).removeprefix("torch.")
        assert loss(torch.zeros(2, 1), torch.ones(2, 1)).dtype is expected


def test_type_that_is_none() -> None:
    with pytest.raises(ArgumentValueError, match="argument 'dtype' is 'float31'"):
        losses.MeanSquaredError(dtype="float31")


def test_type_cannot_be_changed_afterwards() -> None:
    loss: Any = losses.MeanSquaredError(dtype="float64")
    with pytest.raises(AttributeError):
        loss.dtype = "float32"


def test_dtype_is_that_of_the_arithmetic() -> None:
    loss = losses.MeanSquaredError(dtype="float64")
    assert loss(torch.zeros(2, 1), torch.ones(2, 1)).dtype is torch.float64


class Scaled(losses.Loss):
    def __init__(self, scale: float = 1.0, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.scale = scale

    def call(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        return self.scale * (y_true - y_pred).square().mean(-1)


class Positional(losses.Loss):
    def __init__(self) -> None:
        super().__init__("by_place", "sum", "float64")

    def call(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        return (y_true - y_pred).square().mean(-1)


def test_base_takes_name_reduction_and_type_in_the_order_of_keras_3() -> None:
    loss = Positional()
    assert (loss.name, loss.reduction, loss.dtype) == ("by_place", "sum", "float64")


def test_type_is_part_of_the_configuration_if_it_was_given() -> None:
    assert Scaled(2.0).get_config() == {
        "name": "scaled",
        "reduction": "sum_over_batch_size",
        "scale": 2.0,
    }
    config = Scaled(dtype="float64").get_config()
    assert config["dtype"] == "float64"
    assert Scaled.from_config(config).dtype == "float64"
    assert losses.Huber(dtype="float64").get_config()["dtype"] == "float64"


def test_a_subclass_may_have_parts_of_its_own() -> None:
    class Halved(losses.Loss):
        def call(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
            return self._compute(y_true - y_pred)

        def _compute(self, differences: torch.Tensor) -> torch.Tensor:
            return 0.5 * differences.abs().mean(-1)

    assert Halved()(torch.zeros(3, 1), torch.ones(3, 1)) == 0.5
    assert Halved()(torch.zeros(3, 1), torch.ones(3, 1), torch.ones(3)) == 0.5
