"""Metrics in attributes of a model: where they are looked for, and what is kept of the search."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from kplug.layers import Dense
from kplug.metrics import Mean
from kplug.models import Model
from kplug.training.metric_lists import find_attribute_metrics


def test_the_search_keeps_no_class_alive() -> None:
    class Held: ...

    model = Model(name="model")
    model.held = Held()
    assert find_attribute_metrics(model) == []
    freed = weakref.ref(Held)
    del model, Held
    gc.collect()
    assert freed() is None


def test_metrics_are_found_in_containers_of_any_class_that_change() -> None:
    class Several(list[Any]):
        __slots__ = ()

    model = Model(name="model")
    model.several = Several([Mean("first")])
    model.nested = {"a": [(Mean("second"),)]}
    model.inner = Dense(1)
    model.inner.own = Mean("third")
    assert [each.name for each in find_attribute_metrics(model)] == ["first", "second", "third"]
    model.several.append(Mean("fourth"))
    model.nested = 3
    names = [each.name for each in find_attribute_metrics(model)]
    assert names == ["first", "fourth", "third"]
