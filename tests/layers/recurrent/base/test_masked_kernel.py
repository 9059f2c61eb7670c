"""Masked sequences on torch's kernels, against the same kernels on the time steps that count alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from kplug.layers.recurrent.base.fused_kernels import run_gru, run_lstm
from kplug.layers.recurrent.base.masked_kernel import hold_after, run_where

UNITS, FEATURES = 3, 2
MASKS = {
    "some": [[1, 0, 1, 1, 0], [0, 1, 0, 0, 1]],
    "the end": [[1, 1, 1, 0, 0], [1, 0, 0, 0, 0]],
    "none": [[0, 0, 0, 0, 0], [1, 1, 1, 1, 1]],
}


def _draw(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _weights(gates: int) -> list[Tensor]:
    width = gates * UNITS
    shapes = [(width, FEATURES), (width, UNITS), (width,), (width,)]
    return [_draw(*shape, seed=seed) for seed, shape in enumerate(shapes)]


def _repeat_last(outputs: Tensor, mask: Tensor) -> Tensor:
    """Return outputs of the time steps that count, put where they belong, for one sample."""
    rows, last = [], torch.zeros(UNITS, dtype=torch.float64)
    kept = iter(outputs)
    for counts in mask:
        last = next(kept) if counts else last
        rows.append(last)
    return torch.stack(rows)


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("needs_states", [True, False])
def test_lstm(name: str, needs_states: bool) -> None:
    mask = torch.tensor(MASKS[name]).bool()
    x, h, c = _draw(2, 5, FEATURES, seed=7), _draw(2, UNITS, seed=8), _draw(2, UNITS, seed=9)
    weights = _weights(4)

    def kernel(front: Tensor, states: list[Tensor], kept: Tensor | None = None) -> object:
        if kept is None:
            return run_lstm(front, states, weights)
        return run_lstm(*_turn(hold_after(kept, front, weights), states))

    outputs, states = run_where(kernel, x, [h, c], mask, needs_states=needs_states)  # type: ignore[arg-type]
    assert len(states) == (2 if needs_states else 0)
    for sample in range(2):
        chosen = x[sample, mask[sample]]
        expected, ends = torch.zeros(0, UNITS, dtype=torch.float64), [h[sample], c[sample]]
        if len(chosen):
            made, last_h, last_c = torch.lstm(
                chosen[None], (h[sample][None, None], c[sample][None, None]), weights,
                True, 1, 0.0, False, False, True,
            )  # fmt: skip
            expected, ends = made[0], [last_h[0, 0], last_c[0, 0]]
        torch.testing.assert_close(outputs[sample], _repeat_last(expected, mask[sample]))
        for state, end in zip(states, ends, strict=False):
            torch.testing.assert_close(state[sample], end)


def _turn(
    held: tuple[Tensor, list[Tensor]], states: list[Tensor]
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    sequences, weights = held
    return sequences, states, weights


@pytest.mark.parametrize("name", MASKS)
def test_gru(name: str) -> None:
    mask = torch.tensor(MASKS[name]).bool()
    x, h = _draw(2, 5, FEATURES, seed=7), _draw(2, UNITS, seed=8)
    weights = _weights(3)
    outputs, (state,) = run_where(
        lambda front, states: run_gru(front, states, weights), x, [h], mask, needs_states=True
    )
    for sample in range(2):
        chosen = x[sample, mask[sample]]
        expected, end = torch.zeros(0, UNITS, dtype=torch.float64), h[sample]
        if len(chosen):
            made, last = torch.gru(
                chosen[None], h[sample][None, None], weights, True, 1, 0.0, False, False, True
            )
            expected, end = made[0], last[0, 0]
        torch.testing.assert_close(outputs[sample], _repeat_last(expected, mask[sample]))
        torch.testing.assert_close(state[sample], end)


@pytest.mark.parametrize("name", MASKS)
def test_the_last_outputs_alone_are_those_of_all(name: str) -> None:
    mask = torch.tensor(MASKS[name]).bool()
    x, h = _draw(2, 5, FEATURES, seed=7), _draw(2, UNITS, seed=8)
    weights = _weights(3)

    def run(needs_outputs: bool) -> tuple[Tensor, list[Tensor]]:
        return run_where(
            lambda front, states: run_gru(front, states, weights), x, [h], mask,
            needs_states=True, needs_outputs=needs_outputs,
        )  # fmt: skip

    (outputs, (state,)), (last, (same,)) = run(True), run(False)
    torch.testing.assert_close(last, outputs[:, -1:], rtol=0, atol=0)
    torch.testing.assert_close(same, state, rtol=0, atol=0)


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the operations of torch, each with the size of its result."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.sizes: dict[str, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made, name = func(*args, **(kwargs or {})), func.overloadpacket.__name__
        size = made.numel() if isinstance(made, Tensor) else 0
        self.sizes[name] = max(size, self.sizes.get(name, 0))
        return made


@pytest.mark.parametrize(("name", "is_moved"), [("the end", False), ("some", True)])
def test_only_steps_behind_masked_ones_are_moved(name: str, is_moved: bool) -> None:
    mask = torch.tensor(MASKS[name]).bool()
    x, h = _draw(2, 5, FEATURES, seed=7), _draw(2, UNITS, seed=8)
    weights = _weights(3)
    with _Operations() as found:
        run_where(
            lambda front, states: run_gru(front, states, weights), x, [h], mask,
            needs_states=False, needs_outputs=False,
        )  # fmt: skip
    assert ("sort" in found.sizes) is is_moved
    assert found.sizes["gather"] == (x.numel() if is_moved else h.numel())


def test_masks_that_cannot_be_read_are_moved_too() -> None:
    mask = torch.tensor(MASKS["the end"]).bool()
    x, h = _draw(2, 5, FEATURES, seed=7), _draw(2, UNITS, seed=8)
    kernel = lambda front, states: (front.cumsum(1), states)  # noqa: E731 - torch's has no batching rule

    def run(one: Tensor, kept: Tensor) -> Tensor:
        states = [torch.zeros(1, FEATURES, dtype=torch.float64)]
        return run_where(kernel, one[None], states, kept[None], needs_states=False)[0][0]

    together = run_where(kernel, x, [h.new_zeros(2, FEATURES)], mask, needs_states=False)[0]
    torch.testing.assert_close(torch.vmap(run)(x, mask), together)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_traced_program_takes_other_masks_than_it_was_traced_with() -> None:
    masks = {name: torch.tensor(mask).bool() for name, mask in MASKS.items()}
    x, h = _draw(2, 5, FEATURES, seed=7), _draw(2, UNITS, seed=8)
    weights = _weights(3)

    def run(mask: Tensor) -> Tensor:
        kernel = lambda front, states: run_gru(front, states, weights)  # noqa: E731
        return run_where(kernel, x, [h], mask, needs_states=False)[0]

    # Without its comparison, since constants differ without gradients.
    traced = torch.jit.trace(run, (masks["the end"],), check_trace=False)  # type: ignore[no-untyped-call]
    for mask in masks.values():
        torch.testing.assert_close(traced(mask), run(mask))


def test_no_gradient_passes_through_what_does_not_count() -> None:
    mask = torch.tensor(MASKS["the end"]).bool()
    x = _draw(2, 5, FEATURES, seed=7).requires_grad_()
    states = [torch.zeros(2, UNITS, dtype=torch.float64) for _ in range(2)]
    weights = _weights(4)
    held, wider = hold_after(mask, x, weights)
    outputs, (_, c) = run_lstm(held, states, wider)
    c.sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert not x.grad[~mask].any()
    assert x.grad[mask].any()
    assert outputs.shape == (2, 5, UNITS)
