"""``kplug.ops`` under the names of Keras's modules of operations, and their classes."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from keras.src import backend as keras_backend, ops as keras_ops, random as keras_random

from kplug import ops
from kplug.graph import is_symbolic
from kplug.layers import Input
from kplug.support.nested import map_leaves

from .imports import Names

_MODULES = ("core", "einops", "image", "linalg", "math", "nn", "numpy")


def make_stand_ins() -> dict[str, Any]:
    """Return Keras module → stand-in, for a test file of operations."""
    table: dict[str, Any] = {
        f"keras.src.ops.{name}": Operations(
            name, getattr(ops, "image", ops) if name == "image" else ops
        )
        for name in _MODULES
    }
    random = {"random": keras_random, "KerasTensor": KerasTensor}
    table["keras.src.ops"] = Operations("ops", ops, random)
    symbolic = Names("keras_tensor", {"KerasTensor": KerasTensor})
    table["keras.src.backend.common.keras_tensor"] = symbolic
    # The types that JAX computes in are the ones that Keras on torch does, by the same tests.
    own = {
        "invert": keras_ops.bitwise_invert,
        "matmul": _multiply,
        "soft_sign": keras_ops.softsign,
    }
    types = Names("jax.numpy", own, keras_ops)
    special = Names("jax.scipy", {"special": types})
    table["jax"] = Names("jax", {"numpy": types, "nn": types, "lax": types, "scipy": special})
    return table


def _multiply(x1: Any, x2: Any, preferred_element_type: str | None = None) -> Any:
    made = keras_ops.matmul(x1, x2)
    return made if preferred_element_type is None else keras_ops.cast(made, preferred_element_type)


class _SymbolicType(type):
    def __call__(cls, shape: Any, dtype: str = "float32", **unused: Any) -> Any:
        """Return an input of a graph."""
        if isinstance(shape, int):
            raise ValueError("a shape is no number")  # noqa: TRY004 - as Keras has it
        return Input(batch_shape=tuple(shape), dtype=dtype)

    def __instancecheck__(cls, instance: object) -> bool:
        return is_symbolic(instance)


class KerasTensor(metaclass=_SymbolicType):
    """Stands for the class of that name."""

    def __init__(self, shape: Any, dtype: str = "float32") -> None:
        """Say what the type above is called with."""


class Operations(Names):
    """A module of functions; its classes hold arguments, and call the function of their name."""

    def __init__(self, path: str, source: Any, renamed: Mapping[str, Any] | None = None) -> None:
        super().__init__(path, renamed or {}, source)
        self._module = importlib.import_module(f"keras.src.ops.{path}".removesuffix(".ops"))

    def __getattr__(self, name: str) -> Any:
        theirs = getattr(self._module, name, None)
        if name in self._renamed or not inspect.isclass(theirs):
            return super().__getattr__(name)
        known = {one.replace("_", ""): one for one in dir(self._sources[0])}
        lowered = name.lower().replace("norm", "normalization")
        function = super().__getattr__(known.get(name.lower(), known.get(lowered, name)))
        public = getattr(keras_ops, function.__name__, None) or getattr(
            keras_ops.image, function.__name__
        )
        return lambda *args, **kwargs: Operation(theirs, public, function, args, kwargs)


class Operation:
    """Stands in for an instance of an operation's class."""

    def __init__(
        self, owner: Any, theirs: Any, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        bound = inspect.signature(owner.__init__).bind(None, *args, **kwargs).arguments
        self._arguments = {**bound, **bound.pop("kwargs", {})}
        for name in ("self", "name", "kwargs"):
            self._arguments.pop(name, None)
        self._function = function
        self._names = [name for name in inspect.signature(owner.call).parameters if name != "self"]
        self._held_first = next(iter(inspect.signature(theirs).parameters), "") in self._arguments

    def call(self, *operands: Any, **keywords: Any) -> Any:
        """Return what the function does with the operands and the arguments that are held."""
        if "subscripts" in self._arguments:
            return self._function(*self._arguments.values(), *operands)
        if self._held_first:
            keywords.update(zip(self._names, operands, strict=False))
            operands = ()
        return self._function(*operands, **keywords, **self._arguments)

    __call__ = call

    def symbolic_call(self, *operands: Any, **keywords: Any) -> Any:
        """Return symbolic results for the shapes and types of arrays and tensors."""
        given: Any = (operands, keywords)
        for kind in (torch.Tensor, np.ndarray):
            given = map_leaves(given, kind, _as_symbolic)
        return self(*given[0], **given[1])

    compute_output_spec = symbolic_call


def _as_symbolic(value: Any) -> Any:
    return KerasTensor(value.shape, keras_backend.standardize_dtype(value.dtype))
