"""Masked sequences on torch's fused kernels, which do not support masks.

The unmasked time steps of each sample move to the front, the kernel runs over all steps, and the outputs
move back. No size depends on the mask's values, so there are no GPU synchronizations and no graph breaks.
Only on the CPU the values are read: where padding stands at the end, no time step has to move.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def run_where(
    kernel: Callable[..., tuple[Tensor, list[Tensor]]],
    sequences: Tensor,
    states: list[Tensor],
    mask: Tensor,
    *,
    needs_states: bool,
    needs_outputs: bool = True,
) -> tuple[Tensor, list[Tensor]]:
    """Run a kernel over the unmasked time steps only.

    Args:
        kernel: Runs over whole sequences. With several states it may receive the mask as a third
            argument, and then returns the states after the unmasked steps.
        sequences: Shape (N, time, in).
        states: The initial states; the first of them is what the kernel outputs.
        mask: Booleans, shape (N, time).
        needs_states: Whether the states are wanted.
        needs_outputs: Whether the outputs of all time steps are wanted, and not only the last ones.

    Returns:
        The outputs (N, time, units), or the last ones (N, 1, units), at a masked time step that of the step
        before (0 at the start); and the states after the last kept step, (N, units) each, if they are wanted.
    """
    front, kept = sequences, mask
    if not _is_in_front(mask):
        order = _find_order(mask)
        front = sequences.gather(1, order.unsqueeze(-1).expand_as(sequences))
        kept = mask.gather(1, order)
    # The outputs provide all states except those that are no output, such as an LSTM's c.
    needs_others = needs_states and len(states) > 1
    made, ends = kernel(front, states, *([kept] if needs_others else []))
    counts = mask.cumsum(1)  # the unmasked steps so far
    outputs = _pick(made, counts if needs_outputs else counts[:, -1:], made.new_zeros(()))
    if not needs_states:
        return outputs, []
    last = _pick(made, counts[:, -1:], states[0].unsqueeze(1))
    return outputs, [last.squeeze(1), *ends[1:]]


def _find_order(mask: Tensor) -> Tensor:
    """Return the time steps of each sample, the unmasked ones first, each kind in the order of time."""
    if not torch.compiler.is_exporting():
        # False sorts before True, and a stable sort keeps the order in time.
        return torch.argsort(mask.logical_not().to(torch.uint8), dim=1, stable=True)
    kept, passed = mask.cumsum(1), mask.logical_not().cumsum(1)  # ONNX knows no stable sort
    places = torch.where(mask, kept, kept[:, -1:] + passed) - 1
    times = torch.arange(mask.shape[1], device=mask.device).expand(mask.shape)
    return torch.zeros_like(places).scatter(1, places, times)


def _is_in_front(mask: Tensor) -> bool:
    """Return whether no unmasked time step follows a masked one; False where values must not be read."""
    is_traced = torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    if is_traced or mask.device.type != "cpu":
        return False
    try:
        return not bool((mask[:, 1:] > mask[:, :-1]).any())
    except RuntimeError:  # inside torch.func.vmap
        return False


def hold_after(
    kept: Tensor, sequences: Tensor, weights: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Return inputs and weights that leave an LSTM's c unchanged where ``kept`` is False.

    The kernel returns all h, but only the last c, which must be that of the last step that counts. One more
    feature is 1 at the other steps, and its weights close the gate i and open f: the sigmoids of ∓10⁴ are 0
    and 1 in every type, so exactly that no gradient passes either.

    Args:
        kept: Booleans, shape (N, time).
        sequences: Shape (N, time, in).
        weights: Torch's, as for ``run_lstm``.
    """
    kernel, *others = weights
    pushes = kernel.new_zeros(4, len(kernel) // 4, 1)
    pushes[0], pushes[1] = -1e4, 1e4
    is_kept = kept.unsqueeze(-1)
    inputs = [sequences.where(is_kept, 0.0), is_kept.logical_not().to(sequences.dtype)]
    return torch.cat(inputs, -1), [torch.cat([kernel, pushes.flatten(0, 1)], 1), *others]


def _pick(rows: Tensor, counts: Tensor, first: Tensor) -> Tensor:
    """Return the rows of so many unmasked time steps, ``first`` where there were none."""
    counts = counts.unsqueeze(-1)
    places = (counts - 1).clamp(min=0).expand(-1, -1, rows.shape[-1])
    return torch.where(counts > 0, rows.gather(1, places), first)
