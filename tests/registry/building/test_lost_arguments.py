"""Which arguments a configuration leaves out, and when that is meant."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pytest

from kplug.registry.building.lost_arguments import find_lost, has_own_scheme, list_given


class Plain:
    def __init__(self, alpha: float = 0.25, name: str | None = None, axes: Any = (1, 2)) -> None:
        self.alpha, self.name, self.axes = alpha, name or "plain", axes


class Passing(Plain):
    def __init__(self, beta: float = 1.0, **options: Any) -> None:
        super().__init__(**{name: options[name] for name in options if name != "other"})
        self.beta, self.options = beta, options


class Copied(Plain):
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        return cls(**config)


@pytest.mark.parametrize(
    ("instance", "config", "lost"),
    [
        (Plain(), {}, []),
        (Plain(0.9), {}, ["alpha"]),
        (Plain(0.9), {"alpha": 0.5}, []),
        (Plain(name="mine"), {}, []),  # it may have been made of None
        (Plain(axes=(3,)), {"alpha": 0.25}, ["axes"]),
        (Copied(0.9), {"axes": [1]}, ["alpha"]),
        (Copied(0.9), {"percent": 90}, []),  # its from_config reads that
        (Plain(0.9), {"percent": 90}, ["alpha"]),
        (functools.partial(print, end=""), {}, ["end"]),
        (print, {}, []),
    ],
)
def test_of_an_instance_its_attributes_tell(
    instance: object, config: dict[str, Any], lost: list[str]
) -> None:
    assert find_lost(instance, config) == lost


@pytest.mark.parametrize(
    ("written", "config", "lost"),
    [
        ({"alpha": 0.9, "name": "mine"}, {"alpha": 0.5}, ["name"]),
        ({"alpha": 0.25, "name": None}, {}, []),
        ({"smooth": 1}, {}, []),  # a key of an older version, which from_config translated
    ],
)
def test_what_is_known_to_be_written_decides(
    written: dict[str, Any], config: dict[str, Any], lost: list[str]
) -> None:
    assert find_lost(Plain(0.9), config, written) == lost


@pytest.mark.parametrize(
    ("written", "lost"),
    [({"alpha": 0.9}, ["alpha"]), ({"alpha": 0.25, "beta": 2.0}, []), ({"other": 4}, ["other"])],
)
def test_what_is_passed_on_to_a_base_class_counts(written: dict[str, Any], lost: list[str]) -> None:
    assert find_lost(Passing(**written), {"beta": 2.0}, written) == lost
    of_instance = [name for name in lost if name != "other"]
    assert find_lost(Passing(**written), {"beta": 2.0}) == of_instance


class Rated:
    def __init__(self, lr: float = 0.01, learning_rate: float | None = None) -> None: ...


@pytest.mark.parametrize("spelling", ["lr", "learning_rate"])
def test_both_spellings_of_a_learning_rate_are_one_argument(spelling: str) -> None:
    assert find_lost(Rated(), {"lr": 0.5}, {spelling: 0.5}) == []
    assert find_lost(Rated(), {}, {spelling: 0.5}) == [spelling]


def test_what_is_given_differs_from_the_default() -> None:
    assert list_given(Plain, Plain.__init__, (0.9, None), {"axes": [1, 2]}) == ("alpha", "axes")
    assert list_given(Plain, Plain.__init__, (0.25,), {"axes": (1, 2)}) == ()
    given = {"beta": 2.0, "alpha": 0.9, "name": None, "other": 1}
    assert list_given(Passing, Passing.__init__, (), given) == ("beta", "alpha")


def test_a_class_has_a_scheme_if_it_reads_keys_that_are_no_arguments() -> None:
    assert has_own_scheme(Copied, {"percent": 1})
    assert not has_own_scheme(Copied, {"alpha": 1})
    assert not has_own_scheme(Plain, {"percent": 1})
