"""The tables of built-in components say what the components themselves say."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import kplug.builtins
from kplug.registry import REGISTRY, Kind
from kplug.registry.kinds import BUILT_IN_KINDS
from tests.generate_builtins import make_table

FOLDER = Path(kplug.builtins.__file__).parent

parametrize_kinds = pytest.mark.parametrize(
    "kind", BUILT_IN_KINDS.values(), ids=lambda kind: kind.name
)


@parametrize_kinds
def test_table_is_generated(kind: Kind) -> None:
    written = (FOLDER / f"{kind.plural}.py").read_text(encoding="utf-8")
    assert written == make_table(kind), "run: python -m tests.generate_builtins"


@parametrize_kinds
def test_every_class_is_exported_under_the_names_that_strings_use(kind: Kind) -> None:
    """``kplug.layers.MaxPool2D`` is what ``"MaxPool2D"`` means, where the family exports such a class."""
    family = importlib.import_module(f"kplug.{kind.plural}")
    for component in REGISTRY.index(kind).components:
        if component.origin.distribution == "kplug":
            target = REGISTRY.load(component)
            exported = [getattr(family, name, target) for name in component.aliases]
            assert all(one is target for one in exported if inspect.isclass(one))
