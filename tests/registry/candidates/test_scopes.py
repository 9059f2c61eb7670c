"""Names of the user's own code: for a while, or until taken back."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import kplug
from kplug.errors import RegistrationError
from kplug.registry import KINDS
from kplug.registry.candidates.scopes import find_in_user_code, plans_here, user_components
from kplug.registry.component import Component


def first(y_true: object, y_pred: object) -> None: ...
def second(y_true: object, y_pred: object) -> None: ...


def _target(name: str, kind: str = "loss") -> object:
    choice = find_in_user_code(kind, name)
    return None if choice is None else choice.component.target


def _rule(name: str) -> str | None:
    choice = find_in_user_code("loss", name)
    return None if choice is None else choice.rule


def _has_names() -> bool:
    return any(map(user_components, KINDS))


def test_scope_adds_a_name_for_its_length() -> None:
    with kplug.scope(losses={"mine": first}):
        assert _target("Mine") is first
        assert _rule("mine") == "innermost scope"
    assert _target("mine") is None
    assert not _has_names()


def test_scope_ends_with_an_exception() -> None:
    with pytest.raises(RuntimeError), kplug.scope(losses={"mine": first}):
        raise RuntimeError
    assert not _has_names()


def test_nested_scopes_merge_and_the_innermost_wins() -> None:
    with kplug.scope(losses={"a": first, "b": first}), kplug.scope(losses={"a": second}):
        assert (_target("a"), _target("b")) == (second, first)


def test_scope_holds_several_kinds() -> None:
    with kplug.scope(losses={"a": first}, metrics={"a": second}):
        assert (_target("a", "loss"), _target("a", "metric")) == (first, second)
        assert [item.name for item in user_components("metric")] == ["a"]


def test_scope_takes_targets_and_components() -> None:
    component = Component("original", first, aliases=("also",))
    with kplug.scope(losses={"a": "pkg.mod:obj", "b": component}):
        assert _target("a") == "pkg.mod:obj"
        assert _target("also") is first
        assert [item.qualified_name for item in user_components("loss")] == ["custom/a", "custom/b"]


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        (
            {"loss": {"a": first}},
            "scope() has no kind 'loss'\n  Kinds are initializers, regularizers, losses, optimizers, "
            "activations, constraints, metrics, layers, schedules, callbacks.",
        ),
        (
            {"losses": {"a-b": first}},
            "'a-b' cannot be the name of a component\n"
            "  Names are snake_case ([a-z][a-z0-9_]*) or CapWords.",
        ),
        (
            {"losses": 3},
            "scope() is given 3 for losses\n  Give a dict: scope(losses={'name': …}).",
        ),
        (
            {"losses": {"a": None}},
            "the loss 'a' is None\n  Give the object that the name stands for.",
        ),
        (
            {"losses": {"DiceLoss": first, "dice_loss": second}},
            "scope() is given the loss 'dice_loss' twice\n"
            "  Spellings that differ in case, '_' or '-' only are one name.",
        ),
    ],
)
def test_scope_that_cannot_be_opened(kinds: dict[str, Any], message: str) -> None:
    with pytest.raises(RegistrationError) as caught:
        kplug.scope(**kinds)
    assert str(caught.value) == message
    assert not _has_names()


def _in_a_thread(function: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def test_another_thread_does_not_see_the_scope() -> None:
    with kplug.scope(losses={"mine": first}):
        assert _in_a_thread(lambda: _target("mine")) is None


def test_bound_function_sees_it_with_those_around() -> None:
    inner = kplug.scope(losses={"inner": second, "both": second})
    with kplug.scope(losses={"outer": first, "both": first}), inner:
        bound = inner.bind(lambda: (_target("outer"), _target("inner"), _target("both")))
    assert _in_a_thread(bound) == (first, second, second)
    assert not _has_names()


def test_bound_function_keeps_its_name_arguments_and_result() -> None:
    def add(a: int, b: int = 1) -> int:
        return a + b

    bound = kplug.scope(losses={"mine": first}).bind(add)
    assert bound.__name__ == "add"
    assert bound(2, b=3) == 5


def test_one_scope_object_in_two_threads_at_once() -> None:
    shared = kplug.scope(losses={"mine": first})
    barrier = threading.Barrier(2)

    def work() -> list[object]:
        with shared:
            barrier.wait()
            inside = _target("mine")
            barrier.wait()
        return [inside, _target("mine")]

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(work), pool.submit(work)]
        assert [result.result() for result in results] == [[first, None], [first, None]]


def test_scope_can_be_entered_again() -> None:
    again = kplug.scope(losses={"mine": first})
    with again, again:
        assert _target("mine") is first
    assert not _has_names()


def test_scope_follows_a_copied_context() -> None:
    with kplug.scope(losses={"mine": first}):
        context = contextvars.copy_context()
    assert context.run(_target, "mine") is first


def test_register_and_unregister() -> None:
    component = kplug.register("loss", "mine", first, aliases=("also_mine",))
    assert component.qualified_name == "custom/mine"
    assert (_target("mine"), _target("AlsoMine")) == (first, first)
    assert _rule("mine") == "registered in code"
    kplug.unregister("losses", "also-mine")
    assert not _has_names()


def test_scope_goes_before_registration() -> None:
    kplug.register("loss", "mine", first)
    with kplug.scope(losses={"mine": second}):
        assert _target("mine") is second
    assert _target("mine") is first


def test_registered_name_is_seen_by_other_threads() -> None:
    kplug.register("loss", "mine", first)
    assert _in_a_thread(lambda: _target("mine")) is first


def test_second_registration_is_refused_and_changes_nothing() -> None:
    kplug.register("loss", "mine", first)
    with pytest.raises(RegistrationError) as caught:
        kplug.register("loss", "other", second, aliases=("Mine",))
    assert str(caught.value) == (
        "the loss 'other' is registered already\n"
        "  Pass replace=True to take the name over, or use kplug.scope for a while."
    )
    assert (_target("mine"), _target("other")) == (first, None)


def test_replacement_takes_every_name_of_the_old_one() -> None:
    kplug.register("loss", "mine", first, aliases=("old", "shared"))
    kplug.register("loss", "mine", second, aliases=("shared", "new"), replace=True)
    names = ("mine", "shared", "new", "old")
    assert [_target(name) for name in names] == [second, second, second, None]


def test_replacement_of_two_at_once() -> None:
    kplug.register("loss", "a", first)
    kplug.register("loss", "b", first)
    kplug.register("loss", "c", second, aliases=("a", "b"), replace=True)
    assert [_target(name) for name in "abc"] == [second, second, second]


def test_bad_replacement_changes_nothing() -> None:
    kplug.register("loss", "mine", first)
    with pytest.raises(RegistrationError, match="'not-a-name' cannot be the name"):
        kplug.register("loss", "mine", second, aliases=("not-a-name",), replace=True)
    assert _target("mine") is first


def test_names_of_other_kinds_do_not_clash() -> None:
    kplug.register("loss", "mine", first)
    kplug.register("metric", "mine", second)
    assert (_target("mine"), _target("mine", "metric")) == (first, second)


def test_what_was_not_registered_cannot_be_taken_back() -> None:
    with pytest.raises(RegistrationError) as caught:
        kplug.unregister("loss", "hinge")
    assert str(caught.value) == (
        "no loss 'hinge' is registered\n  Only what kplug.register added can be taken back."
    )


def test_registration_while_others_read() -> None:
    stop, rounds = threading.Event(), [0, 0]

    def read(reader: int) -> None:
        while not stop.is_set():
            user_components("loss")
            find_in_user_code("loss", "n5")
            rounds[reader] += 1

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read, reader) for reader in range(2)]
        round_ = 0
        while round_ < 20 or (min(rounds) < 20 and not any(each.done() for each in readers)):
            for number in range(20):
                kplug.register("loss", f"n{number}", first, replace=bool(round_))
            round_ += 1
        stop.set()
        for each in readers:
            each.result()


STATE = object()


def _fill() -> dict[tuple[str, str], object]:
    """Return what is known here, with an entry by which it is known again."""
    plans = plans_here(STATE)
    plans["loss", "mse"] = len(plans)
    return plans


def test_what_texts_mean_is_kept_for_each_set_of_names() -> None:
    one, two = kplug.scope(losses={"a": first}), kplug.scope(losses={"a": second})
    without = _fill()
    with one:
        assert plans_here(STATE) == {}
        in_one = _fill()
        with two:
            assert plans_here(STATE) == {}
            _fill()
        with one:  # the same names below it, but another time
            assert plans_here(STATE) == {}
        assert plans_here(STATE) == {}
    assert plans_here(STATE) is without
    with one:
        assert plans_here(STATE) is not in_one


def test_what_texts_mean_is_kept_while_a_scope_that_was_inside_is_closed_again() -> None:
    with kplug.scope(losses={"a": first}):
        in_one = _fill()
        with kplug.scope(losses={"a": second}):
            _fill()
        assert plans_here(STATE) is in_one


@pytest.mark.parametrize("scopes", [0, 1, 2])
def test_what_texts_mean_is_forgotten_with_whatever_decides_it(scopes: int) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(scopes):
            stack.enter_context(kplug.scope(losses={"a": first}))
        known = _fill()
        assert plans_here(STATE) is known
        assert plans_here(object()) == {}
        known = _fill()
        kplug.register("loss", "mine", first)
        assert plans_here(STATE) == {}
        known = _fill()
        kplug.unregister("loss", "mine")
        assert plans_here(STATE) == {}
        assert known != {}


def test_threads_with_the_same_scopes_share_what_texts_mean() -> None:
    inner = kplug.scope(losses={"a": first})
    with kplug.scope(losses={"b": first}), inner:
        known = _fill()
        assert _in_a_thread(inner.bind(lambda: plans_here(STATE))) is known
        assert _in_a_thread(lambda: plans_here(STATE)) == {}


@pytest.mark.parametrize("target", [Component("a", "m:a", aliases=("not ok!",)), "m:a"])
def test_a_bad_alias_is_refused_where_it_is_said(target: object) -> None:
    with pytest.raises(RegistrationError, match="'not ok!' cannot be the name of a component"):
        kplug.register(
            "loss", "a", target, aliases=() if isinstance(target, Component) else ("not ok!",)
        )
