"""Renames Keras 1's arguments and converts their values."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Collection, Mapping
from typing import Any

from kplug.dialect import find_present_names
from kplug_keras2.warning import warn_once

# kplug's own table has those of layers, since files contain them too.
_RENAMED = {
    "input": "inputs",
    "output": "outputs",
    "nb_epoch": "epochs",
    "nb_worker": "workers",
    "nb_classes": "num_classes",
    "nb_words": "num_words",
    "max_q_size": "max_queue_size",
    "pickle_safe": "use_multiprocessing",
    "epsilon_std": "stddev",
    "cropping_W": "cropping",
    "length_dim": "n",
    "sigma": "stddev",
    "schedule": "schedule",
}
# Renamed arguments of other classes.
_RENAMED_OF = {
    "Conv3D": {f"kernel_dim{axis}": "kernel_size" for axis in (1, 2, 3)},
    "LSTM": {"forget_bias_init": "unit_forget_bias"},
    "MaxNorm": {"m": "max_value"},
    "MinMaxNorm": {"low": "min_value", "high": "max_value"},
    "PReLU": {"init": "alpha_initializer"},
    "ReduceLROnPlateau": {"epsilon": "min_delta"},
    "SeparableConv2D": {"init": "depthwise_initializer"},
    "UpSampling1D": {"length": "size"},
}
_JOINED = ("nb_row", "nb_col", "kernel_dim1", "kernel_dim2", "kernel_dim3")
_SHAPES = frozenset(("batch_input_shape", "batch_shape", "input_shape"))
# Layers whose `input_dim` is the size of one step.
_OF_SEQUENCES = ("Conv1D", "GRU", "LSTM", "LocallyConnected1D", "RNN", "SimpleRNN")
_VALUES: dict[str, dict[object, object]] = {
    "data_format": {"tf": "channels_last", "th": "channels_first", "default": None},
    "unit_forget_bias": {"one": True, "ones": True, "zero": False, "zeros": False},
}
# Arguments that affected only speed or other backends.
_IDLE = {
    "consume_less",
    "input_length",
    "max_queue_size",
    "nb_worker",
    "pickle_safe",
    "show_accuracy",
    "sparse",
    "use_multiprocessing",
    "workers",
}
# Arguments that a class never used, or that others imply.
_NEVER_USED = {
    "InputSpec": {"dtype"},
    "SeparableConv1D": {"kernel_initializer", "kernel_regularizer", "kernel_constraint"},
    "SeparableConv2D": {"kernel_initializer", "kernel_regularizer", "kernel_constraint"},
    "TensorBoard": {
        "batch_size",
        "embeddings_data",
        "embeddings_freq",
        "embeddings_layer_names",
        "embeddings_metadata",
        "profile_batch",
        "write_grads",
    },
}
# Omitted with a warning, since they affect results: the owner, the name, the replacement.
_LEFT_OUT = {
    (
        "BatchNormalization",
        "mode",
    ): "only mode=0 is here. mode=2 takes a batch's own statistics in predict, too: "
    "call the model with training=True; mode=1 is LayerNormalization",
    ("Embedding", "dropout"): "add SpatialDropout1D after the layer",
}


def modernise(owner: str, given: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Return keyword arguments under their present names, with one warning for each old one.

    Args:
        owner: The called object's name, for warnings.
        given: The arguments.
        known: Its present arguments, which are unchanged.

    Example:
        >>> modernise("Dropout", {"rate": 0.5, "workers": 4}, ["rate", "name"])
        {'rate': 0.5}
    """
    names = {
        **_RENAMED,
        **find_present_names(list(given), known),
        **_RENAMED_OF.get(owner, {}),
    }
    read: dict[str, Any] = {}
    given = _join_lengths(owner, given)
    for name, value in given.items():
        today = name if name in known else names.get(name, name)
        if today not in known and today in _IDLE | _NEVER_USED.get(owner, set()):
            continue
        if today not in known and (owner, name) in _LEFT_OUT:
            _warn_of_left_out(owner, name, value)
        elif today in known and today != name:
            warn_once(name, f"{name}= of {owner} is Keras 1's name; today it is {today}=")
            read[today] = _join(read.get(today), value) if name in _JOINED else value
        else:
            read[name] = value
    return {name: _read_value(name, value) for name, value in read.items()}


def _warn_of_left_out(owner: str, name: str, value: Any) -> None:
    if value:  # 0 and None have no effect
        advice = _LEFT_OUT[owner, name]
        warn_once(f"{owner}.{name}", f"{name}={value} of {owner} is left out; {advice}")


def _join_lengths(owner: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Combine ``input_length`` and ``input_dim`` of a sequence layer into ``input_shape``."""
    if owner == "Embedding" and given.get("input_length") is None and _SHAPES.isdisjoint(given):
        return {**given, "input_shape": (None,)}  # a chain that begins with it has a known input
    if owner not in _OF_SEQUENCES or "input_dim" not in given:
        return given
    others = {name: one for name, one in given.items() if name not in ("input_dim", "input_length")}
    return {**others, "input_shape": (given.get("input_length"), given["input_dim"])}


def _join(former: Any, size: Any) -> Any:
    """Combine Keras 1's per-axis arguments into the kernel size."""
    sizes = former if isinstance(former, tuple) else () if former is None else (former,)
    return (*sizes, size) if sizes else size


def as_of_shape(initializer: Any) -> Any:
    """Adapt an initializer to kplug's call: some of Keras 1's require a name."""
    if not inspect.isfunction(initializer):
        return initializer
    wanted = inspect.signature(initializer).parameters.get("name")
    if wanted is None or wanted.default is not inspect.Parameter.empty:
        return initializer
    return functools.partial(initializer, name=None)


def _read_value(name: str, value: Any) -> Any:
    if name.endswith(("_initializer", "_init")):
        return as_of_shape(value)
    return _VALUES[name].get(value, value) if name in _VALUES and isinstance(value, str) else value
