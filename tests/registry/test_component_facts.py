"""Facts that authors state beside their classes and functions."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import pytest

import kplug
from kplug.errors import RegistrationError
from kplug.registry.component_facts import (
    find_idle_arguments,
    find_keras_path,
    find_renamed_arguments,
    is_non_mutating,
)
from kplug.registry.quoting import name_type, quote
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
    assert kplug.non_mutating.__module__ == "kplug.registry.component_facts"


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


def _overlap(y_true: Any, y_pred: Any, epsilon: float = 1.0) -> Any: ...


def _open(**options: Any) -> Any: ...


class _Open:
    def __init__(self, **options: Any) -> None:
        self.options = options


def _say(state: Any, target: Any) -> str:
    with pytest.raises(RegistrationError) as caught:
        state()(target)
    return str(caught.value)


def test_stacked_statements_are_joined() -> None:
    @kplug.renamed_arguments(a="c")
    @kplug.idle_arguments(x=...)
    @kplug.renamed_arguments(b="c")
    @kplug.idle_arguments(y=(None,))
    class Stacked:
        def __init__(self, c: int = 0) -> None:
            self.c = c

    assert find_renamed_arguments(Stacked) == {"a": "c", "b": "c"}
    assert find_idle_arguments(Stacked) == {"x": ..., "y": (None,)}
    assert kplug.renamed_arguments(a="c")(Stacked) is Stacked  # the same once more


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (kplug.renamed_arguments(a="b"), lambda: kplug.renamed_arguments(a="c"), "'b' and 'c'"),
        (kplug.idle_arguments(a=(1,)), lambda: kplug.idle_arguments(a=(2,)), "(1,) and (2,)"),
        (kplug.renamed_arguments(a="b"), lambda: kplug.idle_arguments(a=(2,)), "'b' and (2,)"),
        (kplug.idle_arguments(a=...), lambda: kplug.renamed_arguments(a="b"), "Ellipsis and 'b'"),
    ],
)
def test_a_former_name_has_one_meaning(first: Any, second: Any, told: str) -> None:
    target = first(type("Twice", (_Open,), {}))
    assert _say(second, target) == (
        f"the former argument 'a' of Twice is stated twice: {told}\n"
        "  State each former name once, as renamed or as idle."
    )


@pytest.mark.parametrize(
    ("state", "target", "told"),
    [
        (
            lambda: kplug.renamed_arguments(a=3),  # type: ignore[arg-type]
            _overlap,
            "the present name of 'a' is 3\n"
            "  Give the name of an argument: @renamed_arguments(a='epsilon').",
        ),
        (
            lambda: kplug.renamed_arguments(a="epsilno"),
            _overlap,
            "_overlap has no argument 'epsilno', which is stated as the present name of 'a'. "
            "Did you mean 'epsilon'?\n  Known: y_true, y_pred, epsilon.",
        ),
        (
            lambda: kplug.renamed_arguments(epsilon="y_pred"),
            _overlap,
            "'epsilon' is stated as a former argument of _overlap, and it still is one\n"
            "  A former name is in the signature no longer. Known: y_true, y_pred, epsilon.",
        ),
        (
            lambda: kplug.idle_arguments(epsilon=...),
            _overlap,
            "'epsilon' is stated as a former argument of _overlap, and it still is one\n"
            "  A former name is in the signature no longer. Known: y_true, y_pred, epsilon.",
        ),
        (
            lambda: kplug.renamed_arguments(a="a"),
            _open,
            "the former arguments of _open lead back to themselves: 'a' → 'a'\n"
            "  Give the present name of each.",
        ),
        (
            lambda: kplug.renamed_arguments(a="b", b="a"),
            type("Round", (_Open,), {}),
            "the former arguments of Round lead back to themselves: 'a' → 'b' → 'a'\n"
            "  Give the present name of each.",
        ),
    ],
)
def test_what_cannot_be_a_former_argument_is_refused(state: Any, target: Any, told: str) -> None:
    assert _say(state, target) == told
    assert find_renamed_arguments(_open) == find_renamed_arguments(_overlap) == {}


@pytest.mark.parametrize("target", [None, "a", 3, _Open(), functools.partial(_overlap)])
@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("non_mutating", lambda: kplug.non_mutating),
        ("complete_config", lambda: kplug.complete_config),
        ("keras_class", lambda: kplug.keras_class("keras.losses.Huber")),
        ("metric_named", lambda: kplug.metric_named("huber")),
    ],
)
def test_a_fact_is_about_a_class_or_function(name: str, state: Any, target: Any) -> None:
    assert _say(state, target) == (
        f"@{name} states a fact about a class or function, and is given {quote(target)}, "
        f"{name_type(target)}\n  Write @{name} above the 'class' or 'def' of the component."
    )


@pytest.mark.parametrize("target", [None, "a"])
def test_former_arguments_are_those_of_a_callable(target: Any) -> None:
    assert "@renamed_arguments states" in _say(lambda: kplug.renamed_arguments(a="b"), target)
    assert "@idle_arguments states" in _say(lambda: kplug.idle_arguments(a=...), target)


def test_what_takes_no_mark_is_named() -> None:
    assert _say(lambda: kplug.non_mutating, len) == (
        "len cannot be marked: Python sets no attributes of a builtin_function_or_method\n"
        "  Write a function that calls it, and mark that one."
    )


@pytest.mark.parametrize("value", ["3.5", "'keras layers'", "'keras.'", "['keras.layers']"])
def test_a_module_of_keras_is_a_dotted_name(install: Sandbox, value: str) -> None:
    stated = f"__kplug_keras_module__ = {value}\n"
    module = _install(install, **{"shapes/parts/__init__.py": stated})
    with pytest.raises(RegistrationError) as caught:
        find_keras_path(module.Area)
    assert str(caught.value) == (
        f"__kplug_keras_module__ of shapes.parts is {value}, "
        "which names no module of Keras\n"
        "  Give a module, as in __kplug_keras_module__ = 'keras.layers'."
    )
