"""A batch."""

from __future__ import annotations

import sys

import torch

from kplug.training.data.batch import Batch, check_batch_size


def test_a_batch_knows_its_size_whatever_the_structure() -> None:
    assert Batch(torch.zeros(4, 2)).size == 4
    assert Batch([torch.zeros(3, 2), torch.zeros(3)], None, None).size == 3
    assert Batch({"a": torch.zeros(5)}).size == 5


def test_a_batch_may_be_larger_than_any_array() -> None:
    assert check_batch_size(2**70, "fit") == sys.maxsize
