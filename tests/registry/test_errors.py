"""Errors as texts and as facts."""

from __future__ import annotations

import pickle

import pytest

import kplug
from kplug import errors
from kplug.errors import (
    ArgumentValueError,
    KplugError,
    SeveralProblemsError,
    SpecSyntaxError,
    UnknownComponentError,
)


def test_text_has_slot_message_and_hint() -> None:
    error = KplugError("it failed", hint="Try again.", where="dense.kernel_initializer")
    assert str(error) == "dense.kernel_initializer: it failed\n  Try again."
    assert str(KplugError("it failed")) == "it failed"


def test_first_slot_is_kept() -> None:
    assert KplugError("x").at("inner").at("outer").where == "inner"


def test_value_out_of_range() -> None:
    error = ArgumentValueError("l1", "l1", -0.5, "a finite number >= 0")
    assert str(error) == "l1: argument 'l1' is -0.5; allowed: a finite number >= 0"
    assert isinstance(error, ValueError)


def test_several_problems_are_numbered() -> None:
    one = KplugError("first", hint="Do this.")
    error = SeveralProblemsError([one, KplugError("second")], "the model cannot be compiled")
    assert str(error) == (
        "the model cannot be compiled: 2 problems\n1. first\n     Do this.\n2. second"
    )
    assert error.problems[0] is one


ALL = [one for name, one in vars(errors).items() if name.endswith(("Error", "Warning"))]


@pytest.mark.parametrize("found", ALL)
def test_all_derive_from_one_base(found: type) -> None:
    assert issubclass(found, (KplugError, errors.KplugWarning))


@pytest.mark.parametrize("found", ALL)
def test_tracebacks_show_the_name_that_users_import(found: type) -> None:
    assert found.__module__ == "kplug"
    assert getattr(kplug, found.__name__) is found


def test_an_error_of_a_users_own_keeps_its_module() -> None:
    class PondError(KplugError):
        pass

    assert PondError.__module__ == __name__


def test_there_is_no_error_of_another_name() -> None:
    with pytest.raises(AttributeError, match=r"^module 'kplug' has no attribute 'PondError'$"):
        _ = kplug.PondError


@pytest.mark.parametrize(
    "error",
    [
        KplugError("text", hint="Hint.", where="slot"),
        UnknownComponentError("text", kind="loss", ref="x", candidates=["y"], hint="Hint."),
        SpecSyntaxError("f(", 1, "reason"),
        ArgumentValueError("l1", "l1", 3, "less"),
        SeveralProblemsError([KplugError("a")], "what"),
    ],
)
def test_errors_travel_between_processes(error: KplugError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again).keys() == vars(error).keys()
