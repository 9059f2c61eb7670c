"""Losses as data: to Keras 3 and back, from tf-keras and Keras 2.3, and what no Keras knows."""

from __future__ import annotations

import inspect
import json
from typing import Any

import keras
import pytest
import torch

from kplug import losses
from kplug.errors import ArgumentError, KplugError
from kplug.registry.component_facts import find_keras_path
from tests.losses.cases import NAMES

BUILT_IN = [owner for name in NAMES if find_keras_path(owner := getattr(losses, name)) is not None]
parametrize_classes = pytest.mark.parametrize("owner", BUILT_IN, ids=lambda owner: owner.__name__)
# Keras's configurations leave these out, so that a loaded loss has the defaults.
LOST_BY_KERAS = {"CosineSimilarity": {"axis"}, "Huber": {"delta"}}
LOST_BY_KERAS["SparseCategoricalCrossentropy"] = {"axis"}


def test_every_loss_of_keras_is_here() -> None:
    classes = {name for name in dir(keras.losses) if isinstance(getattr(keras.losses, name), type)}
    assert classes - {"Loss"} == {owner.__name__ for owner in BUILT_IN}
    functions = {name for name in dir(keras.losses) if callable(getattr(keras.losses, name))}
    assert not [name for name in functions - classes if not hasattr(losses, name)]


OLDER_NAMES = """
    Reduction Loss MSE MAE MAPE MSLE KLD mse mae mape msle kld bce BCE logcosh log_cosh huber huber_loss
    cosine cosine_proximity cosine_similarity kullback_leibler_divergence kl_divergence
    binary_focal_crossentropy categorical_focal_crossentropy get serialize deserialize
"""


@pytest.mark.parametrize("name", OLDER_NAMES.split())
def test_names_of_keras_2_and_tf_keras_are_here(name: str) -> None:
    assert callable(getattr(losses, name))


@parametrize_classes
def test_configuration_has_the_keys_of_keras_3(owner: type[losses.Loss]) -> None:
    theirs = getattr(keras.losses, owner.__name__)().get_config()
    ours = owner().get_config()
    lost = LOST_BY_KERAS.get(owner.__name__, set())
    assert ours.keys() - lost == theirs.keys()
    assert {key: ours[key] for key in theirs} == theirs


@parametrize_classes
def test_constructor_has_the_arguments_of_keras_3(owner: type[losses.Loss]) -> None:
    theirs = inspect.signature(getattr(keras.losses, owner.__name__)).parameters
    ours = inspect.signature(owner).parameters
    assert list(ours) == list(theirs)
    assert [each.default for each in ours.values()] == [each.default for each in theirs.values()]


# Keras 3.15.1 finds no CategoricalGeneralizedCrossEntropy by name.
@pytest.mark.parametrize(
    "owner", [owner for owner in BUILT_IN if owner is not losses.CategoricalGeneralizedCrossEntropy]
)
def test_keras_reads_what_is_written_and_the_other_way_round(owner: type[losses.Loss]) -> None:
    loss = owner(reduction="sum", name="mine")
    data = json.loads(json.dumps(losses.serialize(loss)))
    theirs = keras.losses.deserialize(data)
    assert type(theirs).__name__ == owner.__name__
    assert (theirs.name, theirs.reduction) == ("mine", "sum")
    again = losses.deserialize(keras.losses.serialize(theirs))
    assert type(again) is owner
    assert again.get_config() == loss.get_config()
    direct = losses.deserialize(data)
    assert direct is not None
    assert direct.get_config() == loss.get_config()


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("MeanSquaredError", {"reduction": "auto", "name": "mean_squared_error"}),
        ("MeanSquaredError", {"reduction": "auto", "name": "mse", "fn": "mean_squared_error"}),
        ("Huber", {"reduction": "sum_over_batch_size", "name": "huber_loss", "delta": 1.0}),
        (
            "BinaryCrossentropy",
            {
                "reduction": "auto",
                "name": "binary_crossentropy",
                "from_logits": True,
                "label_smoothing": 0.1,
                "axis": -1,
                "fn": "binary_crossentropy",
            },
        ),
        ("SparseCategoricalCrossentropy", {"reduction": "none", "name": "s", "from_logits": True}),
    ],
)
def test_configurations_of_tf_keras_and_keras_2_are_read(
    class_name: str, config: dict[str, Any]
) -> None:
    loss = losses.get({"class_name": class_name, "config": config})
    assert type(loss).__name__ == class_name
    assert loss is not None
    read = loss.get_config()
    expected = {key: value for key, value in config.items() if key not in ("fn", "reduction")}
    assert {key: read[key] for key in expected} == expected
    assert read["reduction"] == config["reduction"].replace("auto", "sum_over_batch_size")


def test_unknown_key_of_a_configuration() -> None:
    with pytest.raises(ArgumentError) as caught:
        losses.Huber.from_config({"dleta": 2.0})
    assert str(caught.value) == (
        "huber has no argument 'dleta'. Did you mean 'delta'?\n"
        "  Known: delta, reduction, name, dtype."
    )


def test_plain_functions_are_their_names() -> None:
    data = losses.serialize(losses.kld)
    assert data == keras.losses.serialize(keras.losses.kl_divergence)
    assert isinstance(losses.deserialize(data), losses.KLDivergence)


def test_what_keras_does_not_have_is_a_spec() -> None:
    loss = losses.Crossentropy(from_logits=True)
    data = losses.serialize(loss)
    assert data == (
        "kplug/crossentropy(from_logits=True, reduction='sum_over_batch_size', name='crossentropy')"
    )
    again = losses.deserialize(data)
    assert again is not None
    assert again.get_config() == loss.get_config()


def mine(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    return (y_true - y_pred).abs()


def test_custom_objects_are_known_for_one_call() -> None:
    loss = losses.deserialize("mine", {"mine": mine})
    assert isinstance(loss, losses.FunctionLoss)
    with pytest.raises(KplugError):
        losses.deserialize("mine")


def test_none_is_no_loss() -> None:
    assert losses.deserialize(None) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("AUTO", 2.5), ("SUM_OVER_BATCH_SIZE", 2.5), ("SUM", 5.0), ("NONE", [1.0, 4.0])],
)
def test_reductions_have_the_names_of_tf_keras(name: str, expected: float | list[float]) -> None:
    loss = losses.MeanSquaredError(reduction=getattr(losses.Reduction, name))
    assert loss([[0.0], [0.0]], [[1.0], [2.0]]).tolist() == expected


# --- what the constructor and the configuration of a subclass look like -------------------------
