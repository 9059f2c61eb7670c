"""Configurable objects."""

from __future__ import annotations

import operator
from typing import Any

import pytest

import kplug
from kplug.components.configurable import Configurable, declared_name
from kplug.errors import ArgumentError, ContractError


class MinMaxScaled(Configurable):
    """Keeps its arguments."""

    def __init__(self, low: float, high: float = 1.0) -> None:
        self.low, self.high = low, high


class Forgetful(Configurable):
    """Does not keep one argument."""

    def __init__(self, low: float = 0.0) -> None:
        self.lowest = low


class Open(Configurable):
    """Takes any keyword."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    def get_config(self) -> dict[str, Any]:
        return self.options


def test_the_configuration_is_the_arguments() -> None:
    made = MinMaxScaled(0.5)
    assert made.get_config() == {"low": 0.5, "high": 1.0}
    assert MinMaxScaled.from_config(made.get_config()).get_config() == made.get_config()
    assert repr(made) == "MinMaxScaled(low=0.5, high=1.0)"


def test_an_argument_that_is_not_kept_is_named() -> None:
    with pytest.raises(ContractError) as caught:
        Forgetful().get_config()
    assert str(caught.value) == (
        "Forgetful cannot be described: it does not keep its argument 'low'\n"
        "  Set self.low in __init__, or write get_config()."
    )


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(ArgumentError) as caught:
        MinMaxScaled.from_config({"low": 0, "hihg": 1})
    assert str(caught.value) == (
        "min_max_scaled has no argument 'hihg'. Did you mean 'high'?\n  Known: low, high."
    )


def test_a_constructor_of_any_keyword_gets_every_key() -> None:
    assert Open.from_config({"a": 1}).options == {"a": 1}


@pytest.mark.parametrize(
    ("class_name", "expected"),
    [("HeNormal", "he_normal"), ("L1L2", "l1_l2"), ("MinMaxNorm", "min_max_norm"), ("L1", "l1")],
)
def test_declared_names(class_name: str, expected: str) -> None:
    assert declared_name(type(class_name, (), {})) == expected


class Passing(MinMaxScaled):
    """Passes on what it does not know."""

    def __init__(self, extra: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.extra = extra


class Fixing(MinMaxScaled):
    """Passes on a value of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(low=0.25, **options)


def test_what_was_passed_on_is_in_the_configuration() -> None:
    assert Passing(low=0.5).get_config() == {"extra": 0, "low": 0.5}
    assert Passing(3, low=0.5, high=2.0).get_config() == {"extra": 3, "low": 0.5, "high": 2.0}
    assert Fixing(high=2.0).get_config() == {"high": 2.0}
    for made in (Passing(1, low=0.5, high=2.0), Fixing(high=2.0), Fixing()):
        assert type(made).from_config(made.get_config()).get_config() == made.get_config()
        assert vars(type(made)(**made.get_config())) == vars(made)


def _list_classes() -> list[type]:
    families: list[Any] = [
        *(kplug.layers, kplug.models, kplug.losses, kplug.metrics, kplug.optimizers),
        *(kplug.regularizers, kplug.constraints, kplug.initializers, kplug.schedules),
    ]
    found = [getattr(family, name) for family in families for name in dir(family)]
    classes = [one for one in found if isinstance(one, type) and hasattr(one, "from_config")]
    return list(dict.fromkeys(classes))


@pytest.mark.parametrize("given", [None, "abc", 3, {1: 2}])
def test_what_is_no_configuration_is_refused_by_every_class(given: Any) -> None:
    classes = _list_classes()
    assert len(classes) > 200
    for one in classes:
        with pytest.raises(ArgumentError, match=r"configuration of a.* (is|needs) .*(got|has) "):
            one.from_config(given)  # type: ignore[attr-defined]


def test_the_class_is_named() -> None:
    with pytest.raises(ArgumentError) as caught:
        kplug.layers.Dense.from_config(None)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "the configuration of a Dense is a dict of its arguments by name, got None\n"
        "  get_config() returns one."
    )


def _call(self: Any, *tensors: Any) -> Any:
    return tensors[0]


def _update(self: Any, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None: ...


_METHODS = {"__call__": _call, "call": _call, "update_state": _update, "result": _call}


@pytest.mark.torch
@pytest.mark.parametrize(
    "base",
    [
        "constraints.Constraint",
        "Initializer",
        "Layer",
        "Loss",
        "Metric",
        "optimizers.SGD",
        "Regularizer",
        "schedules.LearningRateSchedule",
    ],
)
def test_former_arguments_are_read_in_configurations_of_each_kind(base: str) -> None:
    owner = operator.attrgetter(base)(kplug)

    def init(self: Any, present: float = 1.0, **options: Any) -> None:
        if owner.__init__ is not object.__init__:
            owner.__init__(self, **options)
        self.present = present

    methods = {name: item for name, item in _METHODS.items() if hasattr(owner, name)}
    made: Any = type("Made", (owner,), {**methods, "__init__": init, "__module__": __name__})
    made = kplug.renamed_arguments(old="middle", middle="present")(made)
    made = kplug.idle_arguments(gone=(None,))(made)
    assert made.from_config({"old": 4.0, "gone": None}).present == 4.0
