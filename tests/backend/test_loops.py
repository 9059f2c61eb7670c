"""Loops against NumPy, functools and Keras's own recurrence."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from keras.src.backend.torch.rnn import rnn as keras_rnn

from kplug import backend as K
from kplug.errors import DataError

X = np.arange(12.0).reshape(4, 3)


def test_map_stacks_results() -> None:
    np.testing.assert_array_equal(K.map_fn(lambda row: row**2, X).numpy(), X**2)
    assert K.map_fn(lambda row: row.sum(), X, dtype="int32").dtype is torch.int32


def test_map_takes_and_returns_several_tensors() -> None:
    both = K.map_fn(
        lambda pair: (pair[0] + pair[1], pair[0]), (torch.tensor(X), torch.tensor(2 * X))
    )
    np.testing.assert_array_equal(both[0].numpy(), 3 * X)
    np.testing.assert_array_equal(both[1].numpy(), X)


def test_map_takes_nested_lists_as_one_tensor() -> None:
    assert K.map_fn(lambda row: row[0], [[1, 2], [3, 4]]).tolist() == [1, 3]


@given(values=st.lists(st.integers(-5, 5), min_size=1, max_size=6), start=st.integers(-3, 3))
@settings(max_examples=20, deadline=None)
def test_folds_equal_functools(values: list[int], start: int) -> None:
    def step(total: Any, x: Any) -> Any:
        return 2 * total - x

    assert int(K.foldl(step, values)) == functools.reduce(step, values)
    assert int(K.foldl(step, values, start)) == functools.reduce(step, values, start)
    assert int(K.foldr(step, values)) == functools.reduce(step, values[::-1])
    assert int(K.foldr(step, values, start)) == functools.reduce(step, values[::-1], start)


def test_no_entries_are_refused_unless_there_is_a_start() -> None:
    nothing = torch.zeros(0, 2)
    for call in (K.map_fn, K.foldl, K.foldr):
        with pytest.raises(DataError, match=f"{call.__name__}: elems has no entry"):
            call(lambda *values: values[-1], nothing)
    assert K.foldl(lambda total, x: x, nothing, 7) == 7


def _step(x: torch.Tensor, states: Any) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return a step with two states, and with a constant where one is given."""
    hidden, count, *constants = states
    scale = constants[0] if constants else 1.0
    hidden = torch.tanh(x * scale + 0.5 * hidden)
    return hidden + count, [hidden, count + 1]


@given(
    go_backwards=st.booleans(),
    has_constant=st.booleans(),
    mask=st.none()
    | st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=3, max_size=3),
    is_column=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_recurrence_equals_keras(
    go_backwards: bool, has_constant: bool, mask: Any, is_column: bool
) -> None:
    x = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0))
    states = [torch.ones(3, 2), torch.zeros(3, 2)]
    constants = [torch.tensor(2.0)] if has_constant else None
    kept = None if mask is None else torch.tensor(mask)
    if kept is not None and is_column:
        kept = kept[..., None]
    # Keras on torch cannot turn a mask round (it fails, or leaves it as it is), so we do.
    turned = [one.flip(1) if go_backwards and one is not None else one for one in (x, kept)]
    expected = keras_rnn(_step, turned[0], states, False, turned[1], constants, unroll=True)
    made = K.rnn(_step, x, states, go_backwards, kept, constants)
    torch.testing.assert_close(made[0], expected[0])
    torch.testing.assert_close(made[1], expected[1])
    torch.testing.assert_close(made[2], list(expected[2]))


def test_recurrence_has_gradients() -> None:
    x = torch.randn(2, 3, 2, dtype=torch.float64, requires_grad=True)
    start = [torch.zeros(2, 2, dtype=torch.float64)] * 2
    mask = torch.tensor([[1, 0, 1], [1, 1, 0]])
    assert torch.autograd.gradcheck(lambda x: K.rnn(_step, x, start, mask=mask)[:2], x)


def test_sequences_need_a_time() -> None:
    with pytest.raises(DataError, match=r"rnn: inputs has shape \(2, 0, 1\)"):
        K.rnn(_step, torch.zeros(2, 0, 1), [])
