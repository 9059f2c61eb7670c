"""Saves and loads models: weights, whole models, training state, and the component table.

Keras also has functions for loading and for custom objects here. They belong to ``kplug.models`` and
``kplug.utils``, which import this package, so they are imported lazily, on first use.
"""

from importlib import import_module as _import_module

from kplug.saving.component_table_check import Verify as Verify
from kplug.saving.exporting import export_model as export_model
from kplug.saving.state.state_files import load_state as load_state, save_state as save_state
from kplug.saving.weights.adapter_files import load_lora as load_lora, save_lora as save_lora
from kplug.saving.weights.weight_files import (
    load_weights as load_weights,
    save_weights as save_weights,
)
from kplug.saving.whole import save_model as save_model
from kplug.saving.whole.writing import to_json as to_json
from kplug.support.exports import export_names

_HOMES = {
    "CustomObjectScope": "kplug.utils",
    "custom_object_scope": "kplug.utils",
    "deserialize_keras_object": "kplug.utils",
    "get_custom_objects": "kplug.utils",
    "get_registered_object": "kplug.utils",
    "load_model": "kplug.models",
    "register_keras_serializable": "kplug.utils",
    "serialize_keras_object": "kplug.utils",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'kplug.saving' has no attribute {name!r}")
    return getattr(_import_module(_HOMES[name]), name)


export_names(globals())
__all__ += sorted(_HOMES)  # type: ignore[name-defined]  # noqa: F821 - export_names has set it
