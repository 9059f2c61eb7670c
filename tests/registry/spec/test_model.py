"""`Spec` itself and the dict forms that stand for one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from kplug.errors import SpecError, SpecLimitError
from kplug.registry.spec import MAX_DEPTH, Spec, parse_spec, spec_from_dict
from kplug.registry.spec.model import depth_of, is_spec_mapping


@pytest.mark.parametrize(
    ("ref", "distribution", "name"),
    [
        ("adam", None, "adam"),
        ("kplug/adam", "kplug", "adam"),
        ("Kplug.Segmentation/dice-loss", "kplug-segmentation", "dice-loss"),
        ("3d_losses/DiceLoss", "3d-losses", "DiceLoss"),
    ],
)
def test_reference_has_distribution_and_name(ref: str, distribution: str | None, name: str) -> None:
    assert (Spec(ref).distribution, Spec(ref).name) == (distribution, name)


@pytest.mark.parametrize(
    "ref", ["", "1adam", "a.b", "a:b", "a/b/c", "/adam", "adam/", "-a", "ä", "a b"]
)
def test_reference_outside_the_grammar_is_refused(ref: str) -> None:
    message = f"{ref!r} is not a reference to a component"
    with pytest.raises(SpecError, match=re.escape(message)):
        Spec(ref)


@pytest.mark.parametrize("key", ["", "a b", "1a", "lambda", "None", "ä"])
def test_argument_name_outside_the_grammar_is_refused(key: str) -> None:
    with pytest.raises(SpecError, match=f"{key!r} cannot be the name of an argument of 'adam'"):
        Spec("adam", kwargs={key: 1})


@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        ({"name": "adam"}, "adam"),
        ({"name": "adam", "args": {}}, "adam"),
        ({"name": "adam", "args": None}, "adam"),
        ({"name": "kplug/adam", "args": {"lr": 0.1}}, "kplug/adam(lr=0.1)"),
        ({"class_name": "L2", "config": {"l2": 0.01}}, "L2(l2=0.01)"),
        ({"class_name": "L2", "config": None}, "L2"),
        (
            {
                "module": "keras.regularizers",
                "class_name": "L2",
                "config": {"l2": 0.01},
                "registered_name": None,
            },
            "L2(l2=0.01)",
        ),
        ({"module": "builtins", "class_name": "function", "config": "relu"}, "relu"),
        (
            {"name": "lookahead", "args": {"base": {"name": "adam", "args": {"lr": 0.1}}}},
            "lookahead(base=adam(lr=0.1))",
        ),
        (
            {
                "class_name": "Adam",
                "config": {
                    "learning_rate": {
                        "module": "keras.optimizers.schedules",
                        "class_name": "ExponentialDecay",
                        "config": {"decay_steps": 10},
                        "registered_name": None,
                    }
                },
            },
            "Adam(learning_rate=ExponentialDecay(decay_steps=10))",
        ),
        ({"name": "f", "args": {"table": {"name": "x"}}}, "f(table={'name': 'x'})"),
    ],
)
def test_dict_forms(mapping: dict[str, Any], text: str) -> None:
    assert str(spec_from_dict(mapping)) == text


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({}, "a dict with the keys [] does not describe a component"),
        ({"nam": "adam"}, "a dict with the keys ['nam'] does not describe a component"),
        ({"name": "a", "args": {}, "x": 1}, "a dict with the keys ['args', 'name', 'x'] does not"),
        ({"name": ["a"], "x": 1}, "a dict with the keys ['name', 'x'] does not describe"),
        ({"name": "a", "x y": 1}, "'x y' cannot be the name of an argument of 'a'"),
        ({"class_name": "L2", "weights": 1}, "a dict with the keys ['class_name', 'weights'] does"),
        ({"name": "adam", "args": [1]}, "the arguments of 'adam' are [1]"),
        ({"name": "adam", "args": {1: 2}}, "1 cannot be the name of an argument of 'adam'"),
        ({"name": 3}, "3 is not a reference to a component"),
        ({"class_name": "os.system", "config": {}}, "'os.system' is not a reference"),
        ({"class_name": "function", "config": "os:system"}, "'os:system' is not a reference"),
    ],
)
def test_dict_that_is_no_spec_is_refused(mapping: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        spec_from_dict(mapping)


def _nested(levels: int) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": "leaf"}
    for _ in range(levels - 1):
        spec = {"name": "wrap", "args": {"inner": spec if "args" in spec else {**spec, "args": {}}}}
    return spec


def test_dict_form_may_be_sixteen_levels_deep() -> None:
    assert depth_of(spec_from_dict(_nested(MAX_DEPTH))) == MAX_DEPTH


def test_dict_form_deeper_than_that_is_refused() -> None:
    with pytest.raises(SpecLimitError, match="nested more than 16 levels deep"):
        spec_from_dict(_nested(MAX_DEPTH + 1))


DEEP_VALUE: list[Any] = []
for _ in range(20_000):  # Python 3.13 shows 5000
    DEEP_VALUE = [DEEP_VALUE]


@pytest.mark.parametrize(
    "mapping",
    [
        _nested(5000),
        {"class_name": "L2", "config": {"l2": DEEP_VALUE}},
    ],
)
def test_thousands_of_levels_are_refused(mapping: dict[str, Any]) -> None:
    with pytest.raises(SpecLimitError, match="nested more than 16 levels deep"):
        spec_from_dict(mapping)


@pytest.mark.parametrize(
    "mapping",
    [
        {"class_name": DEEP_VALUE, "module": "m"},
        {"class_name": "L2", "config": {"l2": {"class_name": DEEP_VALUE, "config": {}}}},
        {"name": DEEP_VALUE},
        {"name": "adam", "args": DEEP_VALUE},
    ],
)
def test_what_is_too_deep_to_be_shown_is_refused(mapping: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="<list>"):
        spec_from_dict(mapping)


def test_spec_made_in_code_has_the_same_limit() -> None:
    spec = Spec("leaf")
    for _ in range(MAX_DEPTH - 1):
        spec = Spec("wrap", (spec,))
    with pytest.raises(SpecLimitError, match="nested more than 16 levels deep"):
        Spec("wrap", (spec,))


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"inner": inner}])
def test_lists_and_dicts_in_it_count(wrap: Callable[[Any], Any]) -> None:
    value = wrap(0)
    for _ in range(MAX_DEPTH - 2):
        value = wrap(value)
    assert depth_of(Spec("f", (value,))) == MAX_DEPTH
    with pytest.raises(SpecLimitError, match="nested more than 16 levels deep"):
        Spec("f", (wrap(value),))


@pytest.mark.parametrize(
    ("value", "depth"), [(1, 0), ([], 1), ({}, 1), ([[1], 2], 2), ({"a": {}}, 2), (Spec("f"), 1)]
)
def test_depth_of_values(value: Any, depth: int) -> None:
    assert depth_of(value) == depth


def test_a_dict_with_all_keys_of_keras_is_a_component() -> None:
    own = {"class_name": "L2", "config": {}}
    further = {"module": "m", "registered_name": "r", "build_config": {}, "name": "n"}
    assert is_spec_mapping({**own, **further})
    assert not is_spec_mapping({**own, **further, "other": 1})


def test_a_config_that_is_a_string_names_a_function_alone() -> None:
    with pytest.raises(SpecError, match="the arguments of 'Dense' are 'relu'"):
        spec_from_dict({"class_name": "Dense", "config": "relu"})


def test_specs_that_hold_nan_are_equal() -> None:
    assert Spec("f", (float("nan"),)) == Spec("f", (-math.nan,)) == parse_spec("f(nan)")
