"""Errors and warnings: what they derive from, and that they cross from process to process."""

from __future__ import annotations

import pickle

import pytest

from kplug import errors
from kplug.errors import DataError, KplugError, KplugWarning

NAMES: list[str] = errors.__all__


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_an_error_or_warning_that_shows_as_kplugs_own(name: str) -> None:
    kind = getattr(errors, name)
    expected = KplugWarning if name.endswith("Warning") else KplugError
    assert issubclass(kind, expected)
    assert (kind.__module__, kind.__name__) == ("kplug", name)


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("DataError", ValueError),
        ("WeightsError", ValueError),
        ("GraphError", ValueError),
        ("SymbolicValueError", TypeError),
        ("ComputationError", RuntimeError),
        ("ComputationError", IndexError),
        ("NotBuiltError", RuntimeError),
        ("NotCompiledError", RuntimeError),
        ("LossWithoutGradientError", RuntimeError),
        ("MissingLibraryError", ImportError),
        ("MissingModuleError", ModuleNotFoundError),
        ("WorkerLostError", RuntimeError),
        ("ProcessMismatchError", RuntimeError),
        ("FileWriteError", OSError),
        ("NonFiniteLossError", RuntimeError),
    ],
)
def test_code_that_knows_only_python_catches_an_error(name: str, base: type[Exception]) -> None:
    kind = getattr(errors, name)
    with pytest.raises(base, match=r"^layer_1: it failed\n  Try again\.$"):
        raise kind("it failed", hint="Try again.", where="layer_1")


@pytest.mark.parametrize(
    "name", ["DataError", "MissingLibraryError", "WorkerLostError", "FileWriteError"]
)
def test_a_pickled_error_keeps_its_type_and_text(name: str) -> None:
    kind = getattr(errors, name)
    again = pickle.loads(pickle.dumps(kind("it failed", hint="Try again.").at("layer_1")))
    assert type(again) is kind
    assert str(again) == "layer_1: it failed\n  Try again."
    assert (again.message, again.hint, again.where) == ("it failed", "Try again.", "layer_1")


def test_the_first_place_stays() -> None:
    error = DataError("it failed", where="x")
    assert error.at("y") is error
    assert str(error) == "x: it failed"
    assert str(DataError("it failed")) == "it failed"
