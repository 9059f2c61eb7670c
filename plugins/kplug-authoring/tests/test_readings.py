"""Detection of arguments that are never read."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
from kplug_authoring.readings import find_unread


class Base:
    def __init__(self, scale: float = 1.0, offset: float = 0.0) -> None:
        self.scale, self._offset = scale, offset

    def __call__(self, x: float) -> float:
        return self.scale * x + self._offset

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale, "offset": self._offset}


class Deaf(Base):
    def __call__(self, x: float) -> float:
        return x + self._offset


class Calls(Base):
    def __call__(self, x: float) -> float:
        return super().__call__(x)


class Passes(Base):
    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(scale)

    def __call__(self, x: float) -> float:
        return x


class Property(Base):
    @property
    def doubled(self) -> float:
        return 2 * self.scale

    def __call__(self, x: float) -> float:
        return self.doubled * x


def half(x: float, scale: float = 0.5, offset: float = 0.0) -> float:
    return scale * x


@pytest.mark.parametrize(
    ("target", "unread"),
    [
        (Base, []),
        (Deaf, ["scale"]),
        (Calls, []),
        (Passes, []),
        (Property, ["offset"]),
        (half, ["offset"]),
        (partial(half, scale=2.0), ["offset"]),
        (math.sqrt, []),
    ],
)
def test_an_argument_that_is_only_kept_is_not_read(target: Any, unread: list[str]) -> None:
    assert find_unread(target, ["scale", "offset"]) == unread
