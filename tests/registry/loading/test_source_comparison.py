"""Whether a module is what its file says."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from kplug.registry.loading.source_comparison import find_difference, read_outline

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

SOURCE = """
import contextlib
import enum
import functools
from dataclasses import dataclass
from typing import NamedTuple, overload

import pytest

HEIGHT = 2.5
_count = 0
if HEIGHT > 1:
    def chosen(): return 1
else:
    def chosen(): return 2


def count():
    global _count
    _count += 1
    return _count


def swell(height=1.0, *, period=8):
    return height * period * HEIGHT


@functools.lru_cache(maxsize=None)
def cached(x):
    return x


@contextlib.contextmanager
def opened():
    yield


@overload
def either(x: int) -> int: ...
@overload
def either(x: str) -> str: ...
def either(x):
    return x


def _by_hand(function):
    return lambda *given: function(*given)


@_by_hand
def closed(x):
    return x


half = functools.partial(swell, period=4)
tide = lambda x: x


class Meta(type):
    def __new__(mcs, name, bases, members):
        members["made"] = lambda self: 1
        return super().__new__(mcs, name, bases, members)


class Base(metaclass=Meta):
    def __init_subclass__(cls):
        call = cls.call
        cls.call = functools.wraps(call)(lambda self, x: call(self, x))

    def call(self, x):
        return x


class Wave(Base):
    limit = 3
    built = False
    __secret = 1

    def __init__(self, x=0):
        self.built = True

    def call(self, x):
        return 2 * x

    @property
    def size(self):
        return 1

    @size.setter
    def size(self, value):
        pass

    @functools.cached_property
    def lazy(self):
        return 1

    @staticmethod
    def fixed(x):
        return x

    @classmethod
    def make(cls):
        return cls()

    def __private(self):
        pass

    class Inner:
        def f(self):
            pass


@dataclass(frozen=True, slots=True)
class Point:
    x: int = 0

    def norm(self):
        return self.x


class Pair(NamedTuple):
    a: int = 1


class Colour(enum.Enum):
    RED = 1


try:
    import absent_package
except ImportError:
    absent_package = None
made_here = type("made_here", (Wave,), {"call": lambda self, x: x})
of_others = type("of_others", (Wave,), {"original": staticmethod(pytest.approx)})
count()
"""


@pytest.fixture
def compare(install: Sandbox) -> Callable[[ModuleType], str | None]:
    (install.folder / "kplug_waves.py").write_text(SOURCE)
    sys.modules.pop("kplug_waves", None)
    outline = read_outline(SOURCE.encode(), "kplug_waves.py")
    return lambda module: find_difference(module, outline)


@pytest.fixture
def waves(compare: Callable[[ModuleType], str | None]) -> ModuleType:
    return importlib.import_module("kplug_waves")


def test_what_was_imported_is_the_same(
    waves: ModuleType, compare: Callable[[ModuleType], str | None]
) -> None:
    assert compare(waves) is None
    waves.cached(1)
    waves.count()
    waves.Wave().lazy  # noqa: B018
    assert compare(waves) is None


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("m.swell = lambda *_: 0", "swell"),
        ("m.swell.__code__ = (lambda *_: 0).__code__", "swell"),
        ("m.swell.__defaults__ = (9.0,)", "swell"),
        ("m.swell.__kwdefaults__ = {'period': 9}", "swell"),
        ("m.swell.__defaults__ = None", "swell"),
        ("m.HEIGHT = 3.0", "HEIGHT"),
        ("m.HEIGHT = True", "HEIGHT"),
        ("m.cached = functools.lru_cache(lambda x: 0)", "cached"),
        ("m.cached.__wrapped__.__code__ = (lambda x: 0).__code__", "cached"),
        ("m.closed = lambda x: 0", "closed"),
        ("m.opened = lambda: 0", "opened"),
        ("m.either = lambda x: 0", "either"),
        ("m.chosen = lambda: 2", "chosen"),
        ("m.Wave = type('Wave', (), {})", "Wave._Wave__private"),
        ("m.Wave = type('Other', (), {})", "Wave"),
        ("del m.Wave.make", "Wave.make"),
        ("del m.swell", "swell"),
        ("m.Wave = None", "Wave"),
        ("m.Base.call = lambda self, x: 0", "Base.call"),
        ("m.Wave.call = lambda self, x: 0", "Wave.call"),
        (
            "f = m.Wave.call; m.Wave.call = functools.wraps(f)(lambda self, x: f(self, 3 * x))",
            "Wave.call",
        ),
        ("m.Wave.__call__ = lambda self, x: 0", "Wave.__call__"),
        ("m.Wave.limit = 4", "Wave.limit"),
        ("m.Wave.size = property(lambda self: 2)", "Wave.size"),
        ("m.Wave.lazy = functools.cached_property(lambda self: 2)", "Wave.lazy"),
        ("m.Wave.fixed = staticmethod(lambda x: 2)", "Wave.fixed"),
        ("m.Wave.make = classmethod(lambda cls: 2)", "Wave.make"),
        ("m.Wave.make.__func__.__code__ = (lambda cls: 1).__code__", "Wave.make"),
        ("m.Wave._Wave__private = lambda self: 2", "Wave._Wave__private"),
        ("m.Wave._Wave__secret = 2", "Wave._Wave__secret"),
        ("m.Wave.Inner.f = lambda self: 2", "Wave.Inner.f"),
        ("m.Wave.__init__.__defaults__ = (1,)", "Wave.__init__"),
        ("m.Point.norm = lambda self: 2", "Point.norm"),
        ("m.made_here.call = lambda self, x: 2", "made_here.call"),
    ],
)
def test_what_was_replaced_is_found(
    waves: ModuleType, compare: Callable[[ModuleType], str | None], change: str, place: str
) -> None:
    exec(f"import functools\n{change}", {"m": waves, "__name__": "__main__"})
    assert compare(waves) == f"kplug_waves.{place}"
