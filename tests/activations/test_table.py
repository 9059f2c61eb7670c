"""Every built-in activation, and what else may stand where one is expected."""

from __future__ import annotations

from typing import Any

import keras
import pytest
import torch

from kplug import activations
from kplug.activations import as_activation, get
from kplug.builtins.activations import COMPONENTS as TABLE
from kplug.errors import ContractError

X = torch.linspace(-2.0, 2.0, 6).reshape(1, 6)
WITHOUT_DEFAULTS = {"threshold"}
KERAS_2_NAMES = [
    *("softmax", "elu", "selu", "softplus", "softsign", "relu", "tanh"),
    *("sigmoid", "hard_sigmoid", "exponential", "linear"),
]
TF_KERAS_NAMES = ["swish", "silu", "gelu", "mish", "leaky_relu", "log_softmax", "relu6"]


@pytest.mark.parametrize("name", sorted(TABLE.keys() - WITHOUT_DEFAULTS))
def test_every_component_loads_and_is_the_function(name: str) -> None:
    assert get(name) is getattr(activations, name)


@pytest.mark.parametrize("name", TABLE)
def test_every_component_has_a_summary(name: str) -> None:
    assert TABLE[name].summary.endswith(".")


def test_the_table_has_every_activation_of_keras() -> None:
    public = {name for name in dir(keras.activations) if not name.startswith("_")}
    ours = {name for one in TABLE.values() for name in (one.name, *one.aliases)}
    assert public - {"get", "serialize", "deserialize"} <= ours


@pytest.mark.parametrize("name", KERAS_2_NAMES + TF_KERAS_NAMES)
def test_names_of_keras_2_and_tf_keras_resolve(name: str) -> None:
    assert callable(get(name))


@pytest.mark.parametrize(
    "alias", ["swish", "Swish", "SiLU", "hard_swish", "leakyrelu", "LogSoftmax"]
)
def test_aliases_resolve(alias: str) -> None:
    assert callable(get(alias))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("relu(max_value=1.0)", [0.0, 0.0, 0.0, 0.4, 1.0, 1.0]),
        ("leaky_relu(negative_slope=0.5)", [-1.0, -0.6, -0.2, 0.4, 1.2, 2.0]),
        ("leaky_relu(alpha=0.5)", [-1.0, -0.6, -0.2, 0.4, 1.2, 2.0]),
        ("threshold(threshold=1.0, default_value=0.5)", [0.5, 0.5, 0.5, 0.5, 1.2, 2.0]),
    ],
)
def test_specs_carry_arguments(spec: str, expected: list[float]) -> None:
    assert get(spec)(X)[0].tolist() == pytest.approx(expected)


def test_none_is_linear() -> None:
    assert get(None) is activations.linear


def test_functions_and_modules_are_kept() -> None:
    def double(x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    module = torch.nn.PReLU()
    assert get(double) is double
    assert get(torch.sin) is torch.sin
    assert get(module) is module
    assert isinstance(get(torch.nn.ReLU), torch.nn.ReLU)


def two(x: Any, slope: Any) -> Any: ...


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (
            2,
            "2 is not an activation\n  An activation is a callable (x) that returns a tensor.",
        ),
        (
            two,
            "two(x, slope) cannot be used as an activation: missing a required argument: "
            "'slope'\n  An activation is a callable (x) that returns a tensor.",
        ),
    ],
)
def test_what_is_no_activation_is_refused(candidate: object, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        as_activation(candidate)
    assert str(caught.value) == message
