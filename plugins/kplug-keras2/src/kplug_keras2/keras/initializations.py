"""``keras.initializations`` of Keras 1: functions that return initial values for a shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from kplug import initializers

# Keras 1's name, kplug's class, and the argument for `scale`: its name and default.
_INITIALIZERS: dict[str, tuple[type, str | None, float]] = {
    "uniform": (initializers.RandomUniform, None, 0.05),
    "normal": (initializers.RandomNormal, "stddev", 0.05),
    "identity": (initializers.Identity, "gain", 1.0),
    "orthogonal": (initializers.Orthogonal, "gain", 1.1),
    "lecun_uniform": (initializers.LecunUniform, None, 0.0),
    "glorot_normal": (initializers.GlorotNormal, None, 0.0),
    "glorot_uniform": (initializers.GlorotUniform, None, 0.0),
    "he_normal": (initializers.HeNormal, None, 0.0),
    "he_uniform": (initializers.HeUniform, None, 0.0),
    "zero": (initializers.Zeros, None, 0.0),
    "one": (initializers.Ones, None, 0.0),
}


def _make(name: str) -> Callable[..., Tensor]:
    made, argument, default = _INITIALIZERS[name]

    def initialize(
        shape: Any,
        scale: float = default,
        name: str | None = None,
        dim_ordering: str | None = None,
        **_options: Any,
    ) -> Tensor:
        del name, dim_ordering
        if made is initializers.RandomUniform:
            found = made(-scale, scale)
        else:
            found = made(**({argument: scale} if argument else {}))
        values: Tensor = found(tuple(shape))
        return values

    initialize.__name__ = name
    initialize.__doc__ = f"Return values of a shape, as ``{made.__name__}`` draws them."
    return initialize


_functions = {name: _make(name) for name in _INITIALIZERS}
_functions |= {"ones": _functions["one"], "zeros": _functions["zero"]}
globals().update(_functions)
__all__ = [*_functions, "get"]


def get(identifier: Any, **_options: Any) -> Any:
    """Return Keras 1's initializer of a name, or else kplug's, which takes ``name`` too."""
    if isinstance(identifier, str) and identifier in __all__:
        return globals()[identifier]
    found = initializers.get(identifier)
    if found is identifier or found is None:
        return found

    def initialize(shape: Any, name: str | None = None, **_others: Any) -> Any:
        del name
        return found(tuple(shape))

    return initialize
