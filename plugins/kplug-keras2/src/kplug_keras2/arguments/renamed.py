"""Arguments under the names and with the values that Keras 1 gave them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kplug.dialect import find_present_names
from kplug_keras2.warning import warn_once

# Those of layers stand in kplug's own table, since files have them too.
_RENAMED = {
    "input": "inputs",
    "output": "outputs",
    "nb_epoch": "epochs",
    "nb_worker": "workers",
    "nb_classes": "num_classes",
    "nb_words": "num_words",
    "samples_per_epoch": "steps_per_epoch",
    "nb_val_samples": "validation_steps",
    "val_samples": "steps",
    "max_q_size": "max_queue_size",
    "pickle_safe": "use_multiprocessing",
    "epsilon_std": "stddev",
    "show_accuracy": "metrics",
    "cropping_W": "cropping",
    "length_dim": "n",
    "sigma": "stddev",
    "schedule": "schedule",
}
_VALUES: dict[str, dict[object, object]] = {
    "data_format": {"tf": "channels_last", "th": "channels_first", "default": None},
}
# What had an effect on speed or on other backends alone.
_IDLE = {
    "consume_less",
    "input_length",
    "max_queue_size",
    "nb_worker",
    "sparse",
    "use_multiprocessing",
    "workers",
}
# Arguments that a class took from its base and never used.
_NEVER_USED = {
    "SeparableConv1D": {"kernel_initializer", "kernel_regularizer", "kernel_constraint"},
    "SeparableConv2D": {"kernel_initializer", "kernel_regularizer", "kernel_constraint"},
}


def modernise(owner: str, given: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Return keyword arguments under their present names, with one warning for each old one.

    Args:
        owner: What is called, as warnings name it.
        given: The arguments.
        known: What it takes today. An argument that it knows is left alone.

    Example:
        >>> modernise("Dropout", {"rate": 0.5, "workers": 4}, ["rate", "name"])
        {'rate': 0.5}
    """
    names = {**_RENAMED, **find_present_names(list(given), known)}
    read: dict[str, Any] = {}
    for name, value in given.items():
        today = name if name in known else names.get(name, name)
        if today not in known and today in _IDLE | _NEVER_USED.get(owner, set()):
            continue
        if today in known and today != name:
            warn_once(name, f"{name}= of {owner} is Keras 1's name; today it is {today}=")
            read[today] = _join(read.get(today), value) if name in ("nb_row", "nb_col") else value
        else:
            read[name] = value
    return {name: _read_value(name, value) for name, value in read.items()}


def _join(former: Any, size: Any) -> Any:
    """Return the kernel size of what Keras 1 had one argument of for each axis."""
    return size if former is None else (former, size)


def _read_value(name: str, value: Any) -> Any:
    return _VALUES[name].get(value, value) if name in _VALUES and isinstance(value, str) else value
