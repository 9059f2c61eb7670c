"""Where a step reads a number out of a tensor: what a graph cannot do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

# Methods that hand the numbers of a tensor over without an operation that torch could see.
_READERS = frozenset({"numpy", "tolist", "__array__", "data_ptr", "__dlpack__", "__reduce_ex__"})
_VALUE_TAGS = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)


@dataclass(frozen=True)
class Spot:
    """Where code was at a moment.

    Args:
        code: The function's code.
        line: The line.
        owner: Its ``self``, if it has one.
    """

    code: CodeType
    line: int
    owner: Any = None

    @classmethod
    def of(cls, frame: FrameType, line: int) -> Spot:
        """Return where a frame is; the frame itself goes on."""
        return cls(frame.f_code, line, frame.f_locals.get("self"))


class ReadNotes:
    """The first place where a recorded step read numbers out of a tensor.

    Args:
        operation: What was called, such as ``item``; None if nothing was read.
        spots: Where the code was at that moment, innermost first.
    """

    def __init__(self) -> None:
        self.operation: str | None = None
        self.spots: list[Spot] = []

    def note(self, operation: str) -> None:
        """Keep the place of the caller's caller, if it is the first."""
        if self.operation is None:
            self.operation = operation
            frame: FrameType | None = sys._getframe(2)
            while frame is not None:
                self.spots.append(Spot.of(frame, frame.f_lineno))
                frame = frame.f_back


@contextmanager
def noting_reads() -> Iterator[ReadNotes]:
    """Note reads for the length of a block; they still give their values."""
    notes = ReadNotes()
    with _FunctionReads(notes), _OperationReads(notes):
        yield notes


class _FunctionReads(TorchFunctionMode):
    def __init__(self, notes: ReadNotes) -> None:
        super().__init__()
        self.notes = notes

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name in _READERS:
            self.notes.note(name)
        return func(*args, **(kwargs or {}))


class _OperationReads(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, notes: ReadNotes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.notes = notes

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if any(tag in func.tags for tag in _VALUE_TAGS):
            name = func.overloadpacket.__name__
            self.notes.note("item" if name == "_local_scalar_dense" else name)
        return func(*args, **(kwargs or {}))
