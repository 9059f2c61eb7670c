"""Loads whole models from files and JSON."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kplug.components.arguments import require_flag, require_path
from kplug.dialect import read_model, read_training
from kplug.errors import ContractError, KplugError, WeightsError
from kplug.layers.base.building import count_bytes, reserve_memory
from kplug.locking import find_required_lock
from kplug.models.configuration.reading import model_from_config, scope_of
from kplug.models.model import Model
from kplug.registry import resolve
from kplug.registry.problems import describe_error
from kplug.registry.user_warnings import warn
from kplug.saving.component_table_check import (
    Verify,
    check_verify,
    require_recorded,
    telling_of_changes,
    verify_components,
    verify_numbers,
)
from kplug.saving.formats import DAMAGED_HINT, naming_file
from kplug.saving.json_text import parse_json
from kplug.saving.lock_check import verify_lock
from kplug.saving.provenance import read_components
from kplug.saving.state import read_keras_optimizer, read_state, restore_state
from kplug.saving.weights.hdf5_tensors import load_all
from kplug.saving.weights.weight_files import plan_weights
from kplug.saving.whole import StoredModel, opened_model
from kplug.saving.whole.built_shapes import find_built_shape
from kplug.training.locked_components import require_locked
from kplug.training.settings import DEFAULT_OPTIMIZER

# Weights may be compressed, though no version of Keras compresses them.
_MOST_EXPANSION = 20
_MOST_WITHOUT_QUESTION = 1 << 28


def load_model(
    path: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    verify: Verify = "warn",
    lock: str | os.PathLike[str] | None = None,
) -> Any:
    """Load a model that ``model.save`` wrote, here or in Keras 2, tf-keras or Keras 3.

    Names in the file are resolved among the installed components; no code in it is run, and no module
    is imported by path. The optimizer resumes its state, and the random generators resume when ``fit``
    starts, so that training continues bit by bit.

    Args:
        path: The file: ``.keras``, ``.h5`` or ``.hdf5``.
        custom_objects: Your own classes and functions, by their names in the file.
        compile: Whether to compile the model as it was; without it no loss or optimizer is needed.
        verify: The reaction to missing or different packages of the model: none (``"off"``), a
            warning (``"warn"``), or an error (``"numbers"`` and ``"exact"``). A package that computes what
            the file says is not different, unless ``"exact"`` requires equal versions and hashes. For both
            the file has to name every package of the model.
        lock: A lock file of ``kplug lock``; that of the environment variable ``KPLUG_LOCK`` by default. The
            installed packages must match it, or loading fails.

    Returns:
        The model.

    Raises:
        LockError: The installed packages differ from the lock, or it does not cover the model.
        WeightsError: The file is missing, damaged, of another format, or unsafe.
        ResolutionError: A component other than the optimizer is not installed, or is your own and was
            not given.

    Example:
        >>> import pathlib, tempfile
        >>> from kplug import Sequential, layers
        >>> model = Sequential([layers.Dense(2, input_dim=3)])
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.keras"
        >>> model.save(path)
        >>> load_model(path).output_shape
        (None, 2)

    Reference:
        ``keras.models.load_model``.
    """
    check_verify("load_model", verify)
    require_flag("load_model", "compile", compile)
    source = require_path("load_model", "path", path)
    with naming_file(source), opened_model(source) as stored, scope_of(custom_objects):
        rows = verify_components(lambda: read_components(stored.file), verify, source)
        chosen = find_required_lock() if lock is None else lock
        locked = None if chosen is None else verify_lock(chosen, stored)
        with telling_of_changes(rows, verify, source):
            entry = read_model(stored.config, custom_objects, stored.generation, rows)
            model = model_from_config(entry, custom_objects)
            with _blaming_the_class(model):
                _reserve_weights(model, find_built_shape(stored.config), source)
            plan = plan_weights(model, stored.file, stored.layout)
            plan.raise_problems()
            load_all(plan.assignments)
            if compile:
                _compile(model, stored, custom_objects, rows, source)
        verify_numbers(model, rows, verify, source)
        if verify in ("numbers", "exact"):  # again: now the packages of the model are known
            require_recorded(model, rows, is_exact=verify == "exact")
        if locked is not None:
            require_locked(model, model.compiled, locked)
    return model


def model_from_json(text: str | bytes, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the model that ``model.to_json()`` described, of kplug or of any Keras; new weights.

    Args:
        text: The JSON text.
        custom_objects: Your own classes and functions, by their names in the text.

    Raises:
        WeightsError: The text is not JSON, or describes no model.
        ResolutionError: A component is not installed, or is your own and was not given.
    """
    entry = read_model(parse_json(text, "the text"), custom_objects)
    return model_from_config(entry, custom_objects)


@contextlib.contextmanager
def _blaming_the_class(model: Model) -> Iterator[None]:
    """Convert an error in a user's class to a ``ContractError``, which does not blame the file."""
    try:
        yield
    except KplugError:
        raise
    except Exception as error:
        raise ContractError(
            f"model {model.name!r} cannot be built: {describe_error(error)}"
        ) from error


def _reserve_weights(model: Model, built_shape: Any, source: Path) -> None:
    """Allocate the weights; refuse a configuration that declares more than the file can contain.

    Args:
        model: The model.
        built_shape: The input shape, if the configuration lacks it.
        source: The file.
    """
    shape = model.find_input_shape()
    if shape is None:
        shape = built_shape
    if shape is not None:
        model.declare_for(shape)
        announced, held = count_bytes(model), source.stat().st_size
        if announced > max(_MOST_WITHOUT_QUESTION, _MOST_EXPANSION * held):
            raise WeightsError(
                f"the configuration announces weights of {announced} bytes, the whole file has "
                f"{held}",
                hint=DAMAGED_HINT,
            )
        reserve_memory(model)
    model.ensure_built()


def _compile(
    model: Model,
    stored: StoredModel,
    custom_objects: Mapping[str, Any] | None,
    rows: Sequence[Mapping[str, Any]],
    source: Path,
) -> None:
    if stored.training is None:
        if stored.layout.name == "KERAS2":
            warn(
                f"{source}: the file has no training configuration, so the model is not compiled; "
                "call compile before fit, or pass compile=False"
            )
        return
    state = read_state(stored.file)
    arguments = read_training(stored.training, custom_objects, rows)
    if state is not None:
        arguments |= state.options
    problem = _make_optimizer(arguments)
    if problem is not None:
        state = None if state is None else replace(state, optimizer=None)
    model.compile(**arguments)
    if problem is not None:
        warn(
            f"{source}: the model is compiled with {DEFAULT_OPTIMIZER}, because its own optimizer cannot "
            f"be made: {problem}"
        )
    if state is not None:
        restore_state(model, state, source)
    elif problem is None:
        read_keras_optimizer(stored.file, model, stored.layout, source)


def _make_optimizer(arguments: dict[str, Any]) -> KplugError | None:
    """Create a file's optimizer, which ``compile`` uses unchanged.

    Returns:
        The error if that fails: the model loads without the optimizer.
    """
    if "optimizer" in arguments:
        given = arguments.pop("optimizer")
        try:
            arguments["optimizer"] = resolve("optimizer", given, where="optimizer")
        except KplugError as error:
            return error
    return None
