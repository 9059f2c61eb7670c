"""Masks that tensors carry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from kplug.backend.masks import (
    as_masks,
    attach_masks,
    find_masks,
    get_mask,
    keep_mask,
    set_mask,
)


def _masked(has_mask: bool) -> torch.Tensor:
    tensor = torch.zeros(1, 2, 3)
    if has_mask:
        set_mask(tensor, torch.tensor([[True, False]]))
    return tensor


structures = st.recursive(
    st.booleans().map(_masked),
    lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.text(), inner, min_size=1),
    max_leaves=5,
)


def _leaves(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, list):
        return [leaf for part in structure for leaf in _leaves(part)]
    return [structure]


@given(structures)
def test_what_is_found_can_be_attached(structure: Any) -> None:
    masks = find_masks(structure)
    has_any = any(get_mask(leaf) is not None for leaf in _leaves(structure))
    assert (masks is not None) is has_any
    plain = _detached(structure)
    attached = attach_masks(plain, masks)
    assert [get_mask(leaf) for leaf in _leaves(attached)] == [
        get_mask(leaf) for leaf in _leaves(structure)
    ]
    assert all(get_mask(leaf) is None for leaf in _leaves(plain))


def _detached(structure: Any) -> Any:
    if isinstance(structure, dict):
        return {key: _detached(part) for key, part in structure.items()}
    if isinstance(structure, list):
        return [_detached(part) for part in structure]
    return structure.detach()


def test_keep_mask() -> None:
    source = _masked(True)
    assert get_mask(keep_mask(source + 1, source)) is get_mask(source)
    plain = source + 1
    assert get_mask(keep_mask(plain, _masked(False))) is None


def test_set_mask_takes_it_away() -> None:
    tensor = _masked(True)
    set_mask(tensor, None)
    assert get_mask(tensor) is None


@pytest.mark.parametrize(
    "given_mask", [[[1, 0]], np.array([[1, 0]]), torch.tensor([[1.0, 0.0]]), [[True, False]]]
)
def test_as_masks(given_mask: Any) -> None:
    made = as_masks(given_mask)
    assert made.dtype is torch.bool
    assert made.tolist() == [[True, False]]


def test_as_masks_of_several() -> None:
    mask = np.array([[1, 0]])
    first, second, third = as_masks([mask, None, torch.tensor([[0, 0]])])
    assert first.tolist() == [[True, False]]
    assert second is None
    assert third.tolist() == [[False, False]]
    assert as_masks({"a": mask})["a"].tolist() == [[True, False]]
