"""kplug's public packages export the names they mean to offer, and no others."""

from __future__ import annotations

import ast
import inspect
import types

import pytest

import kplug

_PACKAGES = [
    name
    for name in kplug.__all__
    if hasattr(getattr(kplug, name), "__path__")  # `errors` is one module
]


def _imported_names(package: types.ModuleType) -> dict[str, str | None]:
    """Return each name that a package imports, with its alias; private aliases are left out."""
    tree = ast.parse(inspect.getsource(package))
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = [each for node in imports for each in node.names]
    return {each.name: each.asname for each in names if not (each.asname or "").startswith("_")}


@pytest.mark.parametrize("name", _PACKAGES)
def test_a_package_imports_only_what_it_offers(name: str) -> None:
    package = getattr(kplug, name)
    imported = _imported_names(package)
    assert [one for one, offered in imported.items() if offered != one] == ["export_names"]


@pytest.mark.parametrize("name", _PACKAGES)
def test_a_star_import_brings_no_module(name: str) -> None:
    names: dict[str, object] = {}
    exec(f"from kplug.{name} import *", names)
    del names["__builtins__"]
    assert names
    assert not [one for one, value in names.items() if isinstance(value, types.ModuleType)]


def test_a_star_import_of_the_layers_leaves_python_alone() -> None:
    names: dict[str, object] = {}
    exec("from kplug.layers import *", names)
    assert {"Dense", "Conv2D", "MaxPool2D", "Input", "add", "deserialize"} <= names.keys()
    assert "input" not in names


def test_the_sequence_of_keras_is_not_the_one_of_python() -> None:
    from kplug.utils import PyDataset, Sequence

    assert Sequence is PyDataset
