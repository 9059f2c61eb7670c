"""The ten kinds."""

from __future__ import annotations

import re

import pytest

from kplug import hookspecs
from kplug.errors import UnknownKindError
from kplug.registry import KINDS, get_kind
from kplug.registry.kinds import BUILT_IN_KINDS, find_kind_of_slot

NAMES = [
    "initializer",
    "regularizer",
    "loss",
    "optimizer",
    "activation",
    "constraint",
    "metric",
    "layer",
    "schedule",
    "callback",
]


def test_there_are_ten() -> None:
    assert list(KINDS) == NAMES


@pytest.mark.parametrize("kind", BUILT_IN_KINDS.values(), ids=NAMES)
def test_each_has_a_documented_hook(kind: object) -> None:
    hook = getattr(hookspecs, KINDS[getattr(kind, "name", "")].hook)
    assert hook.__doc__.startswith("Offer ")


@pytest.mark.parametrize("kind", BUILT_IN_KINDS.values(), ids=NAMES)
def test_singular_and_plural_name_the_same_record(kind: object) -> None:
    record = KINDS[getattr(kind, "name", "")]
    assert get_kind(record.name) is get_kind(record.plural) is record


def test_unknown_kind_lists_the_known_ones() -> None:
    message = f"there is no kind 'lossy'\n  Did you mean 'loss'? Kinds: {', '.join(NAMES)}."
    with pytest.raises(UnknownKindError, match=f"^{re.escape(message)}$"):
        get_kind("lossy")


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [
        ("kernel_initializer", "initializer"),
        ("initializer", "initializer"),
        ("activity_regularizer", "regularizer"),
        ("activation", "activation"),
        ("recurrent_activation", "activation"),
        ("learning_rate", "schedule"),
        ("lr", "schedule"),
        ("losses", "loss"),
        ("extra_metrics", "metric"),
        ("colour", None),
        ("gloss", None),
        ("base", None),
    ],
)
def test_parameter_name_announces_a_kind(parameter: str, kind: str | None) -> None:
    found = find_kind_of_slot(parameter)
    assert (found and found.name) == kind


@pytest.mark.parametrize(
    ("kind", "text"),
    [("initializer", "an initializer"), ("loss", "a loss"), ("optimizer", "an optimizer")],
)
def test_article(kind: str, text: str) -> None:
    assert get_kind(kind).with_article == text
