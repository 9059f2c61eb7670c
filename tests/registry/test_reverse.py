"""From an object back to the component that it is an instance of."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from torch import Tensor

from kplug.registry import REGISTRY, get_kind, resolve_object
from kplug.registry.reverse import find_component_of, name_of
from kplug.regularizers import L1, L2, Regularizer

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

REGULARIZER = get_kind("regularizer")


class Mine(Regularizer):
    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return weight_matrix.sum()


class Thing:
    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("instance", "name"),
    [(L2(0.1), "kplug/l2"), (L1, "kplug/l1"), (functools.partial(L1, l1=0.1), "kplug/l1")],
)
def test_built_in(instance: object, name: str) -> None:
    found = find_component_of(REGISTRY, REGULARIZER, instance)
    assert found is not None
    assert found.qualified_name == name


@pytest.mark.parametrize("instance", [Mine(), Mine, Thing(), len])
def test_anything_else_is_nobodys(instance: object) -> None:
    assert find_component_of(REGISTRY, REGULARIZER, instance) is None


def test_nothing_is_imported_to_find_out(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug.regularizers": {"pond": "my_plugin:pond"}},
        modules={"my_plugin.py": "def pond(weight_matrix): ...\n"},
    )
    assert find_component_of(REGISTRY, REGULARIZER, Thing()) is None
    assert install.imported() == set()
    found = find_component_of(REGISTRY, REGULARIZER, resolve_object("regularizer", "pond"))
    assert found is not None
    assert found.qualified_name == "my-plugin/pond"


def _private(w: object) -> None: ...
def camelCase(w: object) -> None: ...


@pytest.mark.parametrize(
    ("instance", "name"),
    [
        (len, "len"),
        (Thing(), "Thing"),
        (Thing, "Thing"),
        (lambda: None, "lambda_function"),
        (functools.partial(functools.partial(len), ()), "len"),
        (_private, "private"),
        (camelCase, "camelcase"),
        (type("Größe", (), {}), "gr__e"),
        (type("___", (), {}), "unnamed"),
    ],
)
def test_declared_name_of_an_object(instance: object, name: str) -> None:
    assert name_of(instance) == name
