"""`WriteGuard`: keeps a component's in-place changes from its caller's tensors.

Keras's tensors are immutable: ``w /= 2.`` makes another tensor. In torch it changes the tensor that a layer,
other branches, metrics and the caller share.
"""

from __future__ import annotations

import dis
import linecache
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from kplug.backend.masks import keep_mask
from kplug.backend.variables import is_fixed
from kplug.errors import ContractError
from kplug.registry.quoting import shorten
from kplug.registry.user_warnings import warn
from kplug.support.nested import find_leaves, map_leaves


class WriteGuard:
    """Calls a component without letting it change its arguments in place.

    The first call of each mode is watched and works on copies of its arguments. If the component changes
    nothing, later calls pass the tensors themselves and only compare torch's version counters. Otherwise,
    ``w /= 2.`` keeps making another tensor, and other in-place changes affect a copy.

    Args:
        label: The component's name in messages, such as ``layer 'dense'``.
    """

    # No __dict__: a compiled step guards attributes, and these do not affect the computation.
    __slots__ = (
        "_copies",
        "_known_modes",
        "_rebinds",
        "_trusted_modes",
        "_writes_weights",
        "label",
    )

    def __init__(self, label: str) -> None:
        self.label = label
        self._known_modes: frozenset[int] = frozenset()
        self._trusted_modes: frozenset[int] = frozenset()
        self._rebinds = self._copies = self._writes_weights = False

    def call(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        weights: Iterable[Tensor | None] = (),
    ) -> Any:
        """Return the component's result.

        Args:
            function: The component.
            args: Its positional arguments.
            kwargs: Its keyword arguments.
            weights: Its own weights.

        Raises:
            ContractError: A call changed an argument, unlike the first call of its mode.
        """
        has_gradient = torch.is_grad_enabled()
        mode = has_gradient + 2 * bool(kwargs.get("training"))
        if mode not in self._trusted_modes:
            return self._call_watched(function, args, kwargs, weights, mode)
        first = args[0]
        handed = [first] if isinstance(first, Tensor) else list(find_leaves(first, Tensor))
        if len(args) > 1:
            handed += find_leaves(args[1:], Tensor)
        if not (has_gradient or self._writes_weights):  # with gradients torch refuses
            handed += [weight for weight in weights if weight is not None]
        before = _versions(handed)
        result = function(*args, **kwargs)
        if _versions(handed) != before:
            self._rebinds = self._copies = True
            self._trusted_modes = frozenset()
            raise ContractError(
                f"{self.label} changed in place what it was handed, which it had not done in its first call; "
                "other layers, metrics or the caller may have seen the changed values",
                hint="Write `w = w / 2.` instead of `w /= 2.`, and `x = x.relu()` instead of `x.relu_()`.",
            )
        return result

    def _call_watched(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        weights: Iterable[Tensor | None],
        mode: int,
    ) -> Any:
        if self._copies or mode not in self._known_modes:
            args, kwargs = map_leaves((args, kwargs), Tensor, _copy)
        own = [weight for weight in weights if weight is not None]
        with _Watch(list(find_leaves((args, kwargs), Tensor)), own) as watch:
            result = function(*args, **kwargs)
        if mode not in self._known_modes:
            self._learn(watch, mode)
        return result

    def _learn(self, watch: _Watch, mode: int) -> None:
        place = watch.rebound_at or watch.written_at
        is_new = place is not None and not (self._rebinds or self._copies)
        self._rebinds |= watch.rebound_at is not None
        self._copies |= watch.written_at is not None
        self._writes_weights |= watch.writes_weights
        if not watch.is_meta:
            self._known_modes |= {mode}
        is_trusted = not (self._rebinds or self._copies)
        self._trusted_modes = self._known_modes if is_trusted else frozenset()
        if is_new:
            kept = "makes another tensor" if watch.rebound_at else "works on a copy"
            warn(
                f"{self.label} changes in place what it is handed ({place}). As in Keras, only it sees the "
                f"change: the line {kept}, in each call. Written without the change, as `w = w / 2.` instead "
                "of `w /= 2.`, it runs faster."
            )


class _Watch(TorchFunctionMode):
    """Watches torch operations on some tensors.

    Attributes:
        rebound_at: The first line that applied an augmented assignment such as ``/=`` to one.
        written_at: The first line that changed one by other means.
        is_meta: Whether some are meta tensors, for shape inference.
        writes_weights: Whether weights were changed by other means, which a layer may do with its own.
    """

    def __init__(self, handed: list[Tensor], weights: list[Tensor]) -> None:
        super().__init__()
        self.rebound_at: str | None = None
        self.written_at: str | None = None
        self.writes_weights = False
        self._handed, self._weights = handed, weights
        self._made: list[Any] = []  # keeps them alive, so that their ids are not reused
        self.is_meta = any(tensor.is_meta for tensor in handed)
        self._known = {id(tensor) for tensor in (*handed, *weights)}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if name.endswith("_") and args and self._is_shared(args[0]):
            pure = _find_pure(name)
            frame = _find_user()
            if pure is not None and _is_assignment(frame):
                self.rebound_at = self.rebound_at or _describe(frame)
                self._made.append(pure(*args))
                self._known.add(id(self._made[-1]))
                return self._made[-1]
        before = _versions(self._handed), _versions(self._weights)
        result = func(*args, **(kwargs or {}))
        if _versions(self._handed) != before[0] and self.written_at is None:
            self.written_at = _describe(_find_user())
        self.writes_weights |= _versions(self._weights) != before[1]
        return result

    def _is_shared(self, tensor: object) -> bool:
        if not isinstance(tensor, Tensor):
            return False
        is_weight = isinstance(tensor, nn.Parameter) and not is_fixed(tensor)
        return is_weight or not self._known.isdisjoint((id(tensor), id(tensor._base)))


def _copy(tensor: Tensor) -> Tensor:
    return keep_mask(tensor.clone(), tensor)


def _versions(tensors: list[Tensor]) -> list[int]:
    try:
        return [tensor._version for tensor in tensors]
    except RuntimeError:  # tensors of inference mode have no version counter
        return [0 if tensor.is_inference() else tensor._version for tensor in tensors]


def _find_pure(name: str) -> Any:
    """Return the out-of-place operation: ``div`` for ``div_``, ``__or__`` for ``__ior__``."""
    return getattr(Tensor, f"__{name[3:]}" if name.startswith("__i") else name[:-1], None)


def _find_user() -> FrameType:
    """Return the frame that called torch."""
    frame = sys._getframe(2)
    while frame.f_back is not None and _is_torch(frame):
        frame = frame.f_back
    return frame


def _is_torch(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == "torch"


def _is_assignment(frame: FrameType) -> bool:
    """Return whether a frame executes an augmented assignment such as ``/=``."""
    code, place = frame.f_code.co_code, frame.f_lasti
    name = dis.opname[code[place]]
    return name.startswith("INPLACE_") or (
        name == "BINARY_OP" and code[place + 1] >= _FIRST_IN_PLACE
    )


# In the bytecode of Python 3.11 and later, BINARY_OP arguments from `+=` on are in-place operators.
_FIRST_IN_PLACE = 13


def _describe(frame: FrameType) -> str:
    file = frame.f_code.co_filename
    text = linecache.getline(file, frame.f_lineno, frame.f_globals).strip()
    module = frame.f_globals.get("__name__")
    return f"{module}, line {frame.f_lineno}" + (f": `{shorten(text)}`" if text else "")
