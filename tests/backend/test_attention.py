"""Attention as sums written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.backend.attention import (
    attend,
    causal_mask,
    join_masks,
    make_attention_equations,
    masked_softmax,
    window_mask,
)
from kplug.errors import DataError

sizes = st.integers(1, 4)


def _draw(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@given(shape=st.tuples(sizes, sizes, sizes, sizes, sizes, sizes), kind=st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_attend(shape: tuple[int, int, int, int, int, int], kind: int) -> None:
    batch, queries, keys, heads, features, outputs = shape
    query, key = _draw(batch, queries, heads, features), _draw(batch, keys, heads, features, seed=1)
    value = _draw(batch, keys, heads, outputs, seed=2)
    allowed = torch.ones(1, 1, queries, keys, dtype=torch.bool)
    if kind == 1:
        allowed = causal_mask(queries, keys, torch.device("cpu"))[None]
    if kind == 2:
        allowed = (
            torch.rand(batch, 1, queries, keys, generator=torch.Generator().manual_seed(3)) > 0.5
        )
        allowed[..., 0] = True
    made = attend(
        query, key, value, scale=0.7, mask=allowed if kind == 2 else None, is_causal=kind == 1
    )
    expected = np.zeros((batch, queries, heads, outputs))
    seen = allowed.expand(batch, heads, queries, keys).numpy()
    for n, t, h in np.ndindex(batch, queries, heads):
        fits = np.array([0.7 * float(query[n, t, h] @ key[n, s, h]) for s in range(keys)])
        shares = np.exp(fits) * seen[n, h, t]
        expected[n, t, h] = shares @ value[n, :, h].numpy() / shares.sum()
    np.testing.assert_allclose(made.numpy(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("has_mask", [False, True])
def test_bfloat16_trains_in_float32(has_mask: bool) -> None:
    exact = [_draw(2, 6, 2, 4, seed=s).bfloat16() for s in range(3)]
    mask = _draw(2, 1, 1, 6, seed=4) > 0 if has_mask else None
    wanted = attend(*(one.float() for one in exact), scale=0.7, mask=mask)
    heads = [one.clone().requires_grad_() for one in exact]
    with torch.autocast("cpu", torch.bfloat16):
        made = attend(*heads, scale=0.7, mask=mask)
    assert torch.equal(made, wanted.bfloat16())
    gradients = torch.autograd.grad(made.float().sum(), heads)
    assert {gradient.dtype for gradient in gradients} == {torch.bfloat16}


def test_a_query_that_may_look_nowhere() -> None:
    query, value = _draw(1, 1, 1, 2), _draw(1, 3, 1, 2, seed=1)
    nothing = torch.zeros(1, 1, 1, 3, dtype=torch.bool)
    made = attend(query, value, value, scale=1.0, mask=nothing)
    torch.testing.assert_close(made[0, 0, 0], value[0, :, 0].mean(0))
    assert not masked_softmax(_draw(1, 3), torch.zeros(1, 3, dtype=torch.bool)).any()


@pytest.mark.parametrize("has_mask", [False, True])
def test_the_mask_of_queries_counts_like_rows_of_the_mask(has_mask: bool) -> None:
    query, key, value = (_draw(2, n, 2, 3, seed=s) for s, n in enumerate((4, 5, 5)))
    query_mask = torch.tensor([[True, False, True, True], [True, True, False, False]])
    mask = torch.tensor([[True, True, False, True, True], [False] * 5])  # all of a sample, too
    columns = mask[:, None, None] if has_mask else torch.ones(2, 1, 1, 5, dtype=torch.bool)
    rows = query_mask[:, None, :, None]
    whole = attend(query, key, value, scale=0.7, mask=rows & columns)
    given = columns if has_mask else None
    made = attend(query, key, value, scale=0.7, mask=given, query_mask=rows)
    torch.testing.assert_close(made, whole)


def test_gradients_of_queries_that_may_look_nowhere() -> None:
    query, key, value = (
        _draw(2, n, 2, 3, seed=s).requires_grad_() for s, n in enumerate((4, 5, 5))
    )
    mask = _draw(2, 1, 4, 5, seed=9) > 0
    mask[0, :, 1] = mask[1] = False
    assert torch.autograd.gradcheck(
        lambda *heads: attend(*heads, scale=0.7, mask=mask), (query, key, value)
    )


@pytest.mark.parametrize("axis_count", [1, 2])
def test_masked_softmax(axis_count: int) -> None:
    scores, mask = _draw(2, 3, 4), _draw(2, 3, 4, seed=1) > 0
    mask[:, 0, 0] = mask[:, :, 1] = True
    powers = np.exp(scores.numpy()) * mask.numpy()
    axes = tuple(range(3 - axis_count, 3))
    expected = powers / powers.sum(axes, keepdims=True)
    np.testing.assert_allclose(masked_softmax(scores, mask, axis_count).numpy(), expected)


@pytest.mark.parametrize(("ndim", "axes"), [(4, (1,)), (5, (1, 2)), (5, (2,)), (6, (1, 3))])
def test_equations(ndim: int, axes: tuple[int, ...]) -> None:
    scores, outputs = make_attention_equations(ndim, axes)
    (source, target), made = scores.split("->")[0].split(","), scores.split("->")[1]
    assert all(
        (a == b) is (axis not in axes)
        for axis, (a, b) in enumerate(zip(source, target, strict=True))
    )
    assert made[-2 * len(axes) :] == "".join(
        letters[axis] for letters in (target, source) for axis in axes
    )
    assert outputs == f"{made},{source}->{target}"


def test_masks_of_places() -> None:
    device = torch.device("cpu")
    causal, near = causal_mask(3, 4, device)[0], window_mask(3, 4, 2, device)[0]
    for row, column in np.ndindex(3, 4):
        assert bool(causal[row, column]) is (column <= row)
        assert bool(near[row, column]) is (abs(row - column) < 2)


def test_masks_are_joined() -> None:
    rows, columns = torch.tensor([[True], [False]]), torch.tensor([[True, False, True]])
    joined = join_masks(rows, None, columns)
    assert joined is not None
    assert joined.tolist() == [[True, False, True], [False] * 3]
    assert join_masks(None, None) is None
    with pytest.raises(
        DataError, match=r"masks of shapes \(1, 3\) and \(1, 2\) do not fit together"
    ):
        join_masks(columns, columns[:, :2])
