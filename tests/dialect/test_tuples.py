"""Tuples as data, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kplug.dialect.tuples import list_tuples, mark_tuples, read_arguments


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"betas": (0.5, 0.75), "rate": 0.5},
        {"nested": [(1, [2, ((),)]), {"a": {"b": (None,)}}], "lists": [[1]], "text": "(1,)"},
    ],
)
def test_tuples_are_written_beside_the_lists(config: dict[str, Any]) -> None:
    entry = {"config": list_tuples(config), "kplug": mark_tuples(config)}
    assert json.loads(json.dumps(config)) == entry["config"]
    assert read_arguments(json.loads(json.dumps(entry))) == config


@pytest.mark.parametrize(
    ("entry", "config"),
    [
        ({"config": {"a": {"class_name": "__tuple__", "items": [1, [2]]}}}, {"a": (1, [2])}),
        ({"config": {"a": {"class_name": "__tuple__"}}}, {"a": {"class_name": "__tuple__"}}),
        ({"config": {"a": 1}, "kplug": 3}, {"a": 1}),
        ({"config": "relu", "kplug": {"a": 1}}, "relu"),
        ({}, None),
    ],
)
def test_other_entries(entry: dict[str, Any], config: Any) -> None:
    assert read_arguments(entry) == config


def test_only_arguments_with_tuples_are_marked() -> None:
    assert mark_tuples({"a": [1], "b": {"c": 2}}) == {}
