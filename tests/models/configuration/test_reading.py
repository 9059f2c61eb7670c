"""Configurations: names of the caller's own classes."""

from __future__ import annotations

from typing import Any

import torch

from kplug import layers
from kplug.models import Model


class Twice(layers.Layer):
    """Doubles."""

    def call(self, inputs: Any) -> Any:
        return inputs * 2


def test_custom_objects_are_found_by_name() -> None:
    inputs = layers.Input((4,))
    config = Model(inputs, Twice(name="twice")(inputs)).get_config()
    model = Model.from_config(config, custom_objects={"Twice": Twice})
    assert model(torch.ones(1, 4)).tolist() == [[2.0, 2.0, 2.0, 2.0]]
