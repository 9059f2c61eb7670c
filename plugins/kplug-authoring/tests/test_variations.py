"""Alternative values of arguments."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import pytest
from kplug_authoring.variations import find_variations, read_hints


def own(
    name: str = "label",
    rate: float = 0.5,
    size: tuple[int, int] = (2, 3),
    is_fast: bool = False,
    mode: Literal["a", "b"] = "a",
    limit: float | None = None,
    kernel_regularizer: object = None,
    reduction: str = "sum",
    text: str = "any",
    needed: Any = inspect.Parameter.empty,
) -> None: ...


def find(**given: Any) -> dict[str, list[Any]]:
    return dict(find_variations(inspect.signature(own).parameters, read_hints(own), given))


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("rate", 0.25),
        ("size", (3, 4)),
        ("is_fast", True),
        ("mode", "b"),
        ("limit", 0.5),
        ("kernel_regularizer", "kplug/l2(0.25)"),
        ("reduction", "mean"),
    ],
)
def test_the_default_and_the_type_tell_what_else_there_is(name: str, first: Any) -> None:
    assert find()[name][0] == first


@pytest.mark.parametrize("name", ["name", "text", "needed"])
def test_what_nothing_is_known_of_is_left(name: str) -> None:
    assert name not in find()


def test_an_example_says_what_to_start_from() -> None:
    assert find(rate=4.0)["rate"][0] == 2.0


def test_types_that_cannot_be_read_are_none() -> None:
    def odd(size: Unknown = None) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert read_hints(odd) == {}
