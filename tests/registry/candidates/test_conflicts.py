"""The conflict rule, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from kplug.errors import AmbiguousComponentError
from kplug.registry.candidates.conflicts import Choice, decide
from kplug.registry.candidates.index import build_index
from kplug.registry.component import USER_CODE, Component, Origin
from kplug.registry.kinds import get_kind

LOSS = get_kind("loss")


def _make(distribution: str, name: str = "dice", *aliases: str) -> Component:
    origin = Origin(distribution, "1.0")
    return Component(name, f"m:{distribution[0]}", aliases=aliases, kind="loss", origin=origin)


BUILT_IN, TORCH = _make("kplug"), _make("torch")
ONE, TWO = _make("one-plugin"), _make("two-plugin", "Dice")


def _choose(
    components: Sequence[Component],
    from_user: Choice | None = None,
    prefer: Sequence[str] = (),
    ref: str = "dice",
) -> Choice | None:
    return decide(build_index(LOSS, components), ref, from_user, prefer).get()


def test_user_code_goes_before_everything() -> None:
    mine = Choice(Component("dice", print, kind="loss", origin=USER_CODE), "innermost scope")
    assert _choose([BUILT_IN, ONE], mine, ["one-plugin"]) is mine


@pytest.mark.parametrize("prefer", [["one-plugin"], ["one-plugin/dice"], ["one-plugin/DICE"]])
def test_preference_goes_before_the_built_in(prefer: list[str]) -> None:
    assert _choose([BUILT_IN, ONE, TWO], prefer=prefer) == Choice(ONE, "preferred", (BUILT_IN, TWO))


def test_a_qualified_name_only_is_no_candidate_unless_preferred() -> None:
    shy = replace(ONE, is_qualified_only=True)
    assert _choose([BUILT_IN, shy]) == Choice(BUILT_IN, "built-in")
    assert _choose([shy, TWO]) == Choice(TWO, "only candidate")
    assert _choose([shy]) is None
    assert _choose([BUILT_IN, shy], prefer=["one-plugin"]) == Choice(shy, "preferred", (BUILT_IN,))
    assert build_index(LOSS, [BUILT_IN, shy]).find_qualified("one-plugin", "Dice") is shy


def test_a_stored_name_is_the_built_in_whatever_is_preferred() -> None:
    def choose_stored(*components: Component) -> Choice | None:
        index = build_index(LOSS, components)
        return decide(index, "dice", None, ["two-plugin"], is_stored=True).get()

    assert choose_stored(ONE, BUILT_IN, TWO) == Choice(BUILT_IN, "built-in")
    assert choose_stored(ONE, TWO) == Choice(TWO, "preferred", (ONE,))


def test_first_preference_wins() -> None:
    choice = _choose([ONE, TWO], prefer=["absent", "two-plugin", "one-plugin"])
    assert choice is not None
    assert choice.component is TWO


def test_preference_for_another_name_does_not_count() -> None:
    choice = _choose([BUILT_IN, ONE], prefer=["one-plugin/jaccard"])
    assert choice == Choice(BUILT_IN, "built-in", (ONE,))


def test_built_in_may_be_preferred() -> None:
    assert _choose([ONE, TORCH, BUILT_IN], prefer=["torch"]) == Choice(
        TORCH, "preferred", (BUILT_IN, ONE)
    )


def test_built_in_goes_before_plugins_and_names_the_shadowed() -> None:
    assert _choose([TWO, ONE, BUILT_IN]) == Choice(BUILT_IN, "built-in", (ONE, TWO))


def test_kplug_goes_before_torch() -> None:
    assert _choose([TORCH, BUILT_IN]) == Choice(BUILT_IN, "built-in", (TORCH,))


def test_only_candidate() -> None:
    assert _choose([ONE]) == Choice(ONE, "only candidate")


def test_nobody_offers_the_name() -> None:
    assert _choose([ONE], ref="adam") is None


def test_several_plugins_are_ambiguous() -> None:
    with pytest.raises(AmbiguousComponentError) as caught:
        _choose([TWO, ONE])
    assert str(caught.value) == (
        "the loss 'dice' is offered by 2 plugins: one-plugin/dice (one-plugin 1.0), "
        "two-plugin/Dice (two-plugin 1.0)\n"
        "  Write 'one-plugin/dice', or prefer one: KPLUG_PREFER=one-plugin"
    )
    error = caught.value
    assert (error.kind, error.ref) == ("loss", "dice")
    assert error.candidates == ("one-plugin/dice", "two-plugin/Dice")
