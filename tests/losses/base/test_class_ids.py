"""Targets that are class ids: their forms, and ids that are no class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug import losses
from kplug.errors import DataError


def test_one_hot_targets_for_the_sparse_loss() -> None:
    with pytest.raises(DataError) as caught:
        losses.SparseCategoricalCrossentropy()(torch.eye(3), torch.rand(3, 3))
    assert str(caught.value) == (
        "sparse_categorical_crossentropy: y_true has shape (3, 3) and y_pred has shape (3, 3); class "
        "ids of shape (3,) are needed\n"
        "  These look like one-hot targets: use categorical_crossentropy, or y_true.argmax(-1)."
    )


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize(("wrong", "named"), [(3, 3), (-1, -1), (-100, -100)])
def test_class_id_out_of_range(from_logits: bool, wrong: int, named: int) -> None:
    with pytest.raises(DataError) as caught:
        losses.SparseCategoricalCrossentropy(from_logits)(
            torch.tensor([0, wrong]), torch.rand(2, 3)
        )
    assert str(caught.value) == (
        f"sparse_categorical_crossentropy: y_true holds the class id {named}; y_pred has 3 classes, "
        "so that ids go from 0 to 2\n"
        "  Count classes from 0, enlarge the last layer, or set ignore_class."
    )


@pytest.mark.parametrize("ids", [[1, 2], [[1], [2]], [1.0, 2.0], [[1.0], [2.0]]])
def test_class_ids_come_in_four_forms(ids: Any) -> None:
    p = [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]]
    values = losses.sparse_categorical_crossentropy(ids, p)
    np.testing.assert_allclose(values, -np.log([0.95, 0.1]), rtol=1e-6)
