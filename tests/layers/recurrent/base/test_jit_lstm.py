"""torch's LSTM as one operation that compilers do not look into."""

from __future__ import annotations

import torch

from kplug.layers.recurrent.base.jit_lstm import lstm
from tests.layers.inputs import draw

# Not that of graphs: in what is kept for the backward pass, some bytes are never written, so two runs differ.
# test_fused_kernels.py compares the layers in graphs.
CHECKS = ("test_schema", "test_autograd_registration", "test_faketensor")


def test_opaque_operation() -> None:
    """torch's own checks of a custom operation: its shapes and its gradient."""
    arguments = [
        draw(4, 2, 3), draw(2, 5), draw(2, 5), draw(20, 3), draw(20, 5), draw(20),
    ]  # fmt: skip
    arguments = [one.requires_grad_() for one in arguments]
    torch.library.opcheck(lstm, (*arguments, True), test_utils=CHECKS)


def test_the_backward_pass_does_not_run_the_kernel_again() -> None:
    arguments = [
        draw(4, 2, 3), draw(2, 5), draw(2, 5), draw(20, 3), draw(20, 5), draw(20),
    ]  # fmt: skip
    with torch.profiler.profile() as record:
        outputs, *_ = lstm(*[one.requires_grad_() for one in arguments], True)
        outputs.sum().backward()
    calls = {each.key: each.count for each in record.key_averages()}
    assert calls["aten::mkldnn_rnn_layer"] == 1
    assert calls["aten::mkldnn_rnn_layer_backward"] == 1


def test_without_a_backward_pass_nothing_is_kept_for_it() -> None:
    arguments = [draw(4, 2, 3), draw(2, 5), draw(2, 5), draw(20, 3), draw(20, 5), draw(20)]
    assert [lstm(*arguments, keeps)[3].numel() > 0 for keeps in (False, True)] == [False, True]
