"""Converts graphs to ONNX, and writes the files."""

from __future__ import annotations

import contextlib
import logging
import random
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from kplug.errors import ContractError
from kplug.layers import Layer
from kplug.saving.exporting.recurrent_operators import list_translations, put_stand_ins
from kplug.saving.exporting.tracing import TracedModel, describe, first_line
from kplug.support.nested import find_leaves
from kplug.support.optional_libraries import import_extra

# Protocol buffers, of which an ONNX file is one, hold 2 GiB.
_MOST_BYTES = (1 << 31) - (1 << 24)


def require_libraries() -> None:
    """Import the libraries for ONNX.

    Raises:
        MissingLibraryError: One is not installed.
    """
    for library in ("onnx", "onnxscript"):
        import_extra("export to ONNX", library, "export")


def require_small(model: Any) -> None:
    """Refuse weights that one ONNX file cannot hold.

    Raises:
        ContractError: They are too large.
    """
    size = sum(weight.nbytes for weight in model.weights)
    if size > _MOST_BYTES:
        raise ContractError(
            f"model {model.name!r} has weights of {size} bytes, and an ONNX file holds {_MOST_BYTES}",
            hint="Export it with format='torch', which has no limit.",
        )


def convert(model: Any, traced: TracedModel, opset_version: int | None) -> Any:
    """Return a graph as torch's ``ONNXProgram``.

    Raises:
        ContractError: An operation has no translation.
    """
    put_stand_ins(traced.program)
    known = _list_equalities(traced.program)
    with _silence():
        try:
            program: Any = torch.onnx.export(
                traced.program,
                input_names=traced.inputs,
                output_names=traced.outputs,
                dynamic_shapes=_name_axes(traced),
                opset_version=opset_version,
                custom_translation_table=list_translations(),
                verbose=False,
            )
        except Exception as error:
            raise _explain(model, traced, error) from error
    fixed = _find_fixed(known, _list_equalities(program.exported_program))
    if fixed is not None:
        raise ContractError(
            f"model {model.name!r} cannot be exported to ONNX for inputs of any size: torch translates an "
            f"operation for some sizes alone ({fixed})",
            hint="Give the sizes: model.export(…, input_signature=[kplug.Input(…)]); or export it with "
            "format='torch'.",
        )
    return program


def _list_equalities(program: torch.export.ExportedProgram) -> list[Any]:
    """Return the equalities of sizes that a graph relies on, as sympy's."""
    for node in program.graph.find_nodes(op="placeholder"):
        value = node.meta.get("val")
        if (
            isinstance(value, torch._subclasses.FakeTensor)
            and value.fake_mode.shape_env is not None
        ):
            guards = [guard.expr for guard in value.fake_mode.shape_env.guards]
            return [one for one in guards if getattr(one, "rel_op", "") == "=="]
    return []


def _find_fixed(known: Sequence[Any], found: Sequence[Any]) -> object:
    """Return an equality that does not follow from the known ones, or None; examples of sizes tell."""
    added = [one for one in found if one not in known]
    symbols = sorted({each for one in found for each in one.free_symbols}, key=str)
    chance = random.Random(0)  # noqa: S311 - no secret
    for _ in range(300 if added else 0):
        step = chance.choice((1, 32))  # sizes of which strides make no fractions
        sizes = {each: step * chance.randint(2, 300 // step) for each in symbols}
        for one in known:
            if one.lhs.is_Symbol and one.rhs.is_Symbol:
                sizes[one.lhs] = sizes[one.rhs]
        if all(one.subs(sizes) for one in known):
            for one in added:
                if not one.subs(sizes):
                    return one
    return None


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep back what torch and the libraries say of their own code, such as a missing torchvision."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def write_onnx(program: Any, path: Path, metadata: dict[str, str]) -> None:
    """Write a program with its weights in one file.

    Args:
        program: The result of ``convert``.
        path: The file.
        metadata: Texts for the model's ``metadata_props``.
    """
    passes = import_extra("export to ONNX", "onnx_ir.passes.common", "export")
    passes.ClearMetadataAndDocStringPass()(program.model)  # torch's words about each node
    program.model.metadata_props.update(metadata)
    program.save(path, external_data=False)


def _name_axes(traced: TracedModel) -> list[dict[int, str]]:
    """Return names for the axes of each input, which torch gives to those that vary."""
    inputs = find_leaves(traced.program.example_inputs, torch.Tensor)
    return [
        {axis: f"{name}_{axis}" if axis else "batch" for axis in range(value.ndim)}
        for name, value in zip(traced.inputs, inputs, strict=True)
    ]


def _explain(model: Any, traced: TracedModel, error: Exception) -> ContractError:
    text = str(error)
    operation = re.search(r"OpOverload\(op='([\w.:]+)'", text)
    if operation is None:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        reason = f"torch's translation fails: {type(cause).__name__}: {first_line(cause)}"
    else:
        owner = _find_owner(model, traced, operation[1])
        reason = f"{owner}computes {operation[1]}, which has no translation"
    return ContractError(
        f"model {model.name!r} cannot be exported to ONNX: {reason}",
        hint="Export it with format='torch', which has all operations of torch; or compute it with others.",
    )


def _find_owner(model: Any, traced: TracedModel, operation: str) -> str:
    """Return the layer that computes an operation, for messages; nothing if it is unknown."""
    # The graph that is translated may have prims.zeta where the model calls aten.special_zeta.
    finder = _Finder(operation.rpartition(".")[2].strip("_"))
    (inputs,), _ = traced.program.example_inputs or ((None,), {})
    with contextlib.suppress(Exception), torch.no_grad(), finder:
        model(inputs)
    return "" if finder.layer in (None, model) else f"{describe(finder.layer)} "


class _Finder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Finds the layer in whose call an operation is computed first."""

    def __init__(self, name: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self.layer = name, cast("Any", None)

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        frame = sys._getframe() if self.layer is None and self._name in str(function) else None
        while frame is not None and self.layer is None:
            owner = frame.f_locals.get("self")
            self.layer = owner if isinstance(owner, Layer) else None
            frame = frame.f_back
        return function(*args, **(kwargs or {}))
