"""Hostile configurations of components: a component, or one error of kplug's."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import pytest
from hypothesis import strategies as st

import kplug
from kplug.registry import KINDS, REGISTRY, Kind, resolve
from tests.registry.hostile.bounds import drive, examples, outcome_of
from tests.registry.hostile.inputs import DEEP, KEYS, LEAVES, edited

pytestmark = pytest.mark.torch

# For arguments without a default.
ARGUMENTS: dict[str, Any] = {
    **dict.fromkeys(("units", "filters", "kernel_size", "input_dim", "output_dim", "n", "dims"), 2),
    **dict.fromkeys(("rate", "scale", "stddev", "decay_rate", "initial_learning_rate"), 0.5),
    "activation": "relu",
    "layer": {"class_name": "Dense", "config": {"units": 2}},
}


@functools.cache
def _valid(kind: Kind) -> list[Any]:
    """Return configurations of every built-in component of a kind, in each form that Keras has had."""
    found: list[Any] = []
    for component in REGISTRY.components(kind):
        name, config = component.name, _config(kind, component.qualified_name)
        registered = {"module": f"keras.{kind.plural}", "registered_name": name, "build_config": {}}
        found += [
            {"class_name": name, "config": config},
            {
                "class_name": name,
                "config": {**config, "name": "it", "dtype": "float32"},
                **registered,
            },
            {"name": component.qualified_name, "args": config},
            {"class_name": name, "config": config, "registered_name": f"my_mod>{name}"},
            {"class_name": "function", "config": name, "registered_name": name},
        ]
    return found


def _config(kind: Kind, name: str) -> dict[str, Any]:
    try:
        return dict(resolve(kind.name, name).arguments)
    except kplug.KplugError:
        return dict(ARGUMENTS)


def _configs(kind: Kind) -> st.SearchStrategy[Any]:
    garbage = st.one_of(LEAVES, DEEP, st.dictionaries(KEYS, st.one_of(LEAVES, DEEP), max_size=4))
    changed = edited(_valid(kind))
    return st.tuples(st.just(kind), st.one_of(changed, changed, changed, garbage))


def _resolve_and_deserialize(kind: Kind, config: Any) -> None:
    outcome_of(lambda: resolve(kind.name, config))
    deserialize = getattr(getattr(kplug, kind.plural), "deserialize", None)
    if deserialize is not None:
        outcome_of(lambda: deserialize(config))


@examples
def test_it_is_a_component_or_an_error(examples: int) -> None:
    kinds = list(KINDS.values())
    _ = [_valid(kind) for kind in kinds]  # so that everything is imported

    def check(asked: tuple[Kind, Any]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a component may warn of what it is given
            _resolve_and_deserialize(*asked)

    drive(check, st.sampled_from(kinds).flatmap(_configs), examples)
