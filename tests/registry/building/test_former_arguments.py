"""Arguments that an earlier version of a component had."""

from __future__ import annotations

from typing import Any

import pytest

import kplug
from kplug.errors import ArgumentError, RegistrationError
from kplug.registry.building.former_arguments import translate_arguments


@kplug.renamed_arguments(p="rate")
@kplug.idle_arguments(fused=(True, False), legacy=...)
class Drop:
    def __init__(self, rate: float = 0.5, **options: Any) -> None:
        self.rate = rate


@kplug.renamed_arguments(noise="noise_shape")
class Further(Drop):
    def __init__(self, noise_shape: Any = None, **options: Any) -> None:
        super().__init__(**options)


class Again(Drop):
    def __init__(self, p: int = 2, **options: Any) -> None:
        super().__init__(**options)


@kplug.renamed_arguments(smooth="epsilon")
def overlap(y_true: Any, y_pred: Any, epsilon: float = 1.0) -> Any:
    return epsilon


@pytest.mark.parametrize(
    ("target", "given", "read"),
    [
        (Drop, {"rate": 0.1}, {"rate": 0.1}),
        (Drop, {"p": 0.1}, {"rate": 0.1}),
        (Drop, {"p": 0.1, "fused": True, "legacy": [3]}, {"rate": 0.1}),
        (Drop, {"fused": "yes"}, {"fused": "yes"}),
        (Further, {"p": 0.1, "noise": 3, "legacy": 0}, {"rate": 0.1, "noise_shape": 3}),
        (Again, {"p": 3}, {"p": 3}),  # it has an argument of that name itself
        (overlap, {"smooth": 2.0}, {"epsilon": 2.0}),
        (print, {"smooth": 2.0}, {"smooth": 2.0}),
    ],
)
def test_arguments_are_read_under_their_present_names(
    target: Any, given: dict[str, Any], read: dict[str, Any]
) -> None:
    before = dict(given)
    assert translate_arguments(target, given) == read
    assert given == before


def test_an_argument_is_given_under_one_of_its_names() -> None:
    with pytest.raises(ArgumentError) as caught:
        translate_arguments(Drop, {"p": 0.1, "rate": 0.2})
    assert str(caught.value) == (
        "Drop is given 'p' and 'rate', which are one argument\n"
        "  Leave 'p' out: it is the former name."
    )


def test_the_values_of_an_idle_argument_are_a_tuple() -> None:
    with pytest.raises(RegistrationError) as caught:
        kplug.idle_arguments(fused=True)
    assert str(caught.value) == (
        "the values at which 'fused' is idle are True\n"
        "  Give a tuple of them, or ... for any: @idle_arguments(fused=(None,))."
    )


@pytest.mark.torch
def test_specs_and_stored_components_are_read() -> None:
    with kplug.scope(losses={"overlap": overlap}):
        for identifier in (
            "overlap(smooth=2.0)",
            {"class_name": "overlap", "config": {"smooth": 2.0}},
        ):
            resolved = kplug.resolve("loss", identifier)
            assert str(resolved.spec) == "custom/overlap(epsilon=2.0)"
        with pytest.raises(ArgumentError, match="overlap has no argument 'smoth'"):
            kplug.resolve("loss", "overlap(smoth=2.0)")
