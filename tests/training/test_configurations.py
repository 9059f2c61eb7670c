"""``compile`` and ``fit`` with configurations of other libraries."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import kplug
from kplug.errors import KplugError
from kplug.layers import Dense, Input
from kplug.models import Model, Sequential
from tests.foreign_configs import Config, Items

X, Y = np.ones((8, 3)), np.ones((8, 2))
FLAT = {
    "loss": {"name": "huber", "delta": 2.0},
    "optimizer": {"name": "adam", "lr": {"name": "exponential_decay", "initial_learning_rate": 0.1,
                                         "decay_steps": 9, "decay_rate": 0.9}},
    "metrics": ["mae", {"name": "binary_accuracy", "threshold": 0.4}],
}  # fmt: skip


def _foreign(value: Any) -> Any:
    if isinstance(value, dict):
        return Config(**{key: _foreign(item) for key, item in value.items()})
    return Items(*map(_foreign, value)) if isinstance(value, list) else value


def _compile(given: Any) -> dict[str, str]:
    model = Sequential([Input((3,)), Dense(2, name="only")])
    model.compile(**given)
    model.fit(X, Y, verbose=0, callbacks=_foreign([{"name": "terminate_on_nan"}]))
    return {row.slot: row.written for row in model.components}


def test_flat_mappings_and_those_of_other_libraries_mean_the_same() -> None:
    found = _compile(FLAT)
    assert found["loss"] == "kplug/huber(delta=2.0)"
    assert found["optimizer"].startswith("kplug/adam(lr=kplug/exponential_decay(")
    assert found["metrics/1"] == "kplug/binary_accuracy(threshold=0.4)"
    assert _compile(_foreign(FLAT)) == found


def test_outputs_by_name() -> None:
    inputs = Input((3,))
    model = Model(inputs, [Dense(2, name="one")(inputs), Dense(2, name="two")(inputs)])
    given = {
        "loss": {"one": {"name": "huber", "delta": 2.0}, "two": "mse"},
        "loss_weights": {"one": 2.0, "two": 1.0},
        "metrics": {"one": ["mae"], "two": [{"name": "auc", "num_thresholds": 9}]},
    }
    model.compile(optimizer="sgd", **_foreign(given))
    assert model.metrics_names == ["loss", "one_loss", "two_loss", "one_mae", "two_auc"]


def test_a_layer_and_the_functions_of_a_family_take_them() -> None:
    layer = Dense(2, kernel_initializer=MappingProxyType({"name": "constant", "value": 3.0}))
    layer.build((None, 1))
    assert layer.get_weights()[0].tolist() == [[3.0, 3.0]]
    loss = kplug.losses.get(Config(name="huber", delta=2.0))
    assert isinstance(loss, kplug.losses.Huber)
    assert loss.delta == 2.0


def test_pydantic() -> None:
    import pydantic

    loss = pydantic.create_model("Loss", name=(str, "huber"), delta=(float, 2.0))
    optimizer = pydantic.create_model("Optimizer", name=(str, "adam"), lr=(float, 0.5))
    found = _compile({"loss": loss(), "optimizer": optimizer()})
    assert found["loss"] == "kplug/huber(delta=2.0)"
    assert found["optimizer"] == "kplug/adam(lr=0.5)"


def test_omegaconf() -> None:
    import omegaconf

    config = omegaconf.OmegaConf.create({"threshold": 0.4, **FLAT})
    config.metrics[1].threshold = "${threshold}"
    given = {name: config[name] for name in FLAT}
    assert _compile(given) == _compile(FLAT)
    config.metrics[1].threshold = "${no.such}"
    with pytest.raises(KplugError, match="a DictConfig cannot be read: InterpolationKeyError"):
        _compile(given)
