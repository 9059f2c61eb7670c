"""Masks that tensors carry are left out of calls."""

from __future__ import annotations

from typing import Any

from kplug.dialect.layer_calls import (
    LayerCall,
    Reference,
)
from kplug.dialect.mask_arguments import drop_masks


def test_masks_that_tensors_carry_are_left_out() -> None:
    mask, other = Reference("ne", 0, 0), Reference("or", 0, 0)
    ids, free = Reference("ids", 0, 0), Reference("free", 0, 0)

    def call(*args: Any, **kwargs: Any) -> list[LayerCall]:
        return [LayerCall(list(args), kwargs, 3)]

    calls = {
        "ids": [],
        "free": [],
        "embedding": call(ids),
        "ne": call(ids, 0),
        "or": call(mask, mask),
        "lstm": call(Reference("embedding", 0, 0), mask=other),
        "model": call([ids, free], mask=[other, None]),
        "own": call(free, 1),
        "gru": call(Reference("lstm", 0, 0), mask=Reference("own", 0, 0), value=ids),
    }
    kept = drop_masks(calls, {"ne", "or", "own"}, {"embedding"}, [Reference("gru", 0, 0)])
    assert list(kept) == ["ids", "free", "embedding", "lstm", "model", "own", "gru"]
    assert kept["lstm"][0].kwargs == kept["model"][0].kwargs == {}
    assert kept["gru"] == calls["gru"]
