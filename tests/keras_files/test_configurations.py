"""Configurations as text, written by one library and read by the other."""

from __future__ import annotations

from typing import Any

import keras

import kplug


def test_text_of_keras_is_read(sampled_pair: Any) -> None:
    pair = sampled_pair
    ours = kplug.models.model_from_json(pair.theirs.to_json())
    ours.set_weights(pair.weights)
    pair.check_outputs(ours)
    expected = [layer.name for layer in pair.theirs.layers]
    # Keras lists no operators, such as that of `a + b`.
    assert [layer.name for layer in ours.layers if layer.name in expected] == expected


def test_keras_reads_our_text(sampled_pair: Any) -> None:
    pair = sampled_pair
    theirs = keras.models.model_from_json(pair.build_ours().to_json())
    theirs.set_weights(pair.weights)
    pair.check_outputs(theirs)


def test_our_configuration_makes_the_model_again(sampled_pair: Any) -> None:
    pair = sampled_pair
    ours = pair.build_ours()
    again = type(ours).from_config(ours.get_config())
    again.set_weights(pair.weights)
    pair.check_outputs(again)
    assert again.get_config() == ours.get_config()
