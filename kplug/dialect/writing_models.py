"""Writes layers and models in Keras's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kplug.dialect.lambda_layers import find_kind_of_argument
from kplug.dialect.names import BUILT_IN, OWN_ARGUMENTS, OWN_KIND, OWN_NAME, find_keras_name
from kplug.dialect.tensor_operations import OPERATION, write_operation
from kplug.dialect.writing_components import describe, write_component, write_object
from kplug.dialect.writing_graphs import is_graph, write_calls, write_ends

_MODEL_MODULES = {
    "Sequential": "keras",
    "Model": "keras",
    "Functional": "keras.src.models.functional",
}

_LAYER_MODULES = ("keras.layers", *_MODEL_MODULES.values())

# Arguments of Keras 3's input layer; kplug's has more.
_INPUT_KEYS = ("dtype", "name")


@dataclass(frozen=True, slots=True)
class KerasLacks:
    """An argument that Keras's class lacks.

    Args:
        default: The value with which the layer computes what Keras's computes; files leave it out.
        changes_outputs: Whether other values change what the layer computes. The layer then stands under its
            own name, so that Keras refuses it and does not predict other numbers.
    """

    default: Any
    changes_outputs: bool = True


# By the name of Keras's class.
KERAS_LACKS: dict[str, dict[str, KerasLacks]] = {
    "Embedding": {"sparse": KerasLacks(False, changes_outputs=False)},
    **{
        f"SpatialDropout{rank}D": {"trainable": KerasLacks(True, changes_outputs=False)}
        for rank in (1, 2, 3)
    },
}

# Classes with an exported name in Keras 3's dicts, and their own name in HDF5 files.
_NAMES_IN_HDF5 = {"GroupQueryAttention": "GroupedQueryAttention"}


def write_model(entry: Mapping[str, Any], generation: int = 3) -> dict[str, Any]:
    """Return a model's or layer's configuration in Keras's form.

    Args:
        entry: ``{"class_name", "config"}`` as kplug writes it, with ``name`` and ``inbound_nodes``
            in a functional model.
        generation: 3 for Keras 3's dicts; 2 for the plainer ones of HDF5 files.
    """
    written = _write_layer(entry, generation)
    return written if generation == 3 else simplify(written)


def _write_layer(entry: Mapping[str, Any], generation: int) -> dict[str, Any]:
    package, _, name = str(entry["class_name"]).rpartition("/")
    config, beside = dict(entry["config"]), {}
    # A plugin's class is never Keras's, whatever its name.
    is_ours = package in ("", BUILT_IN)
    if is_ours and name in _MODEL_MODULES:
        written = describe(_MODEL_MODULES[name], name, _write_graph(name, config, generation))
    elif is_ours and name == "InputLayer":
        written = describe("keras.layers", name, _write_input(config))
    elif is_ours and name == OPERATION and generation == 3 and (done := _write_operation(entry)):
        written = done
    else:
        keras_name = find_keras_name("layer", f"{package or BUILT_IN}/{name}")
        lacking = KERAS_LACKS.get(keras_name or "", {})
        known = {key: value for key, value in config.items() if key not in lacking}
        own = {k: v for k, v in config.items() if k in lacking and v != lacking[k].default}
        is_keras = not any(lacking[key].changes_outputs for key in own)
        if is_keras:
            beside = own
        else:
            known |= own
        arguments = _write_config(name, known, generation)
        written = write_object("layer", package or BUILT_IN, name, arguments, is_keras)
    # Entries of a functional model have connections, a model's own entry its built shape.
    kept = ("name", "inbound_nodes", "build_config", OWN_KIND)
    found = {key: entry[key] for key in kept if key in entry and key not in written}
    return {**written, **found, **({OWN_ARGUMENTS: beside} if beside else {})}


def _write_operation(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    return write_operation(entry["config"], entry.get("inbound_nodes", ()))


def _write_graph(name: str, config: dict[str, Any], generation: int) -> dict[str, Any]:
    entries = list(config.get("layers", ()))
    first = entries[0]["config"] if entries else {}
    if name == "Sequential" and entries[:1] and entries[0]["class_name"] != "InputLayer":
        shape = first.get("batch_input_shape")
        if shape is not None:
            given = {"batch_input_shape": shape, "dtype": first.get("dtype")}
            given["name"] = f"{first.get('name', 'input')}_input"
            entries.insert(0, {"class_name": "InputLayer", "config": given})
    config = _write_connections({**config, "layers": entries}, generation)
    return {**config, "layers": [_write_layer(each, generation) for each in config["layers"]]}


def _write_connections(config: dict[str, Any], generation: int) -> dict[str, Any]:
    """Return a configuration with its calls in Keras 3's form, if it is a functional model's."""
    if not {"layers", "input_layers", "output_layers"} <= config.keys():
        return config
    # Keras 3 reads Keras 2's form of calls too, unless models are nested.
    is_new = generation == 3 or any(map(is_graph, config["layers"]))
    return write_calls(config) if is_new else write_ends(config)


def _write_input(config: Mapping[str, Any]) -> dict[str, Any]:
    written = {key: config[key] for key in _INPUT_KEYS if key in config}
    shape = config.get("batch_shape", config.get("batch_input_shape"))
    return {"batch_shape": shape, **written}


def _write_config(name: str, config: dict[str, Any], generation: int) -> dict[str, Any]:
    left_out = {"batch_input_shape"}
    if config.get("activity_regularizer") is None:
        left_out.add("activity_regularizer")
    return {
        key: _write_value(name, key, value, generation)
        for key, value in _write_connections(config, generation).items()
        if key not in left_out
    }


def _write_value(owner: str, key: str, value: Any, generation: int) -> Any:
    if isinstance(value, Mapping) and "class_name" in value:
        return _write_layer(value, generation)
    if isinstance(value, (list, tuple)):
        items = [_write_value(owner, key, item, generation) for item in value]
        return items if isinstance(value, list) else tuple(items)
    kind = find_kind_of_argument(owner, key)
    if kind is not None and isinstance(value, str) and "/" in value:
        return write_component(kind.name, value)
    return value


def simplify(value: Any, is_entry: bool = True) -> Any:
    """Return Keras 3's form as Keras 2 writes it: no modules, ``package>name`` as the class.

    Args:
        value: The value in Keras 3's form.
        is_entry: Whether it is a model's layer. A layer inside a layer keeps its module, which Keras 3's
            reader of HDF5 requires there, and older ones ignore.
    """
    if isinstance(value, list):
        return [simplify(item, is_entry) for item in value]
    if not isinstance(value, dict):
        return value
    if not {"module", "registered_name"} <= value.keys():  # arguments, not an object
        return {key: simplify(item, key == "layers") for key, item in value.items()}
    registered = value["registered_name"]
    if registered == "function":
        return value["config"]
    class_name = registered or value["class_name"]
    config = simplify(value["config"])
    if class_name == "InputLayer":
        config = {("batch_input_shape" if k == "batch_shape" else k): v for k, v in config.items()}
    kept: tuple[str, ...] = (
        "name",
        "inbound_nodes",
        "build_config",
        OWN_ARGUMENTS,
        OWN_NAME,
        OWN_KIND,
    )
    if not is_entry and value["module"] in _LAYER_MODULES:
        kept = (*kept, "module", "registered_name")
    elif value["module"] == "keras.layers":
        class_name = _NAMES_IN_HDF5.get(class_name, class_name)
    rest = {key: value[key] for key in kept if key in value}
    return {"class_name": class_name, "config": config, **rest}
