"""Label sequences against the sum over all paths, and against Keras's operation."""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import backend as K
from kplug.errors import ArgumentValueError, DataError
from kplug.layers import Input, Lambda
from kplug.models import Model

CLASSES = 3


def _probabilities(seed: int, samples: int, steps: int, classes: int = CLASSES) -> Any:
    generator = np.random.default_rng(seed)
    return generator.dirichlet(np.ones(classes), size=(samples, steps))


def _merge(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(label for label, _ in itertools.groupby(path) if label != blank)


def _by_labels(probabilities: Any) -> dict[tuple[int, ...], float]:
    """Return the probability of every label sequence, summed over all paths."""
    steps, classes = probabilities.shape
    total: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=steps):
        labels = _merge(path, classes - 1)
        chance = float(np.prod(probabilities[np.arange(steps), path]))
        total[labels] = total.get(labels, 0.0) + chance
    return total


@given(
    seed=st.integers(0, 99),
    labels=st.lists(st.integers(0, CLASSES - 2), max_size=3),
    steps=st.integers(1, 5),
)
@settings(max_examples=25, deadline=None)
def test_cost_is_the_sum_over_all_paths(seed: int, labels: list[int], steps: int) -> None:
    probabilities = _probabilities(seed, 1, 5)
    chance = _by_labels(probabilities[0, :steps]).get(tuple(labels), 0.0)
    padded = [labels + [9] * (4 - len(labels))]
    made = K.ctc_batch_cost(padded, probabilities, [[steps]], [[len(labels)]])
    assert made.shape == (1, 1)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(made.numpy(), [[-np.log(chance)]], rtol=1e-4)


def test_blanks_fill_up_a_row_of_labels_as_in_tensorflow() -> None:
    probabilities = _probabilities(0, 2, 5)
    made = K.ctc_batch_cost([[0, 1, 2], [1, 2, 2]], probabilities, [5, 5], [3, 3])
    expected = K.ctc_batch_cost([[0, 1, 0], [1, 0, 0]], probabilities, [5, 5], [2, 1])
    torch.testing.assert_close(made, expected)
    with pytest.raises(DataError, match="a label behind a blank"):
        K.ctc_batch_cost([[0, 2, 1]], probabilities[:1], [5], [3])


def test_cost_equals_keras() -> None:
    probabilities = torch.tensor(_probabilities(0, 4, 6, 5))
    labels = torch.tensor([[0, 1, 1], [3, 2, 0], [2, 2, 2], [1, 0, 0]])
    steps, counts = torch.tensor([6, 5, 6, 4]), torch.tensor([3, 2, 3, 1])
    # Keras 3's blank comes first, and it takes logits.
    logits = torch.log(probabilities + K.epsilon()).roll(1, dims=-1)
    expected = keras.ops.ctc_loss(labels + 1, logits, counts, steps)
    made = K.ctc_batch_cost(labels, probabilities, steps[:, None], counts[:, None])
    torch.testing.assert_close(made[:, 0].double(), expected.double(), rtol=1e-5, atol=1e-5)


def test_cost_has_a_gradient() -> None:
    logits = torch.tensor(_probabilities(1, 2, 4), requires_grad=True)

    def cost(logits: torch.Tensor) -> torch.Tensor:
        return K.ctc_batch_cost([[0, 1], [1, 1]], logits.softmax(-1), [4, 4], [2, 2])

    assert torch.autograd.gradcheck(cost, logits)


@given(seed=st.integers(0, 99), steps=st.integers(1, 5), classes=st.integers(2, 4))
@settings(max_examples=20, deadline=None)
def test_search_finds_the_most_probable_labels(seed: int, steps: int, classes: int) -> None:
    probabilities = _probabilities(seed, 1, steps, classes)
    best = sorted(_by_labels(probabilities[0]).items(), key=lambda item: -item[1])[:2]
    found, values = K.ctc_decode(probabilities, [steps], greedy=False, beam_width=400, top_paths=2)
    for place, (labels, chance) in enumerate(best):
        assert found[place].shape[0] == 1
        assert tuple(found[place][0].tolist()) == labels
        assert values[0, place].item() == pytest.approx(np.log(chance), abs=1e-4)


def test_greedy_way_follows_the_best_path() -> None:
    probabilities = _probabilities(3, 5, 7)
    steps = [7, 6, 5, 1, 0]
    (found,), cost = K.ctc_decode(probabilities, steps)
    assert found.dtype is torch.int64
    assert cost.shape == (5, 1)
    for row, rows, count, value in zip(found.tolist(), probabilities, steps, cost, strict=True):
        best = rows[:count]
        assert [label for label in row if label >= 0] == list(
            _merge(tuple(best.argmax(-1).tolist()), CLASSES - 1)
        )
        assert value.item() == pytest.approx(-np.log(best.max(-1)).sum(), abs=1e-4)


def test_places_that_a_search_cannot_fill_are_empty() -> None:
    found, values = K.ctc_decode([[[0.4, 0.6]]], [1], greedy=False, top_paths=3)
    assert [labels.tolist() for labels in found] == [[[]], [[0]], [[]]]
    assert values[0, 2].item() == -np.inf


def test_labels_that_count_are_sparse() -> None:
    sparse = K.ctc_label_dense_to_sparse([[3, 4, 0], [5, 6, 7]], [[2], [0]])
    assert sparse.is_sparse
    assert K.to_dense(sparse).tolist() == [[3, 4, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda p: K.ctc_batch_cost([[3]], p, [3], [1]),
            DataError,
            "ctc_batch_cost: y_true holds a class outside [0, 2), or a label behind a blank\n"
            "  Of the 3 classes of y_pred the last one is the blank; it may fill rows up.",
        ),
        (
            lambda p: K.ctc_batch_cost([[0]], p, [4], [1]),
            DataError,
            "input_length is [4]; 1 numbers from 0 to 3 are needed",
        ),
        (lambda p: K.ctc_batch_cost([[0]], p, [3], [2]), DataError, "label_length is [2]"),
        (lambda p: K.ctc_batch_cost([0], p, [3], [1]), DataError, "y_true has shape (1,)"),
        (lambda p: K.ctc_decode(p[0], [3]), DataError, "y_pred has shape (3, 3), not (N, T, C)"),
        (
            lambda p: K.ctc_decode(p, [3], beam_width=0),
            ArgumentValueError,
            "ctc_decode: argument 'beam_width' is 0; allowed: an integer >= 1",
        ),
        (lambda p: K.ctc_decode(p, [3], top_paths=101), ArgumentValueError, "at most beam_width"),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, error: Any, text: str) -> None:
    with pytest.raises(error) as caught:
        call(_probabilities(0, 1, 3))
    assert text in str(caught.value)


def test_a_graph_has_a_cost_whose_lengths_are_inputs() -> None:
    inputs = [Input((2,)), Input((4, 3)), Input((1,)), Input((1,))]
    cost = Lambda(lambda several: K.ctc_batch_cost(*several))(inputs)
    assert cost.shape == (None, 1)
    arrays = [[[0.0, 1.0]], torch.rand(1, 4, 3).softmax(-1), [[4.0]], [[2.0]]]
    values = [torch.as_tensor(one) for one in arrays]
    torch.testing.assert_close(Model(inputs, cost)(values), K.ctc_batch_cost(*values))
