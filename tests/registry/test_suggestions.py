"""Suggestions for misspelled names, in one wording."""

from __future__ import annotations

import pytest

from kplug.registry.suggestions import did_you_mean, find_closest, find_most_alike, unknown_argument


@pytest.mark.parametrize(
    ("name", "likeness", "found"),
    [("smoth", 0.6, "smooth"), ("smoth", 0.95, None), ("zzz", 0.6, None), (3, 0.6, None)],
)
def test_closest(name: object, likeness: float, found: str | None) -> None:
    assert find_closest(name, iter(["axis", "smooth"]), likeness) == found


@pytest.mark.parametrize(("name", "found"), [("adma", "adam"), ("sdg", "sgd"), ("zsx", None)])
def test_two_letters_that_changed_places_are_closest(name: str, found: str | None) -> None:
    assert find_closest(name, ["adamax", "adam", "sgd", "adamw"], likeness=0.7) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("sdg", ["sgd", "adagrad", "adam"]),
        ("NADAM", ["nadam", "adam", "adagrad"]),
        ("zz", ["nadam"]),
    ],
)
def test_the_most_alike_come_first(name: str, found: list[str]) -> None:
    assert find_most_alike(name, ["nadam", "adam", "adagrad", "sgd"], len(found)) == found


def test_nothing_is_asked_where_nothing_is_like_it() -> None:
    assert did_you_mean("zzz", ["axis"]) == did_you_mean("axis", []) == ""


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["axsi"], "dice has no argument 'axsi'. Did you mean 'axis'?\n  Known: axis, smooth."),
        (["zzz"], "dice has no argument 'zzz'\n  Known: axis, smooth."),
        (["dim"], "dice has no argument 'dim'\n  Known: axis, smooth."),
        (["x", "zzz"], "dice has no arguments 'x', 'zzz'\n  Known: axis, smooth."),
        (["eps"], "dice has no argument 'eps'. Did you mean 'smooth'?\n  Known: axis, smooth."),
        (
            ["zzz", "axsi", "smoth", "eps"],
            "dice has no arguments 'zzz', 'axsi', 'smoth', 'eps'. Did you mean 'axis', 'smooth'?\n"
            "  Known: axis, smooth.",
        ),
    ],
)
def test_unknown_arguments(names: list[str], message: str) -> None:
    former = {"eps": "smooth", "dim": "no_longer"}
    assert str(unknown_argument("dice", names, ["axis", "smooth"], former)) == message


def test_usage_stands_in_for_the_list() -> None:
    error = unknown_argument("dice", ["k"], [], usage="It takes none.")
    assert str(error) == "dice has no argument 'k'\n  It takes none."
