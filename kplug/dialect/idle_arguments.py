"""Drops Keras arguments that kplug's layers lack, where their values have no effect."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from kplug.components.configurable import list_keywords
from kplug.registry.building.former_arguments import is_equal
from kplug.registry.component_facts import find_keras_path

# Keras 3 writes them for every layer, including user-defined ones.
_OF_ALL: dict[str, tuple[Any, ...]] = {
    "sparse": (False, None),
    "ragged": (False, None),
    "optional": (False, None),
    "quantization_config": (None, False),
}
_WITHOUT_EFFECT: dict[str, tuple[Any, ...]] = {
    **_OF_ALL,
    "autocast": (True, None),
    "implementation": (0, 1, 2),
    "time_major": (False, None),
    "constants": (None, [], ()),
    "num_constants": (None, 0),
    "renorm": (False, None),
    "fused": (None, True, False),
    "virtual_batch_size": (None,),
    "adjustment": (None,),
    "synchronized": (False,),
    "rms_scaling": (False, None),
    "consume_less": ("cpu", "mem", "gpu"),
    "input_dtype": (None,),
    "quantization_mode": (None,),
    "groups": (1,),
    "noise_shape": (None,),
    "causal": (False,),
    "mode": (0,),
    "dropout": (0.0,),
    "rng_type": (None, "stateful", "stateless", "legacy_stateful"),
    "robust_masking": (True, False),
    "softmax_robust_masking": (True, False),
}
# Arguments that have no effect while another one is off.
_TUNES = {"renorm_clipping": "renorm", "renorm_momentum": "renorm"}


def is_idle(key: str, config: Mapping[str, Any], known: Container[str]) -> bool:
    """Return whether an argument of a configuration has no effect, and can be dropped."""
    if key in known:
        return False
    if key in _TUNES:
        return not config.get(_TUNES[key])
    return _has_no_effect(config[key], _WITHOUT_EFFECT.get(key, ()))


def leave_out_idle(layer_class: type, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a configuration without inactive ones that the class lacks.

    Example:
        >>> from kplug.layers import Dense
        >>> leave_out_idle(Dense, {"units": 3, "quantization_config": None})
        {'units': 3}
    """
    known = list_keywords(layer_class)
    if any(map(find_keras_path, layer_class.__mro__)):
        return {key: config[key] for key in config if not is_idle(key, config, known)}
    # A class outside Keras's hierarchy may read anything from its keyword arguments.
    return {
        key: value
        for key, value in config.items()
        if key in known or not _has_no_effect(value, _OF_ALL.get(key, ()))
    }


def _has_no_effect(value: Any, idle: tuple[Any, ...]) -> bool:
    return any(is_equal(value, one) for one in idle)
