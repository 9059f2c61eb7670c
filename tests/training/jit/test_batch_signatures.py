"""The tensors of batches, and what tells batches apart that need different graphs."""

from __future__ import annotations

import pytest
import torch

from kplug.training.data.batch import Batch
from kplug.training.jit.batch_signatures import describe_batches

X, Y = torch.zeros(4, 3), torch.zeros(4, 1)


def test_each_batch_has_its_tensors_and_a_signature() -> None:
    leaves, signatures = describe_batches([Batch(X, Y), Batch({"a": X, "b": [Y]}, Y)])
    assert [[each.shape for each in one] for one in leaves] == [
        [(4, 3), (4, 1)],
        [(4, 3), (4, 1), (4, 1)],
    ]
    assert signatures[0] != signatures[1]


@pytest.mark.parametrize(
    ("other", "is_alike"),
    [
        (Batch(X + 1, Y + 1), True),
        (Batch(X[:2], Y[:2]), False),
        (Batch(X.double(), Y), False),
        (Batch(torch.zeros(3, 4).T, Y), False),
        (Batch(X), False),
        (Batch(X, [Y]), False),
    ],
    ids=["values", "rows", "type", "strides", "no targets", "structure"],
)
def test_batches_are_alike_if_one_graph_fits_both(other: Batch, is_alike: bool) -> None:
    _, (one, two) = describe_batches([Batch(X, Y), other])
    assert (one == two) == is_alike
