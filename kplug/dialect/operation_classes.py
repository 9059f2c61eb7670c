"""The table of Keras 3's operation classes, and the arguments that their objects hold.

In Keras 3's files ``ops.sum(x, axis=1)`` is an object of the class ``Sum`` whose configuration has the axis,
called on ``x``. The tables are an allowlist: a file cannot name other operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

# Keras module → parameters, with a star for those of the object → functions.
_TABLE: Mapping[str, Mapping[str, str]] = {
    "core": {
        "indices values shape*": "scatter",
        "inputs indices updates reduction*": "scatter_update",
        "inputs start_indices shape*": "slice",
        "inputs start_indices updates": "slice_update",
        "variable": "stop_gradient",
        "x dtype*": "cast saturate_cast",
        "x dtype* sparse* ragged*": "convert_to_tensor",
        "x num* axis*": "unstack",
    },
    "image": {
        "image1 image2 max_val* filter_size* filter_sigma* k1* k2* data_format*": "ssim",
        "images data_format*": "hsv_to_rgb rgb_to_grayscale rgb_to_hsv sobel_edges",
        "images kernel_size* sigma* data_format*": "gaussian_blur",
        "images output_shape scale translation spatial_dims* method* antialias*": (
            "scale_and_translate"
        ),
        (
            "images size* interpolation* antialias* crop_to_aspect_ratio*"
            " pad_to_aspect_ratio* fill_mode* fill_value* data_format*"
        ): ("resize"),
        "images size* strides* dilation_rate* padding* data_format*": "extract_patches",
        "images start_points end_points interpolation* fill_value* data_format*": (
            "perspective_transform"
        ),
        (
            "images top_cropping* left_cropping* bottom_cropping* right_cropping*"
            " target_height* target_width* data_format*"
        ): ("crop_images"),
        (
            "images top_padding* left_padding* bottom_padding* right_padding* target_height*"
            " target_width* data_format*"
        ): ("pad_images"),
        "images transform interpolation* fill_mode* fill_value* data_format*": "affine_transform",
        "inputs coordinates order* fill_mode* fill_value*": "map_coordinates",
    },
    "linalg": {
        "a b": "solve",
        "a b lower*": "solve_triangular",
        "a b rcond*": "lstsq",
        "x": "det eig eigh inv lu_factor",
        "x full_matrices* compute_uv*": "svd",
        "x mode*": "qr",
        "x ord* axis* keepdims*": "norm",
        "x rcond*": "pinv",
        "x tol*": "matrix_rank",
        "x upper*": "cholesky cholesky_inverse",
    },
    "math": {
        "data segment_ids num_segments* sorted*": (
            "segment_max segment_min segment_prod segment_sum"
        ),
        "targets predictions k*": "in_top_k",
        "x": "erf erfc erfinv fft fft2 ifft2 logdet rsqrt view_as_complex view_as_real",
        "x axis* keepdims*": "logsumexp",
        "x fft_length*": "irfft rfft",
        "x k* sorted*": "top_k",
        "x sequence_length* sequence_stride*": "extract_sequences",
        "x sequence_length* sequence_stride* fft_length* length* window* center*": "istft",
        "x sequence_length* sequence_stride* fft_length* window* center*": "stft",
        "x y": "cdist",
    },
    "nn": {
        "abs_ angle": "polar",
        (
            "inputs depthwise_kernel pointwise_kernel strides* padding* data_format* dilation_rate*"
        ): ("separable_conv"),
        "inputs kernel strides* padding* data_format* dilation_rate*": "conv depthwise_conv",
        "inputs kernel strides* padding* output_padding* data_format* dilation_rate*": (
            "conv_transpose"
        ),
        "inputs num_classes* axis* dtype* sparse*": "multi_hot",
        "inputs output_size* data_format*": "adaptive_average_pool adaptive_max_pool",
        "inputs pool_size* strides* padding* data_format*": "average_pool max_pool",
        "inputs sequence_lengths strategy* beam_width* top_paths* merge_repeated* mask_index*": (
            "ctc_decode"
        ),
        "query key value bias mask scale is_causal* flash_attention* attn_logits_soft_cap*": (
            "dot_product_attention"
        ),
        "target output from_logits*": "binary_crossentropy",
        "target output from_logits* axis*": (
            "categorical_crossentropy sparse_categorical_crossentropy"
        ),
        "target output target_length output_length mask_index*": "ctc_loss",
        "x": (
            "hard_sigmoid hard_silu hard_tanh log_sigmoid relu relu6 selu sigmoid silu "
            "softplus softsign sparse_plus sparse_sigmoid tanh_shrink"
        ),
        "x alpha*": "celu elu",
        "x approximate*": "gelu",
        "x axes* keepdims* synchronized*": "moments",
        "x axis*": "glu log_softmax softmax sparsemax",
        "x axis* order* epsilon*": "normalize",
        "x b*": "squareplus",
        "x block_size* data_format*": "depth_to_space space_to_depth",
        "x gamma beta axis* epsilon*": "layer_normalization",
        "x kernel_size* dilation* padding* stride*": "unfold",
        "x mean variance axis* offset scale epsilon*": "batch_normalization",
        "x negative_slope*": "leaky_relu",
        "x num_classes* axis* dtype* sparse*": "one_hot",
        "x output_size* kernel_size* dilation* padding* stride*": "fold",
        "x scale axis* epsilon*": "rms_normalization",
        "x threshold*": "hard_shrink soft_shrink",
        "x threshold* default_value*": "threshold",
        "x1 x2 max_val*": "psnr",
    },
    "numpy": {
        "a n* axis*": "diff",
        "array k* axes*": "rot90",
        "condition x1 x2": "where",
        "condlist choicelist default": "select",
        "indices shape*": "unravel_index",
        "shape* fill_value dtype*": "full",
        "sorted_sequence values side*": "searchsorted",
        "start stop num* endpoint* base* dtype* axis*": "logspace",
        "start stop num* endpoint* dtype* axis*": "geomspace",
        "start stop num* endpoint* retstep* dtype* axis*": "linspace",
        "subscripts* operands": "einsum",
        "x": (
            "abs absolute angle arccos arccosh arcsin arcsinh arctan arctanh bitwise_invert "
            "bitwise_not cbrt ceil conj conjugate copy corrcoef cos cosh deg2rad exp exp2 "
            "expm1 fabs fliplr flipud floor i0 imag isfinite isinf isnan isneginf isposinf "
            "isreal log log10 log1p log2 logical_not negative nonzero rad2deg ravel real "
            "reciprocal sign signbit sin sinc sinh slogdet sqrt square tan tanh trunc"
        ),
        "x N* increasing*": "vander",
        "x axes*": "transpose",
        "x axis*": "argsort count_nonzero expand_dims flip sort squeeze stack",
        "x axis* dtype*": "cumprod cumsum nancumprod nancumsum",
        "x axis* keepdims*": (
            "all amax amin any argmax argmin mean median nanargmax nanargmin nanmax nanmean "
            "nanmedian nanmin nanprod nanstd nansum nanvar ptp std sum var"
        ),
        "x axis* keepdims* dtype*": "prod",
        "x axis* keepdims* initial*": "max min",
        "x axis* weights": "average",
        "x axis1* axis2*": "swapaxes",
        "x bins": "digitize",
        "x bins* range*": "histogram",
        "x decimals*": "round",
        "x dtype*": "ones_like view zeros_like",
        "x fill_value dtype*": "full_like",
        "x indices axis*": "take take_along_axis",
        "x indices_or_sections*": "dsplit hsplit vsplit",
        "x indices_or_sections* axis*": "array_split split",
        "x k*": "diag diagflat tril triu",
        "x key": "get_item",
        "x kth* axis*": "argpartition",
        "x nan* posinf* neginf*": "nan_to_num",
        "x newshape*": "reshape",
        "x offset* axis1* axis2*": "diagonal trace",
        "x pad_width* mode* constant_values": "pad",
        "x q axis* method* keepdims*": "nanpercentile nanquantile percentile quantile",
        "x repeats*": "tile",
        "x repeats* axis*": "repeat",
        "x shape*": "broadcast_to",
        "x shift* axis*": "roll",
        "x sorted* return_index* return_inverse* return_counts* axis* size* fill_value*": "unique",
        "x source* destination*": "moveaxis",
        "x weights* minlength* sparse*": "bincount",
        "x x_min* x_max*": "clip",
        "x y": (
            "bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor "
            "left_shift right_shift"
        ),
        "x1 x2": (
            "add arctan2 divide divide_no_nan dot equal floor_divide fmax fmin fmod gcd "
            "greater greater_equal heaviside hypot inner kron lcm ldexp less less_equal "
            "logaddexp logaddexp2 logical_and logical_or logical_xor matmul maximum minimum "
            "mod multiply nextafter not_equal outer power subtract true_divide vdot"
        ),
        "x1 x2 assume_unique* invert*": "isin",
        "x1 x2 axes*": "tensordot",
        "x1 x2 axis*": "append",
        "x1 x2 axisa* axisb* axisc* axis*": "cross",
        "x1 x2 mode*": "correlate",
        "x1 x2 rtol atol equal_nan*": "isclose",
        "x1 x2 rtol* atol* equal_nan*": "allclose",
        "xs": "dstack hstack vstack",
        "xs axis*": "concatenate",
        "y x* dx* axis*": "trapezoid",
    },
}

_CLASSES = {
    "allclose": "AllClose",
    "batch_normalization": "BatchNorm",
    "cdist": "CDist",
    "ctc_decode": "CTCDecode",
    "ctc_loss": "CTCLoss",
    "fft": "FFT",
    "fft2": "FFT2",
    "ifft2": "IFFT2",
    "image.hsv_to_rgb": "HSVToRGB",
    "image.rgb_to_grayscale": "RGBToGrayscale",
    "image.rgb_to_hsv": "RGBToHSV",
    "image.ssim": "SSIM",
    "irfft": "IRFFT",
    "isin": "IsIn",
    "istft": "ISTFT",
    "layer_normalization": "LayerNorm",
    "psnr": "PSNR",
    "rfft": "RFFT",
    "rms_normalization": "RMSNorm",
    "searchsorted": "SearchSorted",
    "stft": "STFT",
    "svd": "SVD",
}

_ALIASES = {"hard_swish": "hard_silu", "swish": "silu"}  # functions without their own class


class OperationClass(NamedTuple):
    """Keras 3's class of a function: parameters in order, and those that the object holds."""

    operation: str
    module: str
    class_name: str
    parameters: tuple[str, ...]
    held: frozenset[str]


def _make(module: str, signature: str, function: str) -> OperationClass:
    words = signature.split()
    operation = f"image.{function}" if module == "image" else function
    plain = "".join(word.capitalize() for word in function.split("_"))
    return OperationClass(
        operation,
        f"keras.src.ops.{module}",
        _CLASSES.get(operation, plain),
        tuple(word.rstrip("*") for word in words),
        frozenset(word.rstrip("*") for word in words if word.endswith("*")),
    )


_ALL = [
    _make(module, signature, function)
    for module, signatures in _TABLE.items()
    for signature, functions in signatures.items()
    for function in functions.split()
]
_BY_OPERATION = {one.operation: one for one in _ALL}
_BY_CLASS = {one.class_name: one for one in _ALL}


def find_class_of(operation: str) -> OperationClass | None:
    """Return the class of a function of ``kplug.ops``.

    Example:
        >>> find_class_of("sum").class_name, find_class_of("random.normal")
        ('Sum', None)
    """
    return _BY_OPERATION.get(_ALIASES.get(operation, operation))


def find_operation_of(class_name: object) -> OperationClass | None:
    """Return the function that a class of Keras's operations stands for."""
    return _BY_CLASS.get(str(class_name))
