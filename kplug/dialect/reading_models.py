"""Reads layers and models from the configurations of any Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kplug.components.configurable import list_keywords
from kplug.dialect.generations import KERAS_2, Generation, find_generation, looks_like_keras_2
from kplug.dialect.keras2.renamed_arguments import modernise
from kplug.dialect.keras2.replaced_layers import replace_former
from kplug.dialect.lambda_layers import find_kind_of_argument
from kplug.dialect.names import (
    BUILT_IN,
    MODULES,
    OWN_KIND,
    Names,
    find_keras_class,
    load_component,
)
from kplug.dialect.reading_components import is_description, qualify, read_component, refuse_code
from kplug.dialect.tensor_operations import is_operation, read_operation
from kplug.dialect.tuples import read_arguments
from kplug.errors import WeightsError

# Class names of models: Keras 2's 'Model' is Keras 3's 'Functional'.
_MODELS = {"Sequential": "Sequential", "Model": "Functional", "Functional": "Functional"}

# Its module is code, so the file has only its class name.
_TORCH_MODULE = f"{BUILT_IN}/TorchModule"

# The deepest published models have a few thousand.
_MOST_LAYERS = 10_000


def read_model(
    entry: object,
    custom_objects: Mapping[str, Any] | None = None,
    generation: Generation | None = None,
    rows: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return a configuration of Keras 1, 2, 3 or tf-keras as kplug's.

    Args:
        entry: ``{"class_name", "config", …}``; Keras's older list of layers is a Sequential.
        custom_objects: Classes and functions of the caller, by name.
        generation: The Keras that wrote it; by default detected from the configuration.
        rows: The component table of its file.

    Returns:
        ``{"class_name", "config"}``; class names are qualified, components are dicts with
        qualified names, and connections of layers are unchanged.

    Raises:
        WeightsError: It describes no layer, contains code, or exceeds Python's recursion limit.
    """
    names = Names.of(custom_objects, generation or find_generation(entry), rows)
    try:
        return _read_layer(entry, names)
    except RecursionError:
        raise WeightsError("the configuration is nested too deeply to be that of a model") from None


def read_layer(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a layer's entry in kplug's form; one of kplug is returned unchanged."""
    if "module" in entry:  # Keras 3 writes it
        return read_model(entry)
    return read_model(entry, generation=KERAS_2) if looks_like_keras_2(entry) else entry


def _read_layer(entry: object, names: Names, may_load: bool = True) -> dict[str, Any]:
    """Return an entry in kplug's form; a plugin's class, if loadable, declares its former arguments."""
    if isinstance(entry, list):
        entry = {"class_name": "Sequential", "config": {"layers": entry}}
    if not isinstance(entry, Mapping) or not isinstance(entry.get("class_name"), str):
        found = "a dict without 'class_name'" if isinstance(entry, Mapping) else _shorten(entry)
        raise WeightsError(f"the configuration of the model has {found} for a layer")
    refuse_code(entry)
    class_name, config = entry["class_name"], entry.get("config")
    rest = {key: entry[key] for key in ("name", "inbound_nodes") if key in entry}
    if is_operation(entry):
        return {**rest, **read_operation(entry)}
    own = qualify("layer", entry, names)
    if own == _TORCH_MODULE:
        raise _torch_module(config)
    if class_name in _MODELS and own.rpartition("/")[0] in ("", BUILT_IN):
        own, config = _MODELS[class_name], _read_graph(config, names)
    elif isinstance(config, Mapping):
        own, config = replace_former(own, read_arguments(entry))
        is_built_in = own.partition("/")[0] == BUILT_IN
        owner = load_component("layer", own) if may_load or is_built_in else None
        arguments = modernise(owner, config, names.generation)
        config = {k: _read_value(own, owner, k, value, names) for k, value in arguments.items()}
    else:
        raise WeightsError(f"layer {class_name!r} has {_shorten(config)} for a configuration")
    if own == "kplug/InputLayer":
        own = "InputLayer"  # like models, always built in
    return {"class_name": own, "config": config, **rest}


def _torch_module(config: object) -> WeightsError:
    found = config if isinstance(config, Mapping) else {}
    return WeightsError(
        f"layer {found.get('name')!r:.60} is the torch module {found.get('module')!r:.60}, which a "
        "file cannot describe",
        hint="Build the model in code, and load its weights with load_weights.",
    )


def _read_graph(config: object, names: Names) -> dict[str, Any]:
    if isinstance(config, list):
        config = {"layers": config}
    if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        raise WeightsError(
            f"the configuration of a model has no list of layers: {_shorten(config)}"
        )
    if len(config["layers"]) > _MOST_LAYERS:
        raise WeightsError(
            f"the model has {len(config['layers'])} layers; at most {_MOST_LAYERS} are read"
        )
    read = {key: value for key, value in config.items() if key not in ("dtype", "module")}
    if read.get("trainable") is True:
        del read["trainable"]
    return {**read, "layers": [_read_layer(each, names) for each in config["layers"]]}


def _read_value(owner: str, found: Any, key: str, value: Any, names: Names) -> Any:
    if key == "dtype":
        return read_dtype(value)
    kind = find_kind_of_argument(owner, key)
    # A slot whose name announces nothing, or a layer, is one of the layers inside this one. Nothing is
    # imported for a key that is no argument.
    if is_description(value) and (kind is None or kind.name == "layer"):
        return _read_layer(value, names, isinstance(found, type) and key in list_keywords(found))
    # In Keras a layer may serve as an activation.
    if is_description(value) and (value.get("module") == MODULES["layer"] or OWN_KIND in value):
        return {**_read_layer(value, names), OWN_KIND: "layer"}
    if kind is not None:
        read = read_component(kind.name, value, names)
        # A bare name in another library's class may be plain text, not a component.
        is_text = isinstance(value, str) and read == f"{BUILT_IN}/{value}"
        return value if is_text and find_keras_class("layer", found) is None else read
    if isinstance(value, (list, tuple)) and any(map(is_description, value)):
        items = [_read_value(owner, found, key, item, names) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return value


def read_dtype(value: Any) -> Any:
    """Return the type of the weights for a dtype or dtype policy.

    Example:
        >>> read_dtype({"class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}})
        'float32'
    """
    if isinstance(value, Mapping):
        config = value.get("config")
        value = config.get("name") if isinstance(config, Mapping) else None
    return "float32" if isinstance(value, str) and value.startswith("mixed_") else value


def _shorten(value: object) -> str:
    text = repr(value) if not isinstance(value, (dict, list)) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:59]}…"
