"""Calls of layers written in Keras 3's form."""

from __future__ import annotations

from typing import Any

from kplug.dialect.layer_calls import (
    read_call,
)
from kplug.dialect.writing_graphs import write_calls


def test_calls_of_models_are_counted_as_keras_3_does() -> None:
    def entry(name: str, config: Any, inbound: Any) -> dict[str, Any]:
        return {"name": name, "class_name": "X", "config": config, "inbound_nodes": inbound}

    functional: dict[str, Any] = {"layers": [], "output_layers": []}
    chain: dict[str, Any] = {"layers": []}
    config = {
        "name": "m",
        "layers": [
            entry("a", {}, []),
            entry("inner", functional, [[["a", 0, 0, {}]], [["inner", 1, 0, {}]]]),
            entry("chain", chain, [[["inner", 2, 0, {}]]]),
        ],
        "input_layers": [["a", 0, 0]],
        "output_layers": {"x": ["inner", 2, 0], "y": ["chain", 1, 0]},
    }
    written = write_calls(config)
    calls = [
        [read_call(data).args[0] for data in each["inbound_nodes"]] for each in written["layers"]
    ]
    assert calls == [[], [("a", 0, 0), ("inner", 0, 0)], [("inner", 1, 0)]]
    assert written["output_layers"] == {"x": ["inner", 2, 0], "y": ["chain", 0, 0]}
    assert write_calls(written) == written
