"""Keyword arguments that a layer does not know: which one, and which was meant."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from kplug.errors import ArgumentError

# What Keras 1 called arguments that have another name today.
_KERAS_1 = {
    "output_dim": "units",
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
    "p": "rate",
    "border_mode": "padding",
    "subsample": "strides",
    "nb_filter": "filters",
    "nb_row": "kernel_size",
    "nb_col": "kernel_size",
    "dim_ordering": "data_format",
    "atrous_rate": "dilation_rate",
}

# What Keras 3 writes into every configuration, and what there is here is that it is off.
_KERAS_3_SWITCHES = ("sparse", "ragged", "optional", "quantization_config")


def without_switches(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without Keras 3's switches that are off; one that is on is refused later.

    Example:
        >>> without_switches({"units": 3, "quantization_config": None})
        {'units': 3}
    """
    return {name: value for name, value in config.items() if name not in _KERAS_3_SWITCHES or value}


def list_keywords(layer_class: type) -> list[str]:
    """Return the names of all arguments that a class and its bases can be made with."""
    names: dict[str, None] = {}
    for one in layer_class.__mro__:
        if "__init__" not in vars(one) or one.__module__.startswith("torch."):
            continue
        for parameter in inspect.signature(vars(one)["__init__"]).parameters.values():
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                names[parameter.name] = None
    names.pop("self", None)
    return list(names)


def refuse_keywords(layer_class: type, unknown: Iterable[str]) -> None:
    """Refuse keyword arguments that no constructor of the class takes.

    Raises:
        ArgumentError: There are such; the message suggests the one that was meant.
    """
    names = list(unknown)
    if not names:
        return
    known = list_keywords(layer_class)
    asked = ", ".join(repr(name) for name in names)
    plural = "an unknown keyword" if len(names) == 1 else "unknown keywords"
    raise ArgumentError(
        f"{layer_class.__name__} got {plural} {asked}.{_suggest(names, known)}",
        hint=f"Known: {', '.join(known)}.",
    )


def _suggest(names: list[str], known: list[str]) -> str:
    meant = [
        repr(found)
        for name in names
        for found in (
            [_KERAS_1[name]] if _KERAS_1.get(name) in known else find_closest(name, known)
        )
    ]
    return f" Did you mean {', '.join(dict.fromkeys(meant))}?" if meant else ""


def find_closest(name: str, known: Iterable[str]) -> list[str]:
    """Return the known name that is most like a name, if one is: a list of one or none."""
    return difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
