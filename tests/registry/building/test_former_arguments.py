"""Arguments that an earlier version of a component had."""

from __future__ import annotations

import functools
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


@kplug.renamed_arguments(a="epsilon", b="epsilon")
def two(y_true: Any, y_pred: Any, epsilon: float = 1.0) -> Any:
    return epsilon


@kplug.renamed_arguments(a="b", b="c")
class Chain:
    def __init__(self, c: int = 0, **options: Any) -> None:
        self.c = c


@kplug.renamed_arguments(a="b")
class Base:
    def __init__(self, b: int = 0) -> None:
        self.b = b


@kplug.renamed_arguments(b="c")
class Renaming(Base):
    def __init__(self, c: int = 0, **options: Any) -> None:
        super().__init__(c, **options)


@kplug.renamed_arguments(a="c")
class Deciding(Base):
    def __init__(self, c: int = 0, **options: Any) -> None:
        super().__init__(c, **options)


class Narrow(Base):
    def __init__(self, width: int = 0) -> None:
        super().__init__(width)


@pytest.mark.parametrize("given", [{"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}])
def test_two_former_names_are_one_argument(given: dict[str, Any]) -> None:
    first, second = given
    with pytest.raises(ArgumentError) as caught:
        translate_arguments(two, given)
    assert str(caught.value) == (
        f"two is given '{first}' and '{second}', which are one argument\n"
        "  Give 'epsilon' alone: it is the present name."
    )


@pytest.mark.parametrize(
    ("target", "given", "read"),
    [
        (Chain, {"a": 1}, {"c": 1}),
        (Chain, {"b": 1}, {"c": 1}),
        (Renaming, {"a": 1}, {"c": 1}),
        (Renaming, {"b": 1}, {"c": 1}),
        (Deciding, {"a": 1}, {"c": 1}),
        (Deciding, {"b": 1}, {"b": 1}),
        (Narrow, {"a": 1}, {"a": 1}),  # the error about it names what was written
    ],
)
def test_renames_form_a_chain_in_which_the_nearest_class_decides(
    target: Any, given: dict[str, Any], read: dict[str, Any]
) -> None:
    assert translate_arguments(target, given) == read


def test_a_subclass_may_rename_what_was_idle_in_its_base() -> None:
    @kplug.renamed_arguments(fused="rate")
    class Revived(Drop):
        pass

    assert translate_arguments(Revived, {"fused": 0.1}) == {"rate": 0.1}


def test_a_partial_has_the_name_of_its_function() -> None:
    bound = kplug.renamed_arguments(smooth="epsilon")(functools.partial(overlap))
    with pytest.raises(ArgumentError, match=r"^overlap is given 'smooth' and 'epsilon', which"):
        translate_arguments(bound, {"smooth": 1.0, "epsilon": 2.0})


@pytest.mark.torch
@pytest.mark.parametrize("values", [[0.0, 0.0], [True, False]])
def test_an_array_is_no_value_at_which_an_argument_is_idle(values: list[Any]) -> None:
    import numpy as np

    value = np.array(values)
    assert translate_arguments(Drop, {"fused": value})["fused"] is value


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
