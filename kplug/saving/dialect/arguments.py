"""Arguments of layers under the names that older versions of Keras gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.errors import KplugError
from kplug.layers.keywords import list_keywords
from kplug.registry import REGISTRY, Spec, get_kind

# Keras 1's names, and today's; used where a class does not know the first and does know the second.
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
_DATA_FORMATS = {"tf": "channels_last", "th": "channels_first", "default": None}

# What other versions of Keras write, with the values that make no difference.
_WITHOUT_EFFECT: dict[str, tuple[Any, ...]] = {
    "autocast": (True, None),
    "implementation": (0, 1, 2),
    "time_major": (False,),
    "renorm": (False,),
    "renorm_clipping": (None,),
    "renorm_momentum": (0.99,),
    "fused": (None, True, False),
    "virtual_batch_size": (None,),
    "adjustment": (None,),
    "synchronized": (False,),
    "lora_rank": (None,),
    "lora_alpha": (None,),
    "consume_less": ("cpu", "mem", "gpu"),
    "input_dtype": (None,),
    "sparse": (False,),
    "ragged": (False,),
    "optional": (False,),
    "quantization_config": (None,),
    "quantization_mode": (None,),
}


def modernise(owner: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a layer's arguments under their present names.

    Args:
        owner: The layer's class, qualified.
        config: The arguments as they were written.
    """
    known = _list_known(owner)
    if known is None:
        return dict(config)
    read = _join_kernel_size(dict(config), known)
    for old, new in _RENAMED.items():
        if old in read and old not in known and new in known:
            read[new] = read.pop(old)
    if read.get("data_format") in _DATA_FORMATS:
        read["data_format"] = _DATA_FORMATS[read["data_format"]]
    if owner == "kplug/BatchNormalization" and isinstance(read.get("axis"), list):
        read["axis"] = read["axis"][0] if len(read["axis"]) == 1 else read["axis"]
    return {key: value for key, value in read.items() if not _is_idle(key, value, known)}


def _list_known(owner: str) -> set[str] | None:
    """Return the arguments of a built-in layer; None for others, whose arguments are their own."""
    package, _, _ = owner.partition("/")
    try:
        component = REGISTRY.lookup(get_kind("layer"), Spec(owner)).component
        found = REGISTRY.load(component) if package == "kplug" else None
    except KplugError:
        return None
    return set(list_keywords(found)) if isinstance(found, type) else None


def _join_kernel_size(config: dict[str, Any], known: set[str]) -> dict[str, Any]:
    if "nb_row" in config and "nb_col" in config and "kernel_size" in known:
        config["kernel_size"] = [config.pop("nb_row"), config.pop("nb_col")]
    return config


def _is_idle(key: str, value: Any, known: set[str]) -> bool:
    if key in known or key not in _WITHOUT_EFFECT:
        return False
    return any(value is idle or value == idle for idle in _WITHOUT_EFFECT[key])
