"""The shapes, types and names of exported inputs, from the model or as they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import layers
from kplug.errors import ArgumentValueError
from kplug.graph import TensorSpec
from kplug.saving.exporting.input_signature import find_signature, make_examples, name_inputs

ROWS = TensorSpec((None, 3), torch.float32)


def chain(*first: Any) -> Any:
    return kplug.Sequential([*first, layers.Dense(2)])


def test_a_chain_knows_its_input() -> None:
    model = chain(kplug.Input((None, 3), dtype="float64", name="steps"))
    found = find_signature(model, None)
    assert found == TensorSpec((None, None, 3), torch.float64)
    assert name_inputs(model, found) == ["steps"]


def test_a_graph_knows_its_inputs() -> None:
    ids, rows = kplug.Input((), dtype="int32", name="ids"), kplug.Input((3,), name="rows")
    model = kplug.Model({"ids": ids, "rows": rows}, rows)
    found = find_signature(model, None)
    assert found == {"ids": TensorSpec((None,), torch.int32), "rows": ROWS}
    assert name_inputs(model, found) == ["ids", "rows"]


class Own(kplug.Model):
    """A model that knows its input from the first call."""

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs


def test_a_class_knows_the_input_of_its_first_call() -> None:
    model = Own()
    model(torch.zeros(4, 3))
    assert find_signature(model, None) == ROWS
    assert name_inputs(model, ROWS) == ["inputs"]
    assert name_inputs(model, [ROWS, {"ids": ROWS}]) == ["inputs_0", "ids"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([kplug.Input((3,))], ROWS),
        (kplug.Input((3,)), ROWS),
        ([layers.InputSpec(shape=(1, 3))], TensorSpec((1, 3), torch.float32)),
        ([torch.zeros(5, 3, dtype=torch.float16)], TensorSpec((None, 3), torch.float16)),
        ([np.zeros((5, 3), "int64")], TensorSpec((None, 3), torch.int64)),
        ([[kplug.Input((3,)), {"a": kplug.Input((3,))}]], [ROWS, {"a": ROWS}]),
    ],
)
def test_what_is_given_counts(given: Any, expected: Any) -> None:
    assert find_signature(chain(), given) == expected


def test_a_shape_alone_is_refused() -> None:
    with pytest.raises(ArgumentValueError, match=r"results of kplug.Input"):
        find_signature(chain(), [(None, 3)])


def test_examples_have_sizes_that_no_graph_treats_apart() -> None:
    (found,) = make_examples([TensorSpec((None, None, 7), torch.int32)], torch.device("cpu"))
    assert found.dtype is torch.int32
    assert found.shape[2] == 7
    assert len({*found.shape, 0, 1}) == 5
