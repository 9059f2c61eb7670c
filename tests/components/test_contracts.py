"""Checks that an object can be called in the way that its kind is."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from kplug.components.contracts import as_callable, check_call, find_signature, instantiate
from kplug.errors import ContractError
from kplug.registry import KINDS, resolve
from kplug.registry.building.reverse_lookup import name_of
from kplug.registry.kinds import BUILT_IN_KINDS


def annotated(x: int, y: int) -> int:
    return x + y


class Doubler:
    """Callable instances, made without arguments."""

    def __call__(self, x: Any) -> Any:
        return 2 * x


def test_callables_are_kept_and_classes_are_called() -> None:
    assert as_callable(abs, "an activation", "") is abs
    assert as_callable(Doubler, "an activation", "")(3) == 6
    assert isinstance(instantiate(Doubler, "an activation"), Doubler)


def test_the_message_shows_the_signature_without_annotations() -> None:
    with pytest.raises(ContractError) as caught:
        check_call(annotated, (1,), {}, "a constraint", "Bind y.")
    assert str(caught.value) == (
        "annotated(x, y) cannot be used as a constraint: missing a required argument: 'y'\n"
        "  Bind y."
    )


def test_a_function_without_a_signature_is_trusted() -> None:
    assert find_signature(min) is None
    check_call(min, (1, 2, 3), {}, "an activation", "")


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (annotated, "annotated"),
        (functools.partial(annotated, y=1), "annotated"),
        (Doubler, "Doubler"),
        (Doubler(), "Doubler"),
    ],
)
def test_names(function: Any, name: str) -> None:
    assert name_of(function) == name


@pytest.mark.parametrize(
    "kind", [kind for kind in BUILT_IN_KINDS if kind not in ("layer", "optimizer", "callback")]
)
def test_a_class_of_classes_is_refused(kind: str) -> None:
    with pytest.raises(ContractError) as caught:
        resolve(kind, type)
    article = KINDS[kind].with_article
    assert str(caught.value) == (
        f"type cannot be used as {article}: its instances are classes\n"
        "  Give the object itself, or its name."
    )
