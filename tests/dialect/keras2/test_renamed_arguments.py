"""Arguments of Keras 1 and 2 under today's names, with the defaults that were not written."""

from __future__ import annotations

from typing import Any

import pytest

from kplug import layers
from kplug.dialect.generations import KERAS_2, Generation
from kplug.dialect.keras2.renamed_arguments import find_present_names, modernise


@pytest.mark.parametrize(
    ("owner", "old", "new"),
    [
        (
            layers.Dense,
            {"output_dim": 3, "init": "zero", "bias": False, "b_regularizer": None},
            {"units": 3, "kernel_initializer": "zero", "use_bias": False, "bias_regularizer": None},
        ),
        (
            layers.Conv2D,
            {"nb_filter": 4, "nb_row": 2, "nb_col": 3, "border_mode": "same", "dim_ordering": "th"},
            {
                "filters": 4,
                "kernel_size": [2, 3],
                "padding": "same",
                "data_format": "channels_first",
            },
        ),
        (
            layers.Embedding,
            {"input_dim": 9, "output_dim": 3, "init": "uniform"},
            {"input_dim": 9, "output_dim": 3, "embeddings_initializer": "uniform"},
        ),
        (layers.Dropout, {"p": 0.5}, {"rate": 0.5}),
        (layers.BatchNormalization, {"axis": [3]}, {"axis": 3}),
        (layers.BatchNormalization, {"axis": [1, 2]}, {"axis": [1, 2]}),
    ],
)
def test_old_names_become_those_of_today(
    owner: type, old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert modernise(owner, old) == new


def test_defaults_of_keras_2_are_added_for_keras_2_alone() -> None:
    assert modernise(layers.GRU, {"units": 3}) == {"units": 3}
    assert modernise(layers.GRU, {"units": 3}, KERAS_2) == {"units": 3, "reset_after": False}
    written = {"units": 3, "reset_after": True}
    assert modernise(layers.GRU, written, KERAS_2) == written
    assert modernise(layers.Flatten, {}, KERAS_2) == {"data_format": "channels_last"}
    assert modernise(layers.SpatialDropout2D, {"rate": 0.5}, KERAS_2) == {"rate": 0.5}


def test_forget_bias_of_keras_1_is_a_flag_of_today() -> None:
    ones = {"units": 3, "forget_bias_init": "one"}
    zeros = {"units": 3, "forget_bias_init": "zero"}
    assert modernise(layers.LSTM, ones, KERAS_2)["unit_forget_bias"] is True
    assert modernise(layers.LSTM, zeros, KERAS_2)["unit_forget_bias"] is False


def test_bilinear_upsampling_is_another_one_in_multi_backend_keras() -> None:
    config = {"size": [2, 2], "interpolation": "bilinear", "data_format": "channels_last"}
    old = modernise(layers.UpSampling2D, config, Generation(2, is_multi_backend=True))
    assert old == {**config, "interpolation": "legacy_bilinear"}
    assert modernise(layers.UpSampling2D, config, KERAS_2) == config


class Dense(layers.Dense):
    """A class of a user's."""


@pytest.mark.parametrize("owner", [Dense, None])
def test_arguments_of_others_are_their_own(owner: type | None) -> None:
    config = {"output_dim": 3, "p": 0.5}
    assert modernise(owner, config, KERAS_2) == config


def test_present_names_are_found_where_the_class_knows_them() -> None:
    known = {"filters", "kernel_size", "embeddings_initializer"}
    assert find_present_names(["nb_row", "init", "p"], known) == {
        "nb_row": "kernel_size",
        "init": "embeddings_initializer",
    }
    assert find_present_names([], known) == {}


def test_a_layout_that_is_no_text_is_left_to_the_layer() -> None:
    assert modernise(layers.Conv2D, {"data_format": [1]}) == {"data_format": [1]}
