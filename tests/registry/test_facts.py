"""Facts that authors state beside their classes and functions."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import pytest

import kplug
from kplug.registry.facts import is_non_mutating
from tests.registry.conftest import Sandbox

SOURCE = """
import kplug

def area(y_true, y_pred): ...

class Area: ...

@kplug.non_mutating
def edge(y_true, y_pred): ...
"""
STATED = "__kplug_non_mutating__ = True\n"


def _install(install: Sandbox, **stated: str) -> Any:
    files = {"shapes/__init__.py": "", "shapes/parts/__init__.py": "", "shapes/parts/a.py": SOURCE}
    for name, text in stated.items():
        files[name] = text + files[name]
    install("shapes", modules=files)
    return importlib.import_module("shapes.parts.a")


@pytest.mark.parametrize("file", ["shapes/__init__.py", "shapes/parts/a.py"])
def test_a_module_or_package_speaks_for_what_it_defines(install: Sandbox, file: str) -> None:
    module = _install(install, **{file: STATED})
    assert is_non_mutating(module.area)
    assert is_non_mutating(module.Area)
    assert is_non_mutating(module.Area())


def test_without_it_a_component_speaks_for_itself_alone(install: Sandbox) -> None:
    module = _install(install)
    assert is_non_mutating(module.edge)
    assert not is_non_mutating(module.area)
    assert not is_non_mutating(module.Area())


def test_a_subclass_is_another_component(install: Sandbox) -> None:
    module = _install(install, **{"shapes/__init__.py": STATED})
    assert not is_non_mutating(type("Mine", (module.Area,), {"__module__": __name__}))


def test_a_class_may_say_otherwise_than_its_package(install: Sandbox) -> None:
    module = _install(install, **{"shapes/__init__.py": STATED})
    module.Area.__kplug_non_mutating__ = False
    assert not is_non_mutating(module.Area())


def test_what_has_no_module_states_nothing() -> None:
    assert not is_non_mutating(3)
    assert not is_non_mutating(None)
    assert kplug.non_mutating.__module__ == "kplug.registry.facts"


def test_a_wrapper_is_another_function(install: Sandbox) -> None:
    module = _install(install)

    @functools.wraps(module.edge)
    def marked(y_true: Any, y_pred: Any) -> Any: ...

    @functools.wraps(kplug.parse_spec)
    def of_package(text: str) -> Any: ...

    assert not is_non_mutating(marked)
    assert not is_non_mutating(of_package)
    assert is_non_mutating(kplug.non_mutating(of_package))


def test_a_partial_is_its_function(install: Sandbox) -> None:
    module = _install(install)
    assert is_non_mutating(functools.partial(functools.partial(module.edge), y_true=1))
    assert not is_non_mutating(functools.partial(module.area, y_true=1))
