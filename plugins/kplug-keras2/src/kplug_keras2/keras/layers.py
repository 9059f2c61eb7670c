"""``keras.layers`` of Keras 2: kplug's layers, which take the old arguments, and the old names."""

from __future__ import annotations

from typing import Any

from kplug import layers as kplug_layers
from kplug_keras2.arguments.aliases import alias_classes, make_alias
from kplug_keras2.arguments.renamed import modernise
from kplug_keras2.keras import former_layers, merging
from kplug_keras2.keras.former_layers import make_atrous
from kplug_keras2.symbolic.base_layer import Keras2Layer, Wrapper as BaseWrapper

_FORMER = {
    "Deconv2D": "Conv2DTranspose",
    "Deconv3D": "Conv3DTranspose",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "Recurrent": "RNN",
    "TimeDistributedDense": "Dense",
    "_GlobalPooling1D": "Layer",
    "_GlobalPooling2D": "Layer",
    "_GlobalPooling3D": "Layer",
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


_aliases = alias_classes(kplug_layers, Keras2Layer)
_aliases.update(make_atrous(_aliases))
_aliases["Wrapper"] = make_alias(BaseWrapper, Keras2Layer)
globals().update(_aliases)
globals().update({old: _aliases[today] for old, today in _FORMER.items()})
for _module in (former_layers, merging):
    globals().update({name: getattr(_module, name) for name in _module.__all__})
__all__ = [*_aliases, *_FORMER, *former_layers.__all__, *merging.__all__, "Input"]
