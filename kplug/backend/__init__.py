"""``K``: Keras's backend functions, on torch tensors.

All functions share these conventions; a function's docstring repeats them only where it differs:

- ``TensorLike`` is a tensor, an array, a number or nested lists, of any shape.
- Images, volumes and sequences have their channels where ``data_format`` says.
- ``dtype=None`` is ``floatx()`` and ``data_format=None`` is ``image_data_format()``.
- ``strides`` and ``dilation_rate`` are one number, or one per axis; ``padding`` is ``'valid'`` or
  ``'same'``.
- The same ``seed`` gives the same draws; ``None`` draws from torch's global generator.
- ``from_logits`` says that ``output`` holds logits. Probabilities are kept between ``epsilon()`` and
  ``1 − epsilon()``.
- An argument out of its range raises ``ArgumentValueError``.
- Arguments that torch refuses, such as a wrong axis, raise ``DataError`` or ``ArgumentError``, which name
  the function and the shapes.
"""
# ruff: noqa: A004 - Keras's names: code written for it calls K.sum, K.abs, K.max

from kplug.backend.arrays import (
    holds_texts as holds_texts,
    is_table as is_table,
    read_array as read_array,
)
from kplug.backend.control import (
    device as device,
    function as function,
    gradients as gradients,
    in_test_phase as in_test_phase,
    in_train_phase as in_train_phase,
    learning_phase as learning_phase,
    name_scope as name_scope,
    set_learning_phase as set_learning_phase,
    stop_gradient as stop_gradient,
    switch as switch,
)
from kplug.backend.convert import Axis as Axis, TensorLike as TensorLike, to_tensor as to_tensor
from kplug.backend.ctc import (
    ctc_batch_cost as ctc_batch_cost,
    ctc_decode as ctc_decode,
    ctc_label_dense_to_sparse as ctc_label_dense_to_sparse,
)
from kplug.backend.dtypes import (
    DTypeLike as DTypeLike,
    dtype_name as dtype_name,
    is_float_dtype as is_float_dtype,
    is_int_dtype as is_int_dtype,
    result_type as result_type,
    standardize_dtype as standardize_dtype,
    to_dtype as to_dtype,
)
from kplug.backend.elementwise import (
    abs as abs,
    cast as cast,
    clip as clip,
    cos as cos,
    equal as equal,
    exp as exp,
    greater as greater,
    greater_equal as greater_equal,
    less as less,
    less_equal as less_equal,
    log as log,
    maximum as maximum,
    minimum as minimum,
    not_equal as not_equal,
    pow as pow,
    round as round,
    sign as sign,
    sin as sin,
    sqrt as sqrt,
    square as square,
)
from kplug.backend.global_settings import (
    DataFormat as DataFormat,
    auto_name as auto_name,
    clear_session as clear_session,
    disable_interactive_logging as disable_interactive_logging,
    enable_interactive_logging as enable_interactive_logging,
    epsilon as epsilon,
    floatx as floatx,
    get_uid as get_uid,
    image_data_format as image_data_format,
    image_dim_ordering as image_dim_ordering,
    is_interactive_logging_enabled as is_interactive_logging_enabled,
    keeping_uids as keeping_uids,
    normalize_data_format as normalize_data_format,
    reset_uids as reset_uids,
    set_epsilon as set_epsilon,
    set_floatx as set_floatx,
    set_image_data_format as set_image_data_format,
    set_image_dim_ordering as set_image_dim_ordering,
    snake_case as snake_case,
    standardize_data_format as standardize_data_format,
)
from kplug.backend.indices import require_whole as require_whole
from kplug.backend.linear import (
    batch_dot as batch_dot,
    bias_add as bias_add,
    dot as dot,
    l2_normalize as l2_normalize,
)
from kplug.backend.loops import foldl as foldl, foldr as foldr, map_fn as map_fn, rnn as rnn
from kplug.backend.masks import attach_masks as attach_masks, get_mask as get_mask
from kplug.backend.nn import (
    binary_crossentropy as binary_crossentropy,
    categorical_crossentropy as categorical_crossentropy,
    dropout as dropout,
    elu as elu,
    hard_sigmoid as hard_sigmoid,
    in_top_k as in_top_k,
    relu as relu,
    sigmoid as sigmoid,
    softmax as softmax,
    softplus as softplus,
    softsign as softsign,
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
    tanh as tanh,
)
from kplug.backend.normalization import (
    batch_normalization as batch_normalization,
    normalize_batch_in_training as normalize_batch_in_training,
)
from kplug.backend.random import (
    random_binomial as random_binomial,
    random_normal as random_normal,
    random_normal_variable as random_normal_variable,
    random_uniform as random_uniform,
    random_uniform_variable as random_uniform_variable,
    truncated_normal as truncated_normal,
)
from kplug.backend.reductions import (
    all as all,
    any as any,
    argmax as argmax,
    argmin as argmin,
    cumprod as cumprod,
    cumsum as cumsum,
    logsumexp as logsumexp,
    max as max,
    mean as mean,
    min as min,
    prod as prod,
    std as std,
    sum as sum,
    var as var,
)
from kplug.backend.refusals import explain_refusals as _explain_refusals
from kplug.backend.separable import (
    depthwise_conv2d as depthwise_conv2d,
    local_conv1d as local_conv1d,
    local_conv2d as local_conv2d,
    separable_conv1d as separable_conv1d,
    separable_conv2d as separable_conv2d,
)
from kplug.backend.sessions import (
    backend as backend,
    get_session as get_session,
    manual_variable_initialization as manual_variable_initialization,
    placeholder as placeholder,
    set_session as set_session,
)
from kplug.backend.shaping import (
    arange as arange,
    batch_flatten as batch_flatten,
    concatenate as concatenate,
    expand_dims as expand_dims,
    eye as eye,
    flatten as flatten,
    gather as gather,
    one_hot as one_hot,
    ones as ones,
    ones_like as ones_like,
    permute_dimensions as permute_dimensions,
    repeat as repeat,
    repeat_elements as repeat_elements,
    reshape as reshape,
    reverse as reverse,
    squeeze as squeeze,
    stack as stack,
    tile as tile,
    transpose as transpose,
    zeros as zeros,
    zeros_like as zeros_like,
)
from kplug.backend.spatial import (
    conv1d as conv1d,
    conv2d as conv2d,
    conv3d as conv3d,
    pool2d as pool2d,
    pool3d as pool3d,
    resize_images as resize_images,
    resize_volumes as resize_volumes,
    spatial_2d_padding as spatial_2d_padding,
    spatial_3d_padding as spatial_3d_padding,
    temporal_padding as temporal_padding,
)
from kplug.backend.transposed import (
    conv2d_transpose as conv2d_transpose,
    conv3d_transpose as conv3d_transpose,
)
from kplug.backend.values import (
    NumpyArray as NumpyArray,
    batch_get_value as batch_get_value,
    batch_set_value as batch_set_value,
    cast_to_floatx as cast_to_floatx,
    constant as constant,
    count_params as count_params,
    dtype as dtype,
    eval as eval,
    get_value as get_value,
    identity as identity,
    int_shape as int_shape,
    is_keras_tensor as is_keras_tensor,
    is_placeholder as is_placeholder,
    is_sparse as is_sparse,
    is_tensor as is_tensor,
    moving_average_update as moving_average_update,
    ndim as ndim,
    print_tensor as print_tensor,
    set_value as set_value,
    shape as shape,
    to_dense as to_dense,
    update as update,
    update_add as update_add,
    update_sub as update_sub,
    variable as variable,
)
from kplug.support.exports import export_names

_explain_refusals(
    globals(),
    "ctc elementwise linear nn normalization random reductions separable shaping spatial transposed",
)
export_names(globals())
