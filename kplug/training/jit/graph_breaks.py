"""Graph breaks, and where they occur: mostly code that reads a number from a tensor."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Literal

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

# Methods that read a tensor's numbers without dispatching an operation.
_READERS = frozenset({"numpy", "tolist", "__array__", "data_ptr", "__dlpack__", "__reduce_ex__"})
_VALUE_TAGS = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)


@dataclass(frozen=True)
class Spot:
    """A line of running code; ``owner`` is the function's ``self``, if any."""

    code: CodeType
    line: int
    owner: Any = None

    @classmethod
    def of(cls, frame: FrameType, line: int) -> Spot:
        """Return the current line of a frame, without keeping the frame alive."""
        return cls(frame.f_code, line, frame.f_locals.get("self"))


@dataclass(frozen=True)
class GraphBreak:
    """The reason that a step cannot be one graph.

    Args:
        what: The action of the step, such as ``reads numbers of a tensor (item)``.
        kind: The kind of break, which selects the hint.
        spots: The stack at that moment, innermost frame first.
        path: The path of the changed value, if known instead.
    """

    what: str
    kind: Literal["value", "state", "other"] = "other"
    spots: Sequence[Spot] = ()
    path: str = ""


class ReadWatch:
    """The first place where a traced step read numbers out of a tensor.

    Attributes:
        found: The graph break; None if nothing was read.
    """

    def __init__(self) -> None:
        self.found: GraphBreak | None = None

    def note(self, operation: str) -> None:
        """Record the stack from the caller's caller on, if this is the first read."""
        if self.found is None:
            spots: list[Spot] = []
            frame: FrameType | None = sys._getframe(2)
            while frame is not None:
                spots.append(Spot.of(frame, frame.f_lineno))
                frame = frame.f_back
            self.found = GraphBreak(f"reads numbers of a tensor ({operation})", "value", spots)


@contextmanager
def watching_reads() -> Iterator[ReadWatch]:
    """Watch for reads within a block; they still return their values.

    Two modes, as neither sees all reads: methods such as ``numpy`` dispatch no operation, and operations
    such as ``nonzero`` are also dispatched from C++, without a Python function call.
    """
    watch = ReadWatch()
    with _FunctionReads(watch), _OperationReads(watch):
        yield watch


class _FunctionReads(TorchFunctionMode):
    def __init__(self, watch: ReadWatch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name in _READERS:
            self.watch.note(name)
        return func(*args, **(kwargs or {}))


class _OperationReads(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, watch: ReadWatch) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.watch = watch

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if any(tag in func.tags for tag in _VALUE_TAGS) and not _is_gather(func, args):
            name = func.overloadpacket.__name__
            self.watch.note("item" if name == "_local_scalar_dense" else name)
        return func(*args, **(kwargs or {}))


def _is_gather(func: Any, args: tuple[Any, ...]) -> bool:
    """Return whether this is ``x[...]`` by integers, whose shape follows from the indices' shapes.

    torch tags the operation for the sake of masks, whose number of true elements is the result's length.
    """
    return func is torch.ops.aten.index.Tensor and all(
        each is None or each.dtype not in (torch.bool, torch.uint8) for each in args[1]
    )


class OperationCount(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations of a block.

    Attributes:
        found: Their number.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        self.found += 1
        return func(*args, **(kwargs or {}))
