"""``keras.layers`` of Keras 2: kplug's layers, with the old arguments and names."""

from __future__ import annotations

from typing import Any

from kplug import layers as kplug_layers
from kplug_keras2.arguments.aliases import AliasType, alias_classes, make_alias
from kplug_keras2.arguments.renamed import modernise
from kplug_keras2.keras import former_layers, merging
from kplug_keras2.keras.former_layers import make_atrous
from kplug_keras2.symbolic.base_layer import Keras2Layer, Wrapper as BaseWrapper
from kplug_keras2.symbolic.fixed_inputs import make_input_layer

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
    """Return the symbolic input of a model; ``tensor`` is a symbolic tensor or a fixed value."""
    tensor = options.pop("tensor", None)
    if tensor is not None:
        return make_input_layer(tensor, name).output
    if isinstance(shape, int):
        shape = (shape,)
    read = modernise("Input", {"name": name, **options}, ("name", "dtype", "batch_size"))
    if batch_shape is not None:
        return kplug_layers.Input(batch_shape=batch_shape, **read)
    return kplug_layers.Input(shape, **read)


class _InputLayerType(AliasType):
    """The metaclass of Keras 2's ``InputLayer``, whose arguments differ in order and number."""

    _order = (
        *("input_shape", "batch_size", "batch_input_shape", "dtype", "input_tensor", "sparse"),
        "name",
    )

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        given = {**dict(zip(cls._order, args, strict=False)), **kwargs}
        tensors = [given.pop(name, None) for name in ("input_tensor", "tensor")]
        for tensor in tensors:
            if tensor is not None:
                return make_input_layer(tensor, given.get("name"))
        return super().__call__(**given)


_aliases = alias_classes(kplug_layers, Keras2Layer)
_aliases.update(make_atrous(_aliases))
_aliases["Wrapper"] = make_alias(BaseWrapper, Keras2Layer)
_aliases["InputLayer"] = _InputLayerType(
    "InputLayer", (_aliases["InputLayer"],), {"_original": kplug_layers.InputLayer}
)
del _aliases["Input"]
globals().update(_aliases)
globals().update({old: _aliases[today] for old, today in _FORMER.items()})
for _module in (former_layers, merging):
    globals().update({name: getattr(_module, name) for name in _module.__all__})
__all__ = [*_aliases, *_FORMER, *former_layers.__all__, *merging.__all__, "Input"]
