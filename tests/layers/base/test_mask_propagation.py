"""How masks go through layers of a user, through models, and into losses and metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug import layers
from kplug.backend.masks import get_mask
from kplug.models import Model, Sequential
from tests.layers.inputs import draw

Masked = Callable[..., Tensor]
MaskOf = Callable[[Tensor], Tensor]


def test_layer_of_a_user_makes_masks(mask_of: MaskOf) -> None:
    class Positive(layers.Layer):
        def call(self, inputs: Tensor) -> Tensor:
            return 2.0 * inputs

        def compute_mask(self, inputs: Tensor, previous_mask: Any) -> Tensor:
            return inputs[..., 0] > 0

    class Counter(layers.Layer):
        def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
            return inputs.sum(-1) if mask is None else mask.sum(1)

        def compute_mask(self, inputs: Tensor, previous_mask: Any) -> None:
            return None

    layer = Positive()
    x = torch.tensor([[[1.0], [-1.0]]])
    for _ in range(2):  # built the first time, on the fast path the second
        assert mask_of(layer(x)).tolist() == [[True, False]]
    assert layer.supports_masking
    assert Counter()(layer(x)).tolist() == [1]


class _Nested(Model):
    """Embedding and Dense in a model of their own."""

    def __init__(self) -> None:
        super().__init__(name="nested")
        self.table = layers.Embedding(5, 2, mask_zero=True)
        self.dense = layers.Dense(2)

    def call(self, inputs: Tensor) -> Any:
        return self.dense(self.table(inputs))


def _models() -> dict[str, Any]:
    table, dense = layers.Embedding(5, 2, mask_zero=True), layers.Dense(2)
    inner = Sequential([layers.Input((3,), dtype="int32"), table, dense])
    return {
        "chain": inner,
        "nested": Sequential([inner, layers.Dropout(0.5)]),
        "subclass": Sequential([_Nested(), layers.Dense(2)]),
    }


@pytest.mark.parametrize("name", ["chain", "nested", "subclass"])
def test_models(name: str, mask_of: MaskOf) -> None:
    model = _models()[name]
    x = torch.tensor([[1, 2, 0], [3, 0, 0]])
    expected = [[True, True, False], [True, False, False]]
    assert mask_of(model(x)).tolist() == expected
    assert mask_of(model(x)).tolist() == expected
    state = {key: value.detach().clone() for key, value in model.named_parameters()}
    made = torch.func.functional_call(model, state, (x,))
    assert mask_of(made).tolist() == expected
    compiled: Any = torch.compile(model, fullgraph=True, backend="eager")
    assert mask_of(compiled(x)).tolist() == expected
    torch.testing.assert_close(compiled(x), model(x))


def test_model_takes_a_mask() -> None:
    model = Sequential([layers.Input((3, 2)), layers.Dense(2), layers.GlobalAveragePooling1D()])
    x, mask = draw(2, 3, 2), torch.tensor([[1, 1, 0], [1, 0, 0]]).bool()
    (dense,) = model.layers[:1]
    expected = (dense(x) * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
    torch.testing.assert_close(model(x, mask=mask), expected)
    assert get_mask(x) is None


def test_model_of_a_user_takes_a_mask_itself(masked: Masked) -> None:
    class Picky(Model):
        def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
            return inputs.sum((1, 2)) if mask is None else mask.sum(1)

    model, mask = Picky(), torch.tensor([[1, 1, 0], [1, 0, 0]]).bool()
    assert model(draw(2, 3, 2), mask=mask).tolist() == [2, 1]
    assert model(masked(draw(2, 3, 2), [1, 1, 1], [1, 0, 0])).tolist() == [3, 1]


def test_mask_given_by_place(mask_of: MaskOf) -> None:
    class Keeps(layers.Layer):
        supports_masking = True

        def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
            return inputs if mask is None else inputs * mask.unsqueeze(-1)

    mask = torch.tensor([[1, 0, 0]]).bool()
    made = Keeps()(torch.ones(1, 3, 1), mask)
    assert made.flatten().tolist() == [1.0, 0.0, 0.0]
    assert mask_of(made) is mask


def test_masks_of_several_arguments(masked: Masked, mask_of: MaskOf) -> None:
    """As attention has them: ``<name>_mask`` is that of the argument ``<name>``."""

    class Pair(layers.Layer):
        supports_masking = True

        def call(
            self,
            query: Tensor,
            value: Tensor,
            query_mask: Tensor | None = None,
            value_mask: Tensor | None = None,
        ) -> Tensor:
            assert query_mask is not None
            counted = 0 if value_mask is None else value_mask.sum()
            return query + value * 0 + counted + query_mask.sum()

    layer, x = Pair(), torch.zeros(1, 3, 1)
    query, value = masked(x, [1, 1, 1]), masked(x, [1, 0, 0])
    assert layer(query, value)[0, 0].item() == 4.0
    assert layer(query, value=value)[0, 0].item() == 4.0
    made = layer(query, x)
    assert made[0, 0].item() == 3.0
    assert mask_of(made).tolist() == [[True, True, True]]


def test_loss_and_metrics_leave_masked_times_out() -> None:
    """Mean over the times that count, as in Keras: Σ (y − p)² m / Σ m, for the metric likewise."""
    model = Sequential([layers.Masking(input_shape=(3, 2)), layers.Dense(1)])
    x = draw(4, 3, 2).numpy()
    x[0, 1:] = 0.0
    x[2, 2:] = 0.0
    y = np.ones((4, 3, 1), dtype="float32")
    model.compile("sgd", "mse", metrics=["mae"])
    error = y - np.asarray(model.predict(x, verbose=0))
    kept = (x != 0).any(-1, keepdims=True)
    expected = [(error[kept] ** 2).mean(), np.abs(error[kept]).mean()]
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), expected, rtol=1e-5)
