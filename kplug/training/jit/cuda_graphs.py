"""Compiled graphs as CUDA graphs: one launch per step instead of one per kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from kplug.registry.user_warnings import warn

_WARM_UPS = 2  # calls in which libraries initialize, which is not allowed during capture

_REFUSED = (
    "jit_compile='reduce-overhead': a compiled step runs without a CUDA graph, as torch cannot "
    "capture it"
)
_ADVICE = "jit_compile=True compiles without this warning."

JitGraph = Callable[..., Sequence[Tensor]]


class CudaGraphCall:
    """Runs a compiled graph a few times, then captures it as a CUDA graph and replays that.

    A replay reads and writes the memory of the captured call. So varying inputs are copied into that memory,
    and outputs are copied out. Other inputs, such as weights, must keep their addresses, or the graph is
    captured again.
    """

    def __init__(self, run: JitGraph, moving: slice) -> None:
        self._run, self._moving = run, moving
        self._addresses: list[int] = []
        self._calls = 0
        self._inputs: list[Tensor] = []
        self._outputs: Sequence[Tensor] = ()
        self._replay: Callable[[], None] | None = None
        self._is_refused = False

    def __call__(self, *inputs: Tensor) -> Sequence[Tensor]:
        """Run the graph."""
        if self._is_refused:
            return self._run(*inputs)
        held = [*inputs[: self._moving.start], *inputs[self._moving.stop :]]
        addresses = list(map(Tensor.data_ptr, held))
        if addresses != self._addresses:
            self._addresses, self._calls, self._replay = addresses, 0, None
        replay = self._replay or self._find_replay(inputs)
        if replay is None:
            return self._run(*inputs)
        for memory, given in zip(self._inputs, inputs[self._moving], strict=True):
            memory.copy_(given, non_blocking=True)
        replay()
        return [output.clone() for output in self._outputs]

    def _find_replay(self, inputs: Sequence[Tensor]) -> Callable[[], None] | None:
        """Capture the graph without running it; None during warm-up, or if capturing fails."""
        self._calls += 1
        if self._calls <= _WARM_UPS:
            return None
        self._inputs = [given.clone() for given in inputs[self._moving]]
        before, after = inputs[: self._moving.start], inputs[self._moving.stop :]
        try:
            self._replay, self._outputs = capture(lambda: self._run(*before, *self._inputs, *after))
        except RuntimeError as error:
            self._is_refused = True
            warn(f"{_REFUSED} ({str(error).strip().partition(chr(10))[0]}). {_ADVICE}")
        return self._replay


def capture(run: Callable[[], Sequence[Tensor]]) -> tuple[Callable[[], None], Sequence[Tensor]]:
    """Capture a function as a CUDA graph; return its replay function and its outputs' memory.

    Args:
        run: The function; its kernels are recorded, not run.
    """
    graph = torch.cuda.CUDAGraph()
    with torch.no_grad(), torch.cuda.graph(graph):
        outputs = run()
    return graph.replay, outputs


def can_capture(tensors: Sequence[Tensor]) -> bool:
    """Return whether all inputs of a graph are on one GPU."""
    devices = {tensor.device for tensor in tensors}
    return len(devices) == 1 and next(iter(devices)).type == "cuda"
