"""What compile was told, as Keras writes it."""

from __future__ import annotations

from kplug import Input, Model, layers
from kplug.dialect import write_training


def test_structures_of_identifiers_keep_their_form() -> None:
    inputs = Input((3,))
    model = Model(inputs, [layers.Dense(1, name=name)(inputs) for name in ("a", "b")])
    model.compile(
        "sgd",
        loss={"a": "mse", "b": "huber(delta=2.0)"},
        metrics=[["mae"], ["accuracy"]],
        loss_weights={"a": 1.0, "b": 0.5},
    )
    compiled = model.compiled
    assert compiled is not None
    written = write_training(compiled.structure, compiled.loss_weights, {})
    assert written["loss"]["a"] == "mean_squared_error"
    assert written["loss"]["b"]["class_name"] == "Huber"
    assert written["metrics"] == [["mae"], ["accuracy"]]
    assert written["loss_weights"] == {"a": 1.0, "b": 0.5}
