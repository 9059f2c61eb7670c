"""Writes whole models to ``.keras`` archives and HDF5 files."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kplug.backend.processes import run_on_main
from kplug.components.arguments import require_path
from kplug.dialect import write_model, write_optimizer as write_optimizer_config, write_training
from kplug.dialect.serialization import require_whole
from kplug.errors import ContractError
from kplug.layers import Layer
from kplug.layers.serialization import serialize
from kplug.registry.quoting import quote
from kplug.saving.archive import CONFIG, METADATA, write_archive
from kplug.saving.formats import Format, choose_whole_format, naming_file
from kplug.saving.hdf5_library import h5py
from kplug.saving.hdf5_writing import created, written
from kplug.saving.json_text import encode
from kplug.saving.protocols import CompilableModel
from kplug.saving.provenance import collect_rows, write_components
from kplug.saving.state import write_optimizer, write_state
from kplug.saving.weights.keras2_layout import BACKEND, KERAS_VERSION
from kplug.saving.weights.named_weights import list_adapted, require_built
from kplug.saving.weights.weight_files import write_weights
from kplug.saving.whole.built_shapes import write_built_shape
from kplug.saving.whole.changed_layers import require_remakable
from kplug.support.atomic import replacing
from kplug.training.compiled_model import prepare_optimizer

# The Keras version whose form of configuration archives have.
ARCHIVE_VERSION = "3.12.0"


def save_model(
    model: CompilableModel, filepath: str | os.PathLike[str], overwrite: bool = True
) -> None:
    """Save a whole model, so that ``kplug.load_model`` and Keras can load it.

    The file has its configuration, weights, training configuration and training state.

    Args:
        model: The model.
        filepath: ``.keras``, or ``.h5`` or ``.hdf5`` for Keras's older format.
        overwrite: Whether an existing file may be replaced.

    Raises:
        NotBuiltError: If the model has no weights yet.
        ContractError: If a component or layer has an incomplete configuration, or a layer's settings
            were changed after it was built.
        WeightsError: If the file cannot be written; an existing one is unchanged.
    """
    if not hasattr(model, "ensure_built"):
        raise ContractError(
            f"save_model: model is {quote(model)}, no model",
            hint="A layer is saved in a model: kplug.Sequential([layer]).",
        )
    model.ensure_built()
    require_remakable(model)
    described = serialize(model)  # type: ignore[arg-type]  # a protocol has no base class
    entry = write_built_shape(described, model.built_shape)
    target = require_path("save", "filepath", filepath)
    with naming_file(target):
        found = choose_whole_format(target)
        require_built(model)
    training = _describe_training(model, found)  # first: an error must not leave half a file
    run_on_main(lambda: _save(model, entry, training, target, found, overwrite))


def to_json(model: Layer, **options: Any) -> str:
    """Return a model's configuration as Keras 3 writes it; weights are not part of it.

    Args:
        model: The model.
        options: Keywords of ``json.dumps``, such as ``indent=2``.
    """
    return encode(write_model(serialize(model)), **options)


def _save(
    model: CompilableModel,
    entry: Mapping[str, Any],
    training: Mapping[str, Any] | None,
    target: Path,
    found: Format,
    overwrite: bool,
) -> None:
    with naming_file(target), replacing(target, overwrite=overwrite) as temporary:
        if found is Format.ARCHIVE:
            _write_keras3(model, entry, training, temporary)
        else:
            with created(temporary) as file:
                _write_keras2(model, entry, training, file)


def _write_keras3(
    model: CompilableModel,
    entry: Mapping[str, Any],
    training: Mapping[str, Any] | None,
    path: Path,
) -> None:
    config = write_model(entry)
    if training is not None:
        config["compile_config"] = training
    today = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d@%H:%M:%S")
    texts = {
        METADATA: encode({"keras_version": ARCHIVE_VERSION, "date_saved": today}),
        CONFIG: encode(config),
    }
    # An unnamed temporary file, which the system always removes.
    with tempfile.TemporaryFile(dir=path.parent, buffering=0) as weights:
        with written(weights) as file:
            write_weights(file, model, Format.KERAS3)
            write_components(file, collect_rows(model, has_readings=True))
            if not list_adapted(model):  # merged adapters start anew, and so does their optimizer
                write_optimizer(file, model)
                write_state(file, model)
        write_archive(path, texts, weights)


def _write_keras2(
    model: CompilableModel,
    entry: Mapping[str, Any],
    training: Mapping[str, Any] | None,
    file: h5py.File,
) -> None:
    # A Python str becomes a variable-length string, without the limit of 64 KiB.
    file.attrs["backend"], file.attrs["keras_version"] = BACKEND.decode(), KERAS_VERSION.decode()
    file.attrs["model_config"] = encode(write_model(entry, generation=2))
    if training is not None:
        file.attrs["training_config"] = encode(training)
    write_weights(file.create_group("model_weights"), model, Format.KERAS2)
    write_components(file, collect_rows(model, has_readings=True))
    write_state(file, model)


def _describe_training(model: CompilableModel, found: Format) -> dict[str, Any] | None:
    """Return the training configuration; None if the model is not compiled."""
    compiled = model.compiled
    if compiled is None:
        return None
    for filled in compiled.slots:
        require_whole(filled.resolved, filled.slot)
    resolved = compiled.optimizer_slot.resolved
    if resolved.is_of_factory and model.built_optimizer is None and model.trainable_weights:
        prepare_optimizer(model, "save")  # the factory's arguments lack a rate set since
    written = write_optimizer_config(resolved, model.optimizer)
    generation = 3 if found is Format.ARCHIVE else 2
    return write_training(compiled.structure, compiled.loss_weights, written, generation)
