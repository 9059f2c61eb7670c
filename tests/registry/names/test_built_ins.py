"""The built-ins of a kind, for those who must not take their names."""

from __future__ import annotations

import pytest

import kplug
from kplug.errors import UnknownKindError


@pytest.mark.parametrize(
    ("kind", "name"),
    [("loss", "kplug/huber"), ("losses", "torch/mse_loss"), ("command", "kplug/lock")],
)
def test_they_are_those_of_kplug_and_of_torch(kind: str, name: str) -> None:
    found = [component.qualified_name for component in kplug.list_built_ins(kind)]
    assert name in found
    assert {name.partition("/")[0] for name in found} <= {"kplug", "torch"}


def test_a_component_with_aliases_is_listed_once() -> None:
    found = kplug.list_built_ins("loss")
    assert len(found) == len(set(found))


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownKindError, match="there is no kind 'shape'"):
        kplug.list_built_ins("shape")
