"""The state that a graph captures: tensors that may change, and Python values that must not.

A graph holds the values of all Python objects that its step read while it was traced. These reads are not
observable, so everything reachable from the model is recorded, and compared when an epoch begins.
"""

from __future__ import annotations

import collections
import functools
import itertools
import random
import types
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

# Attributes of a layer or a model for bookkeeping, which no computation reads.
_SKIPPED = frozenset(
    {
        "inbound_nodes",
        "_users",
        "slots",
        "_looked_up",
        "_store",
        "_write_guards",
        "_noted_in_call",
        "_made_in_call",
        "_told",
        "stop_training",
        "first_epoch",
        "history",
        "compiled",
        "built_optimizer",
        "optimized",
        "when_fit_starts",
        "resumed_position",
    }
)
_PLAIN = (type(None), bool, int, float, complex, str, bytes, torch.dtype, torch.device, torch.Size)
_OPAQUE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
_LARGEST_ARRAY = 1 << 26  # bytes of arrays whose values are compared
# Packages whose classes have no attributes that a step changes.
_LIBRARIES = frozenset({"kplug", "torch", "numpy", "builtins", "typing", "abc"})
_DEPTH = 12


class TensorReference:
    """A reference to a tensor's place: an attribute or an entry, which may get another tensor later."""

    __slots__ = ("container", "key")

    def __init__(self, container: Any, key: Any) -> None:
        self.container, self.key = container, key

    def get(self) -> Tensor:
        """Return the current tensor."""
        tensor: Tensor = self.container[self.key]
        return tensor

    def put(self, tensor: Tensor) -> None:
        """Put another tensor there."""
        self.container[self.key] = tensor


class CapturedState:
    """Everything reachable from some objects, found by traversing their attributes.

    Args:
        roots: The objects by their names in messages.

    Attributes:
        tensors: The reference to each tensor, by its path.
        values: Each Python value by its path.
        layout: Paths, shapes, types and devices of the tensors.
        generators: The random generators.
    """

    def __init__(self, roots: Mapping[str, Any]) -> None:
        self.tensors: dict[str, TensorReference] = {}
        self.values: dict[str, Any] = {}
        self.generators: list[torch.Generator] = []
        self._known: dict[int, Any] = {}
        self._opaque: list[Any] = []  # kept alive, so that no other object gets their ids
        for name, root in roots.items():
            self._walk(root, name, None, 0)
        self._known.clear()  # breaks a reference cycle: the model holds this object
        self.layout = self._describe_tensors()

    def list_tensors(self) -> list[tuple[str, TensorReference]]:
        """Return the references to distinct tensors, each with its path."""
        known: set[int] = set()
        found = []
        for path, reference in self.tensors.items():
            if id(reference.get()) not in known:
                known.add(id(reference.get()))
                found.append((path, reference))
        return found

    def has_same_tensors(self, earlier: CapturedState) -> bool:
        """Tell whether the same containers hold tensors of the same shapes, types and devices."""
        return self.layout == earlier.layout

    def _describe_tensors(self) -> list[Any]:
        return [
            (path, each.shape, each.stride(), each.dtype, each.device, each.requires_grad)
            for path, reference in self.list_tensors()
            for each in [reference.get()]
        ]

    def find_change(self, earlier: CapturedState) -> str | None:
        """Return the path of a changed Python value, or None."""
        if self.values == earlier.values:
            return None
        paths = dict.fromkeys([*earlier.values, *self.values])
        missing = object()
        return next(
            path
            for path in paths
            if self.values.get(path, missing) != earlier.values.get(path, missing)
        )

    def _walk(self, value: Any, path: str, reference: TensorReference | None, depth: int) -> None:
        if isinstance(value, Tensor):
            if reference is not None and not value.is_meta:
                self.tensors[path] = reference
        elif isinstance(value, _PLAIN):
            self.values[path] = value
        elif isinstance(value, _OPAQUE) or depth > _DEPTH:
            self._note_identity(value, path)
        elif id(value) not in self._known:
            self._known[id(value)] = value  # kept alive, so that no other object gets its id
            self._walk_into(value, path, depth + 1)

    def _walk_into(self, value: Any, path: str, depth: int) -> None:
        if isinstance(value, dict):
            self._walk_all(value, value.items(), path, depth)
        elif isinstance(value, (list, collections.deque)):
            self._walk_all(value, enumerate(value), path, depth)
        elif isinstance(value, tuple):
            self._walk_all(list(value), enumerate(value), path, depth)
        elif isinstance(value, torch.Generator):
            self.generators.append(value)
        elif isinstance(value, np.ndarray):
            self._note_array(value, path)
        elif isinstance(value, _DRAWING):
            self.values[path] = _describe_generator(value)
        elif isinstance(value, functools.partial):
            self._walk((value.func, value.args, value.keywords), path, None, depth)
        elif isinstance(value, types.MethodType):
            self._walk(value.__self__, path, None, depth)
        elif isinstance(value, (set, frozenset)):
            self.values[path] = frozenset(map(repr, value))
        elif isinstance(value, itertools.count):
            self.values[path] = repr(value)  # the text includes its position
        else:
            self._walk_object(value, path, depth)

    def _walk_object(self, value: Any, path: str, depth: int) -> None:
        shared = list(_list_shared(value))
        if not hasattr(value, "__dict__") and not shared:
            self._note_identity(value, path)
        for key, each in shared:
            self._walk(each, f"{path}.{key}", None, depth)
        attributes = getattr(value, "__dict__", {})
        items = attributes.items()
        if isinstance(value, nn.Module):
            items = [(key, each) for key, each in items if key not in _SKIPPED]
        self._walk_all(attributes, items, path, depth, is_object=True)

    def _note_array(self, array: np.ndarray[Any, Any], path: str) -> None:
        """Record a fingerprint that differs if any number of an array does."""
        if array.nbytes > _LARGEST_ARRAY or array.dtype.hasobject:
            self._note_identity(array, path)
        else:
            numbers = zlib.crc32(np.ascontiguousarray(array).data.cast("B"))
            self.values[path] = array.shape, str(array.dtype), numbers

    def _note_identity(self, value: Any, path: str) -> None:
        self.values[path] = id(value)
        self._opaque.append(value)

    def _walk_all(
        self,
        container: Any,
        items: Iterable[tuple[Any, Any]],
        path: str,
        depth: int,
        *,
        is_object: bool = False,
    ) -> None:
        if not is_object:
            self.values[path] = len(container)
        for key, value in list(items):
            where = f"{path}.{key}" if is_object else f"{path}[{_label(key)}]"
            self._walk(value, where, TensorReference(container, key), depth)


_DRAWING = (np.random.Generator, np.random.BitGenerator, np.random.RandomState, random.Random)


def _describe_generator(generator: Any) -> str:
    """Return the state of a NumPy or Python generator."""
    if isinstance(generator, random.Random):
        return repr(generator.getstate())
    if isinstance(generator, np.random.RandomState):
        generator = generator._bit_generator
    bits = getattr(generator, "bit_generator", generator)
    with np.printoptions(threshold=1 << 20):
        return repr(bits.state)


def _list_shared(value: object) -> Iterator[tuple[str, Any]]:
    """Yield an object's slots, and the plain class attributes that all instances share."""
    for owner in type(value).__mro__:
        if owner.__module__.partition(".")[0] in _LIBRARIES:
            continue
        for key, each in vars(owner).items():
            if isinstance(each, types.MemberDescriptorType):
                yield from [(key, getattr(value, key))] if hasattr(value, key) else []
            elif isinstance(each, (bool, int, float, complex, str)) and not key.startswith("__"):
                yield f"{owner.__name__}.{key}", each


def _label(key: object) -> str:
    is_plain = isinstance(key, (str, int, float, bool))
    return repr(key) if is_plain else f"{type(key).__name__} {id(key)}"


def read_python_randomness() -> tuple[Any, ...]:
    """Return the state of Python's and NumPy's global generators, for comparison."""
    name, keys, *rest = np.random.get_state()
    return random.getstate(), name, np.asarray(keys).tobytes(), tuple(rest)
