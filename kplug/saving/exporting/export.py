"""``export_model``: checks what is asked, traces the model and writes the file."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import torch

from kplug.backend.processes import run_on_main
from kplug.components.arguments import require_path
from kplug.errors import ArgumentError, ContractError, WeightsError
from kplug.layers.recurrent.rnn import RNN
from kplug.registry.quoting import quote
from kplug.saving.exporting.input_signature import find_signature, list_shapes
from kplug.saving.exporting.onnx_files import (
    convert,
    require_libraries,
    require_small,
    write_onnx,
)
from kplug.saving.exporting.tracing import describe, trace
from kplug.saving.formats import naming_file
from kplug.saving.provenance import ATTRIBUTE, collect_rows, encode_components
from kplug.support.atomic import check_target, replacing

_FORMATS = {"onnx": ".onnx", "torch": ".pt2"}
_INSTEAD = {
    "openvino": "OpenVINO reads ONNX files: openvino.Core().read_model('model.onnx').",
    "tf_saved_model": "kplug has no TensorFlow; ONNX files run in ONNX Runtime, in any language.",
    "litert": "kplug has no TensorFlow; ONNX files run in ONNX Runtime, on phones too.",
}


def export_model(
    model: Any,
    filepath: str | os.PathLike[str],
    format: str | None = None,
    verbose: bool | None = None,
    input_signature: Any = None,
    *,
    opset_version: int | None = None,
) -> None:
    """Export the model for inference without kplug.

    The graph has all layers, preprocessing and what follows the last layer included, in evaluation mode and
    in the type of the weights. Axes of unknown size stay so: the batch always, the time where the model was
    made for any, ``Input((None, 3))``. The component table is in the file, as in those of ``save``: in an
    ONNX file under ``kplug_components`` of the metadata, in a program as an extra file of that name.

    Args:
        model: The model; one that was never called is built for ``input_signature``.
        filepath: The file: ``.onnx``, or ``.pt2`` for a program that ``torch.export.load`` reads.
        format: ``"onnx"`` or ``"torch"``; None takes it from the file's extension.
        verbose: Whether to print where the file is.
        input_signature: What the model takes, if it does not know or other sizes are fixed: results of
            ``Input``, ``InputSpec``s with a shape, or arrays, whose batch varies; nested as the inputs are,
            in a list.
        opset_version: ONNX's operator set, an integer >= 18; None is torch's choice.

    Raises:
        ArgumentError: There is no such format, or the option is another format's.
        NotBuiltError: The input shape is unknown.
        ContractError: A layer cannot be part of a graph; the message names it and the reason.
        MissingLibraryError: The libraries for ONNX are not installed.
        WeightsError: The file cannot be written; an existing one is unchanged.

    Example:
        >>> import pathlib, tempfile, torch
        >>> from kplug import Sequential, layers
        >>> model = Sequential([layers.Dense(2, input_dim=3)])
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.pt2"
        >>> model.export(path)
        >>> torch.export.load(path).module()(torch.zeros(5, 3)).shape
        torch.Size([5, 2])

    Reference:
        ``keras.Model.export``, whose default format is TensorFlow's, which prints by default, and which on
        torch fixes the sizes of ONNX files.
    """
    target = require_path("export", "filepath", filepath)
    chosen = _choose_format(target, format)
    if opset_version is not None and chosen != "onnx":
        raise ArgumentError(
            f"export: opset_version is an option of format='onnx', and the format is {chosen!r}",
            hint="Leave it out.",
        )
    if chosen == "onnx":
        require_libraries()
    with naming_file(target):
        check_target(Path(os.path.realpath(target)), overwrite=True)
    _require_exportable(model)
    signature = find_signature(model, input_signature)
    if not model.built:
        model.build_for(list_shapes(signature))
    model.ensure_built()
    if chosen == "onnx":
        require_small(model)
    table = encode_components(collect_rows(model, has_readings=True)).decode("ascii")
    run_on_main(lambda: _export(model, target, chosen, signature, opset_version, table))
    if verbose:
        print(f"exported model {model.name!r} to {target}")  # noqa: T201 - it was asked for


def _export(
    model: Any, target: Path, chosen: str, signature: Any, opset_version: int | None, table: str
) -> None:
    traced = trace(model, signature)
    converted = convert(model, traced, opset_version) if chosen == "onnx" else None
    with naming_file(target), replacing(target) as temporary:
        if converted is not None:
            write_onnx(converted, temporary, {ATTRIBUTE: table})
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of kernels, which are views of their memory
                torch.export.save(traced.program, temporary, extra_files={ATTRIBUTE: table})


def _choose_format(path: Path, given: str | None) -> str:
    if given is None:
        for name, extension in _FORMATS.items():
            if path.suffix.lower() == extension:
                return name
        raise WeightsError(
            f"export: the extension {path.suffix!r} of {str(path)!r} names no format",
            hint="Use '.onnx' for ONNX, or '.pt2' for a program of torch.export.",
        )
    if given not in tuple(_FORMATS):
        raise ArgumentError(
            f"export: there is no format {quote(given)}; there are 'onnx' and 'torch'",
            hint=_INSTEAD.get(given, "Leave it out, and the file's extension says it."),
        )
    if given == "torch" and path.suffix != _FORMATS[given]:
        raise WeightsError(
            f"export: programs of torch.export are in files with '.pt2', not {path.suffix!r}",
            hint=f"Name it {path.with_suffix('.pt2').name!r}.",
        )
    return given


def _require_exportable(model: Any) -> None:
    """Refuse a model that takes texts, or that changes its state in a call."""
    if not model.is_functional and any(model.find_text_readers()):
        raise ContractError(
            f"model {model.name!r} cannot be exported: its first layer takes texts, and graphs of torch and "
            "ONNX take numbers here",
            hint="Export the layers after it, kplug.Sequential(model.layers[1:]), and call the first layer "
            "before.",
        )
    for layer in model.modules():
        if isinstance(layer, RNN) and layer.stateful:
            raise ContractError(
                f"model {model.name!r} cannot be exported: {describe(layer)} is stateful, and a file keeps "
                "no states between calls",
                hint="Make it with stateful=False and return_state=True, so that states are outputs and "
                "inputs (initial_state).",
            )
