"""Declarations of plugins become components, and faulty ones become problems."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

import kplug
from kplug.registry.component import Component, Origin
from kplug.registry.installed.declarations import (
    Offer,
    merge_offers,
    read_declarations,
    read_entry_points,
)
from kplug.registry.kinds import get_kind
from kplug.registry.quoting import quote

LOSS = get_kind("loss")
ORIGIN = Origin("my-plugin", "1.0")


def _messages(offer: Offer) -> list[str]:
    return [problem.message for problem in offer.problems]


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        ([("dice_loss", "m:dice_loss")], {"dice_loss": ()}),
        ([("dice", "m:DiceLoss"), ("dice_loss", "m:DiceLoss")], {"dice_loss": ("dice",)}),
        ([("b", "m:thing"), ("a", "m:thing")], {"a": ("b",)}),
        ([("a", "m:x"), ("a", "m:x")], {"a": ()}),
        ([("a", "m:x [extra]")], {"a": ()}),
        ([("a", "m:x"), ("b", "m:y")], {"a": (), "b": ()}),
    ],
)
def test_entry_points(
    entries: Iterable[tuple[str, str]], names: dict[str, tuple[str, ...]]
) -> None:
    offer = read_entry_points(LOSS, entries, ORIGIN)
    assert {item.name: item.aliases for item in offer.components} == names
    assert offer.problems == ()


def test_entry_point_is_recorded_in_the_origin() -> None:
    (component,) = read_entry_points(LOSS, [("dice", "m:dice")], ORIGIN).components
    assert component.origin == Origin("my-plugin", "1.0", "kplug.losses:dice")


def test_bad_entry_point_costs_itself_alone() -> None:
    entries = [("good", "m:good"), ("not-good", "m:x"), ("also_bad", "m")]
    offer = read_entry_points(LOSS, entries, ORIGIN)
    assert [item.name for item in offer.components] == ["good"]
    assert _messages(offer) == [
        "kplug.losses: 'not-good' cannot be the name of a component. "
        "Names are snake_case ([a-z][a-z0-9_]*) or CapWords.",
        "kplug.losses: the target of 'also_bad' is 'm'. A target is 'package.module:object'.",
    ]


def test_bad_alias_costs_that_alias_alone() -> None:
    entries = [("dice-2", "m:dice"), ("dice", "m:dice"), ("overlap", "m:dice")]
    offer = read_entry_points(LOSS, entries, ORIGIN)
    assert [(item.name, item.aliases) for item in offer.components] == [("dice", ("overlap",))]
    assert _messages(offer) == [
        "kplug.losses: 'dice-2' cannot be the name of a component. "
        "Names are snake_case ([a-z][a-z0-9_]*) or CapWords."
    ]


def test_hook_returns_targets_objects_and_components() -> None:
    component = Component("c", "m:c", aliases=("d",), summary="A c.")
    offer = read_declarations(LOSS, {"a": "m:a", "b": print, "c": component}, ORIGIN)
    assert [(item.name, item.target, item.kind) for item in offer.components] == [
        ("a", "m:a", "loss"),
        ("b", print, "loss"),
        ("c", "m:c", "loss"),
    ]
    assert all(item.origin is ORIGIN for item in offer.components)


@kplug.named("puddle", "pond")
def puddle(y_true: object, y_pred: object) -> None:
    """Return nothing.

    It is a puddle.
    """


@pytest.mark.parametrize(
    ("name", "aliases"), [("puddle", ("pond",)), ("pond", ("puddle",)), ("lake", ())]
)
def test_an_object_is_offered_under_its_own_names(name: str, aliases: tuple[str, ...]) -> None:
    """A function declared under a name that is not its own is offered under that name alone."""
    (component,) = read_declarations(LOSS, {name: puddle}, ORIGIN).components
    assert (component.name, component.aliases) == (name, aliases)
    assert component.summary == "Return nothing."


@kplug.metric_named("depth", "deepness")
@kplug.named("depth_loss")
def depth_loss(y_true: object, y_pred: object) -> None:
    """Return nothing."""


@pytest.mark.parametrize(
    ("kind", "name", "aliases"),
    [("metric", "depth", ("deepness",)), ("loss", "depth_loss", ()), ("metric", "depth_loss", ())],
)
def test_a_loss_is_offered_as_a_metric_under_its_names_as_one(
    kind: str, name: str, aliases: tuple[str, ...]
) -> None:
    (component,) = read_declarations(get_kind(kind), {name: depth_loss}, ORIGIN).components
    assert (component.name, component.aliases) == (name, aliases)


@pytest.mark.parametrize(
    ("declarations", "message"),
    [
        (["a"], "kplug_losses returned ['a']; it must return a mapping of name to target"),
        (3, "kplug_losses returned 3; it must return a mapping of name to target"),
        ({"a": None}, "kplug_losses: 'a' is None. Give the object or its 'module:object'."),
        (
            {"a": 3},
            "kplug_losses: 'a' is 3, which cannot be called. "
            "Give a class or a function, or its 'module:object'.",
        ),
        (
            {"a": Component("a", pytest)},
            f"kplug_losses: 'a' is {quote(pytest)}, which cannot be called. "
            "Give a class or a function, or its 'module:object'.",
        ),
        (
            {1: "m:a"},
            "kplug_losses: 1 cannot be the name of a component. "
            "Names are snake_case ([a-z][a-z0-9_]*) or CapWords.",
        ),
        (
            {"a": Component("b", "m:b")},
            "kplug_losses: the component 'b' is listed as 'a'. "
            "Use one name; aliases belong into the component.",
        ),
    ],
)
def test_bad_hook_results(declarations: object, message: str) -> None:
    offer = read_declarations(LOSS, declarations, ORIGIN)
    assert offer.components == ()
    assert _messages(offer) == [message]


class Lazy:
    """Like a proxy of an object that does not exist yet."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("not yet")


class Undocumented:
    __doc__ = 3  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Lazy, "RuntimeError: not yet"),
        (lambda: Component("bad", Lazy()), "RuntimeError: not yet"),
        (lambda: Undocumented, "AttributeError: 'int' object has no attribute 'expandtabs'"),
    ],
)
def test_an_object_that_cannot_be_looked_at_costs_itself_alone(
    make: Callable[[], Any], reason: str
) -> None:
    offer = read_declarations(LOSS, {"bad": make(), "good": "m:a"}, ORIGIN)
    assert [item.name for item in offer.components] == ["good"]
    assert _messages(offer) == [f"kplug_losses: 'bad' cannot be listed: {reason}"]


def test_a_component_changed_behind_its_back_is_checked_again() -> None:
    component = Component("bad", "m:a")
    object.__setattr__(component, "summary", None)
    offer = read_declarations(LOSS, {"bad": component}, ORIGIN)
    assert offer.components == ()
    assert _messages(offer) == [
        "kplug_losses: the summary of 'bad' is None. A summary is one line of text."
    ]


def _offer(*components: Component) -> Offer:
    return Offer(components)


def test_name_with_two_meanings_is_used_for_neither() -> None:
    merged = merge_offers(
        LOSS,
        [
            _offer(Component("dice", "m:a"), Component("other", "m:o")),
            _offer(Component("Dice", "m:b")),
        ],
        ORIGIN,
    )
    assert [item.name for item in merged.components] == ["other"]
    assert _messages(merged) == [
        "the loss 'Dice' is offered twice, as m:a and as m:b; the name is used for neither. "
        "Give one of them another name"
    ]


def test_clash_of_aliases_names_the_alias() -> None:
    first, second = Component("a", "m:a", aliases=("x",)), Component("b", "m:b", aliases=("X",))
    merged = merge_offers(LOSS, [_offer(first, second)], ORIGIN)
    assert [(each.name, each.aliases) for each in merged.components] == [("a", ()), ("b", ())]
    assert _messages(merged)[0].startswith("the loss 'X' is offered twice, as m:a and as m:b")


def test_third_meaning_is_refused_too() -> None:
    components = [Component("a", f"m:x{number}") for number in range(3)]
    assert merge_offers(LOSS, [_offer(*components)], ORIGIN).components == ()


def test_one_object_declared_in_both_tiers_is_one_component() -> None:
    static = Component("DiceLoss", "m:dice")
    hook = Component("dice_loss", "m:dice", aliases=("dice",), summary="Overlap.", role="factory")
    (component,) = merge_offers(LOSS, [_offer(static), _offer(hook)], ORIGIN).components
    assert component.name == "DiceLoss"
    assert component.aliases == ("dice_loss", "dice")
    assert (component.summary, component.role) == ("Overlap.", "factory")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_entry_point_beside_a_hook_leaves_it_under_its_qualified_name_only(
    order: tuple[int, int],
) -> None:
    tiers = [
        _offer(Component("adam", "m:adam")),
        _offer(Component("adam", "m:adam", is_qualified_only=True)),
    ]
    (component,) = merge_offers(LOSS, [tiers[number] for number in order], ORIGIN).components
    assert component.is_qualified_only


def test_what_the_first_declaration_says_of_an_object_counts() -> None:
    first = Component("DiceLoss", print, role="function", summary="One.", lifecycle="stable")
    second = Component("dice_loss", print, role="factory", lifecycle="deprecated", successor="b")
    (component,) = merge_offers(LOSS, [_offer(first), _offer(second)], ORIGIN).components
    assert (component.role, component.summary, component.lifecycle, component.successor) == (
        *("function", "One.", "stable", None),
    )
    assert component.aliases == ("dice_loss",)


def test_a_target_and_an_object_of_one_name_clash() -> None:
    offers = [_offer(Component("dice", "m:dice")), _offer(Component("dice", print))]
    merged = merge_offers(LOSS, offers, ORIGIN)
    assert merged.components == ()
    assert len(merged.problems) == 1


class Stubborn:
    """Cannot be compared, like an array."""

    def __eq__(self, other: object) -> Any:
        raise ValueError("ambiguous")

    __hash__ = object.__hash__


def test_objects_that_cannot_be_compared() -> None:
    components = [Component("a", Stubborn()), Component("a", Stubborn())]
    assert merge_offers(LOSS, [_offer(*components)], ORIGIN).components == ()


def test_a_bad_alias_of_a_component_costs_that_alias_alone() -> None:
    component = Component("good", "m:good", aliases=("fine", "not ok!"))
    offer = read_declarations(LOSS, {"good": component}, ORIGIN)
    assert [each.aliases for each in offer.components] == [("fine",)]
    assert _messages(offer) == [
        "kplug_losses: an alias of 'good': 'not ok!' cannot be the name of a component. "
        "Names are snake_case ([a-z][a-z0-9_]*) or CapWords."
    ]


def test_a_name_with_two_meanings_leaves_the_other_names() -> None:
    entries = [("l2", "m:one"), ("pond", "m:one"), ("Pond", "m:two")]
    merged = merge_offers(LOSS, [read_entry_points(LOSS, entries, ORIGIN)], ORIGIN)
    assert [(each.name, each.aliases, each.target) for each in merged.components] == [
        ("l2", (), "m:one")
    ]
