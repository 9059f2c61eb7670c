"""Slots: looked up late, replaced, written into configs."""

from __future__ import annotations

import pytest
import torch

import kplug
from kplug import initializers, regularizers
from kplug.errors import KplugError
from kplug.layers import Slot
from kplug.registry import Spec


def test_value_is_what_was_given_until_it_is_resolved() -> None:
    slot = Slot("regularizer", "l1(0.5)")
    assert (slot.value, slot.is_resolved) == ("l1(0.5)", False)
    slot.resolve("dense.kernel_regularizer")
    assert slot.is_resolved
    assert float(slot.value(torch.ones(2))) == 1.0


def test_nothing_stays_nothing_where_the_kind_allows_it() -> None:
    slot = Slot("constraint", None)
    slot.resolve("dense.kernel_constraint")
    assert (slot.value, slot.resolved, slot.is_resolved) == (None, None, True)
    assert slot.to_config() is None


def test_nothing_is_linear_for_an_activation() -> None:
    slot = Slot("activation", None)
    slot.resolve("dense.activation")
    assert slot.resolved is not None
    assert slot.to_config() == "kplug/linear"


def test_default_stands_for_nothing() -> None:
    slot = Slot("initializer", None, default="ones")
    assert slot.to_config() == "kplug/ones"


def test_same_instance_stays_the_same() -> None:
    penalty = regularizers.L2(0.5)
    slot = Slot("regularizer", penalty)
    slot.resolve("x")
    assert slot.value is penalty


def test_error_names_the_place() -> None:
    with pytest.raises(KplugError) as caught:
        Slot("regularizer", "l3").resolve("dense_1.kernel_regularizer")
    assert caught.value.where == "dense_1.kernel_regularizer"


def test_replaced_identifier_is_looked_up_anew() -> None:
    slot = Slot("initializer", "ones")
    slot.resolve("x")
    slot.replace("zeros")
    assert slot.value == "zeros"
    assert slot.to_config() == "kplug/zeros"


@pytest.mark.parametrize(
    "identifier", ["of_tomorrow(a=1)", {"class_name": "OfTomorrow", "config": {}}]
)
def test_config_keeps_what_cannot_be_resolved(identifier: object) -> None:
    assert Slot("regularizer", identifier).to_config() == identifier


def test_config_of_an_unknown_spec_is_its_text() -> None:
    assert Slot("regularizer", Spec("of_tomorrow")).to_config() == "of_tomorrow"


def test_looking_at_the_config_decides_nothing() -> None:
    slot = Slot("initializer", "mine")
    with kplug.scope(initializers={"mine": initializers.Ones()}):
        slot.to_config()
    assert not slot.is_resolved
    with kplug.scope(initializers={"mine": initializers.Zeros()}):
        slot.resolve("x")
    assert isinstance(slot.value, initializers.Zeros)


def test_config_of_something_impossible_is_refused() -> None:
    with pytest.raises(KplugError):
        Slot("regularizer", 3.5).to_config()


def test_repr_shows_kind_and_state() -> None:
    assert repr(Slot("activation", "relu")) == "<Slot for an activation, given: 'relu'>"
