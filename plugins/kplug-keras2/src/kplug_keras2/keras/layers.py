"""``keras.layers`` of Keras 2: kplug's layers, which take the old arguments, and the old names."""

from __future__ import annotations

from typing import Any

from kplug import layers as kplug_layers
from kplug_keras2.arguments.aliases import make_alias
from kplug_keras2.arguments.renamed import modernise
from kplug_keras2.symbolic.base_layer import Keras2Layer, Wrapper as BaseWrapper

_FORMER = {
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "Recurrent": "RNN",
}
_ACTIVATIONS = {"activation": "tanh", "recurrent_activation": "sigmoid"}


def _make_aliases() -> dict[str, Any]:
    """Return an alias for each class of kplug's layers; two names of one class have one alias."""
    made: dict[type, Any] = {}
    for name in vars(kplug_layers)["__all__"]:
        found = getattr(kplug_layers, name)
        if isinstance(found, type) and issubclass(found, kplug_layers.Layer) and found not in made:
            made[found] = make_alias(found, Keras2Layer)
    return {
        name: made[getattr(kplug_layers, name)]
        for name in vars(kplug_layers)["__all__"]
        if getattr(kplug_layers, name) in made
    }


def Input(  # noqa: N802 - Keras's name
    shape: Any = None, batch_shape: Any = None, name: str | None = None, **options: Any
) -> Any:
    """Return the symbolic input of a model; ``tensor`` gives its shape and type alone."""
    tensor = options.pop("tensor", None)
    if tensor is not None:
        return _read_tensor(tensor, name)
    if isinstance(shape, int):
        shape = (shape,)
    read = modernise("Input", {"name": name, **options}, ("name", "dtype", "batch_size"))
    if batch_shape is not None:
        return kplug_layers.Input(batch_shape=batch_shape, **read)
    return kplug_layers.Input(shape, **read)


def _read_tensor(tensor: Any, name: str | None) -> Any:
    """Return a symbolic tensor itself; of one that has values, an input of its shape and type."""
    if getattr(tensor, "is_symbolic", False):
        return tensor
    dtype = str(tensor.dtype).rpartition(".")[2]
    return kplug_layers.Input(batch_shape=tuple(tensor.shape), dtype=dtype, name=name)


def CuDNNLSTM(units: int, **options: Any) -> Any:  # noqa: N802
    """Return an LSTM with the activations that cuDNN's has."""
    return kplug_layers.LSTM(units, **{**_ACTIVATIONS, **options})


def CuDNNGRU(units: int, **options: Any) -> Any:  # noqa: N802
    """Return a GRU with the activations and biases that cuDNN's has."""
    return kplug_layers.GRU(units, **{**_ACTIVATIONS, "reset_after": True, **options})


def ThresholdedReLU(theta: float = 1.0, **options: Any) -> Any:  # noqa: N802
    """Return x where x > theta, else 0."""
    spec = f"kplug/threshold(threshold={float(theta)!r}, default_value=0.0)"
    return kplug_layers.Activation(spec, **options)


_MERGES = {
    "ave": "average",
    "concat": "concatenate",
    "dot": "dot",
    "max": "maximum",
    "mul": "multiply",
    "sum": "add",
}


def merge(
    inputs: Any, mode: str = "sum", dot_axes: Any = -1, concat_axis: int = -1, **options: Any
) -> Any:
    """Return what Keras 1's ``merge`` did of symbolic tensors.

    Raises:
        ValueError: Another mode than sum, mul, concat, ave, max, dot or cos.
    """
    name = options.pop("name", None)
    if mode in ("dot", "cos"):
        return kplug_layers.dot(inputs, axes=dot_axes, normalize=mode == "cos", name=name)
    if mode not in _MERGES:
        raise ValueError(
            f"merge: there is no mode {mode!r}; the modes are cos, {', '.join(_MERGES)}"
        )
    function = getattr(kplug_layers, _MERGES[mode])
    axes = {"axis": concat_axis} if mode == "concat" else {}
    return function(inputs, name=name, **axes)


_aliases = _make_aliases()
_aliases["Wrapper"] = make_alias(BaseWrapper, Keras2Layer)
globals().update(_aliases)
globals().update({old: _aliases[today] for old, today in _FORMER.items()})
__all__ = [
    *_aliases,
    *_FORMER,
    "CuDNNGRU",
    "CuDNNLSTM",
    "Input",
    "ThresholdedReLU",
    "merge",
]
