"""From the text of a target to the object."""

from __future__ import annotations

import os.path

import pytest

from kplug.registry.targets import import_target


@pytest.mark.parametrize(
    ("target", "found"), [("os.path:join", os.path.join), ("os:path.join", os.path.join)]
)
def test_object(target: str, found: object) -> None:
    assert import_target(target) is found


def test_module() -> None:
    assert import_target("os.path") is os.path
