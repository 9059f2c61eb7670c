"""Arguments that Keras writes and that kplug's layers lack."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from kplug import layers
from kplug.dialect.idle_arguments import leave_out_idle
from kplug.errors import ArgumentError
from kplug.layers import Layer


class Own(Layer):
    """A layer of a user's that reads its keyword arguments itself."""

    def __init__(self, **kwargs: Any) -> None:
        self.mode = kwargs.pop("mode")
        super().__init__(**kwargs)


@pytest.mark.parametrize(
    "theirs",
    [keras.layers.BatchNormalization(), keras.layers.LSTM(3), keras.layers.LayerNormalization()],
    ids=lambda one: type(one).__name__,
)
def test_what_keras_3_writes_is_taken(theirs: Any) -> None:
    ours = getattr(layers, type(theirs).__name__)
    config = {
        key: value
        for key, value in theirs.get_config().items()
        if not isinstance(value, dict)  # descriptions of components, which the dialect reads
    }
    assert ours.from_config(config).name == theirs.name


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("LSTM", {"units": 3, "time_major": False, "constants": None, "num_constants": None}),
        ("SimpleRNN", {"units": 3, "implementation": 2}),
        ("BatchNormalization", {"renorm": False, "renorm_clipping": {"rmax": 2}, "fused": True}),
        ("LayerNormalization", {"rms_scaling": False}),
        ("Dense", {"units": 3, "quantization_config": None}),
    ],
)
def test_what_is_off_is_left_out(name: str, arguments: dict[str, Any]) -> None:
    owner = getattr(layers, name)
    known = {"units", "renorm"} & arguments.keys()
    assert leave_out_idle(owner, arguments).keys() == known
    owner.from_config(arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "unknown"),
    [
        ("LSTM", {"units": 3, "time_major": True}, "time_major"),
        ("BatchNormalization", {"renorm": True, "renorm_momentum": 0.99}, "renorm_momentum"),
    ],
)
def test_what_is_on_is_refused(name: str, arguments: dict[str, Any], unknown: str) -> None:
    with pytest.raises(ArgumentError, match=f"{name} has no arguments? .*'{unknown}'"):
        getattr(layers, name).from_config(arguments)


def test_a_class_of_a_users_own_gets_all_but_what_keras_3_writes_everywhere() -> None:
    config = {"mode": 0, "quantization_config": None}
    assert leave_out_idle(Own, config) == {"mode": 0}
    assert Own.from_config(config).mode == 0
