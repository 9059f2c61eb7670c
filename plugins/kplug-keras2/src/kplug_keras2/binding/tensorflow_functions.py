"""TensorFlow's tensor functions and their equivalents here.

Layers and losses for Keras 2 use them alongside ``keras.backend``.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

# `kplug.ops` has each under the name after the colon, or under the same name.
_OF_OPS = """
abs acos:arccos add all:all any:any argmax argmin argsort asin:arcsin atan:arctan broadcast_to cast
ceil concat:concatenate constant:convert_to_tensor convert_to_tensor cos cosh cross cumprod cumsum
divide einsum equal erf exp expand_dims expm1 eye fill:full floor floordiv:floor_divide floormod:mod
greater greater_equal less less_equal linalg.det:det linalg.inv:inv linalg.norm:norm linspace log
log1p logical_and logical_not logical_or logical_xor matmul maximum meshgrid minimum mod multiply
negative norm not_equal one_hot ones ones_like pad pow:power range:arange reciprocal reduce_all:all
reduce_any:any reduce_logsumexp:logsumexp reduce_max:max reduce_mean:mean reduce_min:min
reduce_prod:prod reduce_std:std reduce_sum:sum reduce_variance:var repeat reshape reverse:flip roll
round rsqrt scatter_nd:scatter searchsorted sigmoid sign sin sinh size sort split sqrt square
squeeze stack stop_gradient subtract tan tanh tensordot tile trace transpose truediv:true_divide
unstack where zeros zeros_like nn.crelu nn.elu nn.gelu nn.leaky_relu nn.log_softmax nn.moments
nn.relu nn.relu6 nn.selu nn.sigmoid nn.softmax nn.softplus nn.softsign nn.swish nn.tanh:tanh
nn.top_k nn.l2_normalize:normalize nn.in_top_k
"""
_OURS = "kplug_keras2.symbolic.tensor_functions"
_SIZES = "kplug_keras2.symbolic.sizes"
_OTHERS = {
    "add_n": f"{_OURS}:add_all",
    "batch_gather": f"{_OURS}:gather_nd",
    "boolean_mask": f"{_OURS}:boolean_mask",
    "clip_by_value": "kplug.backend:clip",
    "depth_to_space": f"{_OURS}:depth_to_space",
    "extract_image_patches": f"{_OURS}:extract_image_patches",
    "identity": "kplug.backend:identity",
    "gather": f"{_OURS}:gather",
    "gather_nd": f"{_OURS}:gather_nd",
    "image.extract_image_patches": f"{_OURS}:extract_image_patches",
    "image.resize": f"{_OURS}:resize",
    "image.resize_bilinear": f"{_OURS}:resize",
    "image.resize_images": f"{_OURS}:resize",
    "image.resize_nearest_neighbor": f"{_OURS}:resize_to_nearest",
    "map_fn": "kplug.backend:map_fn",
    "nn.bias_add": "kplug.backend:bias_add",
    "nn.depth_to_space": f"{_OURS}:depth_to_space",
    "nn.dropout": "kplug.backend:dropout",
    "nn.moments": f"{_OURS}:moments",
    "nn.sigmoid_cross_entropy_with_logits": f"{_OURS}:sigmoid_cross_entropy",
    "nn.softmax_cross_entropy_with_logits": f"{_OURS}:softmax_cross_entropy",
    "nn.softmax_cross_entropy_with_logits_v2": f"{_OURS}:softmax_cross_entropy",
    "pad": f"{_OURS}:pad",
    "random.normal": "kplug.backend:random_normal",
    "random.uniform": "kplug.backend:random_uniform",
    "random_normal": "kplug.backend:random_normal",
    "random_uniform": "kplug.backend:random_uniform",
    "reverse": "kplug.backend:reverse",
    "shape": f"{_SIZES}:shape",
    "slice": f"{_OURS}:slice",
    "space_to_depth": "kplug.ops:space_to_depth",
    "to_float": "kplug.backend:cast_to_floatx",
    "truncated_normal": "kplug.backend:truncated_normal",
    "where": f"{_OURS}:where",
}
_FUNCTIONS = {
    **{
        name: f"kplug.ops:{today or name.rpartition('.')[2]}"
        for name, _, today in (entry.partition(":") for entry in _OF_OPS.split())
    },
    **_OTHERS,
}
# Dtypes, by the names that `cast` and `Input` take.
DTYPES = ("bool", "float16", "float32", "float64", "int32", "int64", "int8", "uint8")
# Renamed arguments, and arguments without effect here.
_RENAMED = {
    "dim": "axis",
    "keep_dims": "keepdims",
    "ksizes": "ksizes",
    "multiples": "repeats",
    "perm": "axes",
    "reduction_indices": "axis",
}
_IDLE = ("align_corners", "name", "validate_shape")


def find_function(path: str) -> Callable[..., Any] | None:
    """Return the equivalent of a TensorFlow function; ``None`` for one that needs TensorFlow.

    Args:
        path: Its name within TensorFlow, such as ``nn.softmax``; ``math`` or ``compat.v1`` may come first.
    """
    short = path.removeprefix("compat.v1.").removeprefix("math.")
    target = _FUNCTIONS.get(path) or _FUNCTIONS.get(short)
    return None if target is None else _load(target)


@functools.cache
def _load(target: str) -> Callable[..., Any]:
    from kplug_keras2.symbolic.connecting import connecting
    from kplug_keras2.symbolic.sizes import taking_sizes

    module, _, name = target.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    if module == _SIZES:
        return found
    function = taking_sizes(found) if module == "kplug.ops" else connecting(found)

    @functools.wraps(found)
    def called(*args: Any, **kwargs: Any) -> Any:
        read = {_RENAMED.get(key, key): one for key, one in kwargs.items() if key not in _IDLE}
        return function(*args, **read)

    return called
