"""What can be imported from kplug's public packages is what they mean to offer."""

from __future__ import annotations

import importlib
import types
from typing import Any

import pytest

import kplug

_PACKAGES = [name for name in kplug.__all__ if isinstance(getattr(kplug, name), types.ModuleType)]


def _names_besides(package: Any) -> list[str]:
    """Return the public names of a package that its list leaves out, besides its modules."""
    return [
        name
        for name, value in vars(package).items()
        if not name.startswith("_")
        and name not in package.__all__
        and not isinstance(value, types.ModuleType)
        and name != "annotations"
    ]


@pytest.mark.parametrize("name", ["backend", "models", "utils"])
def test_only_listed_names_can_be_imported(name: str) -> None:
    assert _names_besides(getattr(kplug, name)) == []


@pytest.mark.parametrize("name", _PACKAGES)
def test_no_name_of_keras_is_there_by_accident(name: str) -> None:
    try:
        namesake = importlib.import_module(f"keras.{name}")
    except ModuleNotFoundError:
        namesake = types.ModuleType(name)  # Keras has no such package
    besides = _names_besides(getattr(kplug, name))
    assert [one for one in besides if hasattr(namesake, one)] == []


def test_the_sequence_of_keras_is_not_the_one_of_python() -> None:
    with pytest.raises(ImportError, match="cannot import name 'Sequence'"):
        from kplug.utils import Sequence  # type: ignore[attr-defined] # noqa: F401
