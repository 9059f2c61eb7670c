"""``compile``: optimizers in every form, defaults, attributes kept and arguments refused."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch

from kplug import layers
from kplug.components.types import OptimizerLike
from kplug.errors import KplugWarning, NotCompiledError
from kplug.models import Model, Sequential
from tests.training.linear_regression import make_uncompiled


def make_adamw(params: Any) -> torch.optim.Optimizer:
    return torch.optim.AdamW(params, lr=0.1, weight_decay=0.5)


@pytest.mark.parametrize("form", ["class", "name", "partial", "function", "instance"])
def test_adamw_of_torch_trains_in_every_form_as_it_does_by_hand(form: str) -> None:
    x, y = torch.arange(12.0).reshape(4, 3), torch.ones(4, 1)
    model = Sequential([layers.Dense(1, input_shape=(3,), kernel_initializer="ones")])
    arguments: dict[str, Any] = {} if form == "class" else {"lr": 0.1, "weight_decay": 0.5}
    forms: dict[str, Callable[[], OptimizerLike]] = {
        "class": lambda: torch.optim.AdamW,
        "name": lambda: "torch/adamw(lr=0.1, weight_decay=0.5)",
        "partial": lambda: functools.partial(torch.optim.AdamW, **arguments),
        "function": lambda: make_adamw,
        "instance": lambda: torch.optim.AdamW(model.parameters(), **arguments),
    }
    model.compile(loss="mse", optimizer=forms[form]())
    model.fit(x, y, batch_size=4, epochs=3, verbose=0)

    by_hand = torch.nn.Linear(3, 1)
    torch.nn.init.ones_(by_hand.weight)
    torch.nn.init.zeros_(by_hand.bias)
    optimizer = torch.optim.AdamW(by_hand.parameters(), **arguments)
    for _ in range(3):
        optimizer.zero_grad()
        torch.autograd.backward(torch.nn.functional.mse_loss(by_hand(x), y))
        optimizer.step()
    kernel, bias = model.get_weights()
    torch.testing.assert_close(torch.from_numpy(kernel).t(), by_hand.weight.detach())
    torch.testing.assert_close(torch.from_numpy(bias), by_hand.bias.detach())


def test_the_default_optimizer_is_rmsprop() -> None:
    model = make_uncompiled()
    model.compile(loss="mse")
    assert model.components.get("optimizer").name == "kplug/rmsprop"


def test_compiling_again_keeps_the_weights_and_replaces_the_loss() -> None:
    model = make_uncompiled()
    model.compile(loss="mse", metrics=["mae"])
    before = model.get_weights()
    model.compile(optimizer="sgd")
    assert model.loss is None
    assert model.metrics_names == ["loss"]
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch"])
def test_training_before_compile_is_refused_with_advice(method: str) -> None:
    model = make_uncompiled()
    with pytest.raises(NotCompiledError) as caught:
        getattr(model, method)(torch.zeros(2, 3), torch.zeros(2))
    assert str(caught.value) == (
        f"{method}: model 'sequential' is not compiled, so it has no loss and no optimizer\n"
        f"  Call model.compile(optimizer='adam', loss='mean_squared_error') before {method}."
    )


def test_what_compile_makes_is_asked_for_too_early() -> None:
    with pytest.raises(NotCompiledError) as caught:
        _ = make_uncompiled().components
    assert str(caught.value) == (
        "model 'sequential' has no components yet: it is not compiled\n"
        "  Call model.compile(optimizer=…, loss=…) first."
    )


def test_changing_the_chain_asks_for_another_compile() -> None:
    model = make_uncompiled()
    model.compile(loss="mse")
    model.add(layers.Dense(1))
    with pytest.raises(NotCompiledError):
        model.fit(torch.zeros(2, 3), torch.zeros(2), verbose=0)


def test_negative_factors_of_losses_are_told_of() -> None:
    inputs = layers.Input((2,))
    model = Model(inputs, [layers.Dense(1, name=name)(inputs) for name in "ab"])
    with pytest.warns(KplugWarning) as caught:
        model.compile("sgd", "mse", loss_weights={"a": 1.0, "b": -0.5})
    assert [str(each.message) for each in caught] == [
        "compile: loss_weights has -0.5 for output 'b', so training makes this loss larger. Give numbers "
        ">= 0, unless that is what you want, as with an adversary."
    ]


def test_the_arguments_are_kept_to_compile_again_with_others() -> None:
    model = make_uncompiled()
    model.compile("sgd(lr=0.5)", "mse", metrics=["mae"], steps_per_execution=2)
    assert model.compiled is not None
    model.compile(**{**vars(model.compiled.settings), "loss": "huber"})
    again = model.compiled
    assert [entry.name for entry in again.metrics] == ["mae"]
    assert (again.loss.name, again.steps_per_execution) == ("huber_loss", 2)
    assert model.components.get("optimizer").written == "kplug/sgd(lr=0.5)"
