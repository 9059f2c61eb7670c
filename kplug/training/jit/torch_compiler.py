"""Compiles a traced graph with the backend of ``torch.compile``."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx

from kplug.errors import KplugError
from kplug.training.jit.code_library import CodeLibrary, Run
from kplug.training.jit.instruction_probes import start_probes

BACKEND = "inductor"
_THRESHOLDS = (
    50_000,
    20,
    100,
)  # of ``gc``: a quarter of the time without the compiler's memory growing


class CompilerError(KplugError):
    """torch's compiler failed on a graph; the message is the first line of its error."""


def compile_graph(graph: fx.GraphModule, tensors: Sequence[Tensor]) -> Run:
    """Compile a graph to a function.

    The graph is complete, so ``torch.compile``'s frontend, which reads bytecode, is skipped, and so are its
    guards: callers pass tensors like these.

    Args:
        graph: The graph. It writes into some of its inputs.
        tensors: Inputs of the shapes, strides and types that all calls have; they are not changed.

    Raises:
        CompilerError: If the compiler fails, for want of a C++ compiler for instance.
    """
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's internal deprecation warnings
            if BACKEND == "inductor":
                return _compile(graph, tensors)
            made: Run = torch._dynamo.lookup_backend(BACKEND)(graph, list(tensors))
            return made
    except Exception as error:  # the compiler raises many types
        raise CompilerError(_describe(error)) from error


def is_compiled(graph: fx.GraphModule, tensors: Sequence[Tensor]) -> bool:
    """Return whether the code of a graph is in the disk cache."""
    return BACKEND == "inductor" and _prepare(graph, tensors)[0].find() is not None


def _compile(graph: fx.GraphModule, tensors: Sequence[Tensor]) -> Run:
    library, options = _prepare(graph, tensors)
    return library.find() or library.keep(_ask_torch(graph, tensors, options), tensors)


def _prepare(
    graph: fx.GraphModule, tensors: Sequence[Tensor]
) -> tuple[CodeLibrary, dict[str, Any]]:
    from kplug.training.jit.custom_operators import keep_kernels

    is_on_cpu = all(tensor.device.type == "cpu" for tensor in tensors)
    keep_kernels(graph, is_on_cpu=is_on_cpu)
    options = _find_options(is_on_cpu, len(graph.graph.nodes))
    return CodeLibrary(graph, tensors, options), options


def _ask_torch(graph: fx.GraphModule, tensors: Sequence[Tensor], options: dict[str, Any]) -> Run:
    with _collecting_rarely():
        probes = start_probes(options)
        # These imports take another second.
        import torch._inductor.compile_fx
        from torch._subclasses import FakeTensorMode
        from torch.fx.experimental.symbolic_shapes import ShapeEnv

        probes.join()
        # torch uses its disk caches only within such a context.
        fake_mode = FakeTensorMode(shape_env=ShapeEnv())
        inputs: list[Any] = [fake_mode.from_tensor(each, static_shapes=True) for each in tensors]
        with torch._guards.tracing(torch._guards.TracingContext(fake_mode)):
            made: Run = torch._inductor.compile(graph, inputs, options=options)
    return made


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let Python look for garbage less often: torch's compiler makes many small objects, which stay."""
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _find_options(is_on_cpu: bool, operations: int) -> dict[str, Any]:
    # Dropout then draws the same random numbers as eagerly, so seeds keep their meaning.
    options: dict[str, Any] = {"fallback_random": True}
    if is_on_cpu:
        options["cpp_wrapper"] = True  # the code between the kernels is C++ too
        options |= {name: value for name, variable, value in _SHORTER if variable not in os.environ}
        if operations > _LARGE and _SEPARATE not in os.environ:
            # The calls of the kernels are one function. Optimized like a kernel, that of 200 layers takes
            # g++ ten minutes; with the kernels in a file of their own, it is optimized less. Two files are
            # slower for few operations, since both include torch's headers.
            options["cpp_wrapper_build_separate"] = True
    return options


_LARGE = 250  # operations; eight dense layers have 300
_SEPARATE = "TORCHINDUCTOR_CPP_WRAPPER_BUILD_SEPARATE"

# Options that shorten the first epoch, unless the user's environment sets them.
_SHORTER: tuple[tuple[str, str, bool], ...] = (
    # torch queries the processor's features; its probe of the C++ compiler would take most of the time.
    ("cpp.vec_isa_ok", "TORCHINDUCTOR_VEC_ISA_OK", True),
    # Precompiled headers are checked in every process, and pay off only from the fifth graph on.
    ("cpp_cache_precompile_headers", "TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS", False),
)


def _describe(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}".rstrip(": ")
