"""Renames layer arguments of older Keras versions, and restores their defaults."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from kplug.components.configurable import list_keywords
from kplug.dialect.generations import KERAS_3, Generation
from kplug.dialect.idle_arguments import is_idle
from kplug.dialect.names import find_keras_class
from kplug.registry.building.former_arguments import translate_arguments

# Keras 1's names and current ones; used if a class lacks the first and has the second.
_RENAMED = {
    "output_dim": "units",
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
    "p": "rate",
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "pool_length": "pool_size",
    "stride": "strides",
    "dim_ordering": "data_format",
    "atrous_rate": "dilation_rate",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}
# The same for names that Keras 1 shared between embeddings and layers with a kernel.
_RENAMED_IN_TABLES = {
    "init": "embeddings_initializer",
    "W_regularizer": "embeddings_regularizer",
    "W_constraint": "embeddings_constraint",
    "gamma_init": "gamma_initializer",
    "beta_init": "beta_initializer",
}
# Arguments that Keras 1 had once per axis.
_JOINED = {"nb_row": "kernel_size", "nb_col": "kernel_size"}
_DATA_FORMATS = {"tf": "channels_last", "th": "channels_first", "default": None}

# Arguments that Keras 2 and tf-keras write, but whose layers ignore or infer them.
_OF_KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
_IDLE_IN_KERAS_2 = {
    "SeparableConv1D": _OF_KERNEL,
    "SeparableConv2D": _OF_KERNEL,
    "Lambda": ("function_type", "module", "output_shape_type", "output_shape_module"),
    "MultiHeadAttention": ("query_shape", "key_shape", "value_shape"),
}

# The first two have no layout, the others never wrote theirs: every Keras uses the global one.
_WITHOUT_LAYOUT = (
    "Cropping1D",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
)


def modernise(
    owner: Any, config: Mapping[str, Any], generation: Generation = KERAS_3
) -> dict[str, Any]:
    """Return a layer's arguments under their current names, with their former defaults.

    Args:
        owner: Its class, or None if unknown. A class outside Keras declares its own former arguments.
        config: The arguments.
        generation: The Keras that wrote them.
    """
    config = translate_arguments(owner, config)
    path = find_keras_class("layer", owner)
    if path is None:
        return dict(config)
    name, known = path.rpartition(".")[2], set(list_keywords(owner))
    read = _join_kernel_size(dict(config), known)
    if generation.number < 3:
        read = _with_old_defaults(name, read, known, generation)
    for old, new in (*_RENAMED.items(), *_RENAMED_IN_TABLES.items()):
        if old in read and old not in known and new in known:
            read[new] = read.pop(old)
    layout = read.get("data_format")
    if isinstance(layout, str) and layout in _DATA_FORMATS:
        read["data_format"] = _DATA_FORMATS[layout]
    if name == "BatchNormalization" and isinstance(read.get("axis"), list):
        read["axis"] = read["axis"][0] if len(read["axis"]) == 1 else read["axis"]
    return {key: value for key, value in read.items() if not is_idle(key, read, known)}


def _with_old_defaults(
    name: str, config: dict[str, Any], known: set[str], generation: Generation
) -> dict[str, Any]:
    """Return Keras 2's arguments, completed by defaults that it did not write."""
    absent = {"reset_after": False} if "reset_after" in known else {}
    read: dict[str, Any] = {**absent, **config}
    # Sequence layers had no choice of layout, and early `Flatten` layers ignored it.
    if "data_format" in known and "dim_ordering" not in read and name not in _WITHOUT_LAYOUT:
        read.setdefault("data_format", "channels_last")
    if "implementation" in known and read.get("implementation") == 0:
        read["implementation"] = 1
    is_legacy = generation.is_multi_backend and name == "UpSampling2D"
    if is_legacy and read.get("interpolation") == "bilinear":
        read["interpolation"] = "legacy_bilinear"
    if "forget_bias_init" in read and "unit_forget_bias" in known:
        read["unit_forget_bias"] = read.pop("forget_bias_init") in ("one", "ones")
    idle = (*_IDLE_IN_KERAS_2.get(name, ()), *({"input_length"} - known))
    return {key: value for key, value in read.items() if key not in idle}


def find_present_names(names: Container[str], known: Container[str]) -> dict[str, str]:
    """Return the current names of Keras 1's arguments, for those that a class has.

    Example:
        >>> find_present_names(["nb_filter", "filter"], {"filters"})
        {'nb_filter': 'filters'}
    """
    pairs = (*_RENAMED.items(), *_RENAMED_IN_TABLES.items(), *_JOINED.items())
    return {name: today for name, today in pairs if name in names and today in known}


def _join_kernel_size(config: dict[str, Any], known: set[str]) -> dict[str, Any]:
    if "nb_row" in config and "nb_col" in config and "kernel_size" in known:
        config["kernel_size"] = [config.pop("nb_row"), config.pop("nb_col")]
    return config
