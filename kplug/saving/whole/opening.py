"""Opens whole-model files of kplug, Keras 2, tf-keras and Keras 3."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kplug.dialect import KERAS_3, Generation, find_generation
from kplug.errors import WeightsError
from kplug.saving.archive import CONFIG, METADATA, Archive, opened_archive
from kplug.saving.formats import Format, choose_whole_format
from kplug.saving.hdf5 import opened, require_file
from kplug.saving.hdf5_library import h5py
from kplug.saving.json_text import MOST_BYTES, parse_json
from kplug.saving.provenance import has_components
from kplug.saving.text_attributes import read_text
from kplug.saving.whole.vocabularies import put_vocabularies


@dataclass(frozen=True)
class StoredModel:
    """A whole model in a file, whose weights are read lazily."""

    config: Any
    training: Any
    file: h5py.File
    layout: Format
    generation: Generation


@contextlib.contextmanager
def opened_model(path: Path) -> Iterator[StoredModel]:
    """Open a whole model and read its configuration.

    Raises:
        WeightsError: The file is missing, damaged, of another format, or unsafe.
    """
    require_file(path)
    if choose_whole_format(path) is Format.ARCHIVE:
        with opened_archive(path) as archive:
            config = parse_json(archive.read_text(CONFIG, MOST_BYTES), CONFIG)
            if not isinstance(config, dict):
                raise WeightsError(f"{CONFIG} holds {type(config).__name__}, not a dict")
            put_vocabularies(config, archive)
            training, generation = config.get("compile_config"), _find_generation(archive, config)
            with archive.opened_weights() as file:
                yield StoredModel(config, training, file, Format.KERAS3, generation)
        return
    with opened(path) as file:
        text = read_text(file, "model_config")
        if text is None:
            raise _no_model(file)
        training = read_text(file, "training_config")
        config = parse_json(text, "the attribute 'model_config'")
        # kplug's files have names of Keras 3 too, in a layout marked as Keras 2's.
        is_ours = has_components(file)
        yield StoredModel(
            config,
            None if training is None else parse_json(training, "the attribute 'training_config'"),
            file,
            Format.KERAS2,
            KERAS_3 if is_ours else find_generation(config, read_text(file, "keras_version")),
        )


def _find_generation(archive: Archive, config: Any) -> Generation:
    """Return an archive's generation of Keras: tf-keras has the same members and dicts as Keras 3."""
    metadata = parse_json(archive.read_text(METADATA, MOST_BYTES), METADATA)
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return find_generation(config, version if isinstance(version, str) else None)


def _no_model(file: h5py.File) -> WeightsError:
    holds_weights = "layer_names" in file.attrs or "layers" in file
    return WeightsError(
        "the file holds weights alone, no model that could be built from it"
        if holds_weights
        else "this HDF5 file holds no Keras model: it has no 'model_config'",
        hint="Build the model in code, then model.load_weights reads the file."
        if holds_weights
        else "Expected is a file of model.save, of kplug or of Keras.",
    )
