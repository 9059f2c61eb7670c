"""Numbers of bins against Keras."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras.src.layers.preprocessing import discretization as keras_module
from kplug_preprocessing.layers import Discretization

from kplug.errors import ArgumentError, ArgumentValueError, DataError, NotBuiltError

EDGES = [0.0, 0.5, 2.0]
X = torch.tensor([[-1.0, 0.0], [0.5, 0.7], [2.0, 9.0]])


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("x", [X, X[:, :1].clone(), X[:, 0].clone(), (10 * X).int()])
def test_outputs(mode: str, x: torch.Tensor) -> None:
    arguments: Any = {"bin_boundaries": EDGES, "output_mode": mode}
    ours, theirs = Discretization(**arguments), keras.layers.Discretization(**arguments)
    made, expected = ours(x), theirs(x)
    torch.testing.assert_close(made, expected)
    if x.ndim > 1:
        assert ours.compute_output_shape((None, *x.shape[1:])) == (None, *expected.shape[1:])


def _adapt_keras(batches: list[Any], arguments: dict[str, Any]) -> Any:
    """Return Keras's boundaries; its `adapt` asks for TensorFlow."""
    summary: Any = np.array([[], []], dtype="float32")
    error = arguments.get("epsilon", 0.01)
    for batch in batches:
        own = keras_module.summarize(batch, error)
        summary = keras_module.merge_summaries(own, summary, error)
    return keras_module.get_bin_boundaries(summary, arguments["num_bins"])


@pytest.mark.parametrize("sizes", [[7], [200], [50, 1000], [3000, 10, 500]])
@pytest.mark.parametrize(
    "arguments", [{"num_bins": 4}, {"num_bins": 20, "epsilon": 0.1}, {"num_bins": 1}]
)
def test_adapted(sizes: list[int], arguments: dict[str, Any]) -> None:
    random = np.random.default_rng(1)
    batches = [random.normal(size=size).astype("float32") for size in sizes]
    layer: Any = Discretization(**arguments)
    with pytest.raises(NotBuiltError, match="has no boundaries yet"):
        layer(X)
    layer.adapt(iter(batches))
    np.testing.assert_allclose(layer.bin_boundaries, _adapt_keras(batches, arguments), rtol=1e-6)
    again: Any = Discretization.from_config(json.loads(json.dumps(layer.get_config())))
    assert torch.equal(again(X), layer(X))
    again.adapt(batches[0])
    np.testing.assert_allclose(
        again.bin_boundaries, _adapt_keras(batches[:1], arguments), rtol=1e-6
    )


def test_a_config_of_keras_is_taken() -> None:
    theirs = keras.layers.Discretization(bin_boundaries=EDGES, output_mode="one_hot")
    layer = Discretization.from_config(theirs.get_config())
    assert (layer.bin_boundaries, layer.output_mode) == (EDGES, "one_hot")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"bin_boundaries": [1.0, 0.0]},
            "'bin_boundaries' is .*; allowed: numbers in rising order",
        ),
        ({"bin_boundaries": "abc"}, "'bin_boundaries' is 'abc'; allowed: numbers in rising order"),
        ({"num_bins": 0}, "'num_bins' is 0; allowed: an integer >= 1"),
        ({"num_bins": 2, "epsilon": 1.0}, "'epsilon' is 1.0; allowed: a number between 0 and 1"),
        ({"num_bins": 2, "output_mode": "tf_idf"}, "'output_mode' is 'tf_idf'; allowed"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        Discretization(**arguments)


def test_boundaries_and_numbers_of_bins() -> None:
    for arguments, shown in (({}, "neither"), ({"bin_boundaries": EDGES, "num_bins": 4}, "both")):
        with pytest.raises(ArgumentError, match=f"either bin_boundaries or num_bins, got {shown}"):
            Discretization(**arguments)  # type: ignore[arg-type]


def test_adapting_what_was_given_and_to_nothing() -> None:
    with pytest.raises(ArgumentError, match="was given its boundaries"):
        Discretization(EDGES).adapt(X)
    layer = Discretization(num_bins=3)
    with pytest.raises(DataError, match="cannot adapt to data without samples"):
        layer.adapt(iter([]))
    assert layer.bin_boundaries is None
