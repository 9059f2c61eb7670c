"""What compile refuses of a model's class."""

from __future__ import annotations

from typing import Any

import pytest
from torch import Tensor, nn

from kplug import layers
from kplug.errors import ContractError
from kplug.models import Model


class Residual(Model):
    """inputs + dense(dropout(inputs)), from layers and a torch module."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.first = layers.Dense(6, activation="relu", kernel_regularizer="l2")
        self.dropout = layers.Dropout(0.5)
        self.second = nn.Linear(6, 3)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs."""
        outputs: Tensor = self.second(self.dropout(self.first(inputs)))
        return inputs + outputs


@pytest.mark.parametrize("method", ["train_step", "test_step", "predict_step", "compute_loss"])
def test_a_step_of_its_own_is_refused_as_nothing_would_call_it(method: str) -> None:
    owner = type("Own", (Residual,), {method: lambda *_: {}})
    with pytest.raises(ContractError) as caught:
        owner().compile(loss="mse")
    assert str(caught.value) == (
        f"Own.{method} would not be called: fit, evaluate and predict have one step for all models\n"
        "  Compute in call, add penalties with self.add_loss, and give compile the loss. For a loop "
        "of your own, neither compile nor fit is needed: the model is a torch module."
    )
