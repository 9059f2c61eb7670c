"""Every function of ``kplug.ops`` against ``keras.ops``: at once, in a graph, and its gradient."""

from __future__ import annotations

import inspect
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import ops
from kplug.layers import Input
from kplug.models import Model
from kplug.ops.table import OPERATIONS
from kplug.support.nested import find_leaves, map_leaves
from tests.ops.picture_cases import PICTURE_CASES

keras = pytest.importorskip("keras")
# Keras counts with it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*Tensor.T:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*x.T:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning"),  # torch's jvp
]

F = np.array([[-1.5, -0.5, 0.25], [0.75, 1.5, 2.5]], "float32")
G = np.array([[2.0, -1.0, 0.5], [1.0, 0.25, -3.0]], "float32")
U = np.array([[0.1, 0.5, 0.25], [0.75, 0.3, 0.9]], "float32")  # inside (0, 1)
P = U + 1
I = np.array([[3, -2, 0], [1, 4, 2]], "int32")  # noqa: E741
J = np.array([[2, 3, 1], [5, 4, 2]], "int32")
B = np.array([[True, False, True], [False, True, True]])
C = np.array([[False, False, True], [True, True, False]])
N = np.array([[np.nan, np.inf, 1.0], [-np.inf, 0.0, 2.0]], "float32")
M = np.array([[np.nan, 1.0, 2.0], [-1.0, 0.5, np.nan]], "float32")
T = np.arange(24, dtype="float32").reshape(2, 3, 4) / 8
S = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.0], [0.5, 0.0, 2.0]], "float32")
W = np.arange(32, dtype="float32").reshape(1, 4, 4, 2) / 16
V = (np.arange(48, dtype="float32").reshape(2, 3, 2, 4) - 20) / 16


def _add(x: Any, y: Any) -> Any:
    return x + y


TABLE: dict[str, list[tuple[Any, ...]]] = {
    "abs absolute negative sign square": [(F,), (I,)],
    "arctan arcsinh cos cosh deg2rad erf exp exp2": [(F,), (I,)],
    "expm1 floor ceil rad2deg sin sinc sinh tan": [(F,), (I,)],
    "tanh copy stop_gradient trunc signbit real": [(F,)],
    "conj conjugate angle": [(F,)],
    "arccos arcsin arctanh erfinv": [(U,)],
    "log log10 log1p log2 sqrt rsqrt reciprocal": [(P,), (J,)],
    "arccosh": [(P,)],
    "isfinite isinf isnan": [(N,)],
    "logical_not": [(B,), (F,)],
    "bitwise_not": [(I,)],
    "add subtract multiply": [(F, G), (F, 2), (2.5, F), (I, J), (I, 2), (I, F)],
    "divide true_divide": [(F, G), (F, 2), (2.5, F), (I, J), (I, 2)],
    "floor_divide mod": [(F, G), (F, 2), (I, J)],
    "fmod": [(F, G), (I, J)],
    "power": [(P, G), (P, 2), (2.0, F), (J, 2)],
    "maximum minimum": [(F, G), (F, 0), (0.5, F), (I, J)],
    "equal not_equal greater less": [(F, G), (F, 0.25), (I, J), (F, 1)],
    "greater_equal less_equal": [(F, G), (F, 0.25), (I, J)],
    "logical_and logical_or logical_xor": [(B, C)],
    "bitwise_and bitwise_or bitwise_xor": [(I, J)],
    "arctan2 hypot logaddexp": [(F, G)],
    "divide_no_nan": [(F, G), (F, np.zeros_like(F))],
    "isclose": [(F, F + 1e-7), (F, G)],
    "nan_to_num": [(N,)],
    "cast": [(F, "int32"), (I, "float32"), (F, "bool"), (B, "float32")],
    "clip": [(F, -0.5, 1.0), (I, 0, 2)],
    "round": [(F,), (F, 1)],
    "where": [(B, F, G), (B, F, 0.0), (B, 1.0, F), (B, I, J)],
    "sum prod": [(F,), (F, 0), (F, -1, True), (I,), (I, 1), (B, 0), (T, (0, 2))],
    "fabs": [(F,), (I,)],
    "cbrt erfc i0": [(F,), (I,)],
    "bitwise_invert": [(I,)],
    "isneginf isposinf isreal": [(F,)],
    "bitwise_left_shift bitwise_right_shift left_shift right_shift": [(J, J)],
    "fmax fmin": [(F, G), (F, 0), (I, J), (N, F)],
    "gcd lcm": [(J, I)],
    "heaviside logaddexp2": [(F, G)],
    "ldexp": [(F, I)],
    "nextafter": [(F, G)],
    "allclose": [(F, F + 1e-7), (F, G)],
    "imag": [(F.astype("complex64"),)],
    "isin": [(I, J), (F, G)],
    "saturate_cast": [(F * 200, "uint8")],
    "select": [([B, C], [F, G], 3.0)],
    "view": [(F, "int32")],
    "view_as_real": [(F.astype("complex64"),)],
    "view_as_complex": [(T[:, :, :2],)],
    "array": [(F,), ([1, 2],)],
    "empty": [((0, 3),)],
    "empty_like": [(np.zeros((0, 3), "float32"),)],
    "bartlett blackman hamming hanning": [(7,)],
    "kaiser": [(7, 3.0)],
    "geomspace logspace": [(0.5, 2.0, 5), (F[1], P[0], 4)],
    "tri": [(3,), (2, 4, 1)],
    "append": [(F, G), (F, G, 1)],
    "array_split": [(T, 3, 2)],
    "dsplit": [(T, 2)],
    "hsplit": [(T, 3)],
    "vsplit": [(T, 2)],
    "dstack": [([F, G],)],
    "diagflat": [(F,)],
    "fliplr flipud": [(F,)],
    "nonzero": [(I,)],
    "rearrange": [(T, "a b c -> (c a) b")],
    "rot90": [(F,), (T, 2, (1, 2))],
    "trace": [(S,), (I, 1)],
    "unique": [(I,)],
    "unravel_index": [(np.array([1, 5], "int32"), (2, 3))],
    "vander": [(F[0],), (F[0], 4, True)],
    "argpartition": [(F, 1)],
    "bincount": [(np.abs(I[0]),), (np.abs(I), F, 6)],
    "corrcoef": [(F,)],
    "correlate": [(F[0], G[1][:2], "same"), (F[0], G[1], "full")],
    "diff": [(F,), (T, 2, 1)],
    "digitize": [(F, np.array([-1.0, 0.0, 1.0], "float32"))],
    "histogram": [(F[0], 4), (F[0], 3, (0.0, 2.0))],
    "median nanmedian": [(F,), (T, (0, 2)), (F, 1, True)],
    "quantile nanquantile": [(F, 0.3), (T, np.array([0.2, 0.5], "float32"), 1, "linear", True)],
    "percentile nanpercentile": [(F, 30.0), (T, 50.0, (0, 1))],
    "nanargmax nanargmin": [(M, 1)],
    "nanmax nanmin nanmean nansum nanprod nanvar nanstd": [(M,), (M, 0), (I, 1)],
    "nancumsum nancumprod": [(M, 1)],
    "ptp": [(F,), (F, 1)],
    "searchsorted": [(np.array([-1.0, 0.0, 1.0], "float32"), F[0])],
    "trapezoid": [(F,), (F, G)],
    "cdist": [(F, G)],
    "cross": [(F, G, -1, -1, -1, 1)],
    "kron": [(F, G)],
    "logdet": [(S,)],
    "slogdet": [(S,)],
    "cholesky_inverse": [(S,)],
    "eigh": [(np.diag([1.0, 2.0, 3.0]).astype("float32"),)],
    "eig": [(np.diag([1.0, 2.0, 3.0]).astype("float32"),)],
    "jvp": [(torch.sin, (F,), (G,))],
    "lstsq": [(S, S[0]), (S, S[:, :2])],
    "lu_factor": [(S,)],
    "matrix_rank": [(S,)],
    "pinv": [(S,)],
    "qr": [(S,)],
    "solve_triangular": [(S, S[0]), (S, S, True)],
    "svd": [(S, True, False)],
    "in_top_k": [(np.array([2, 0], "int32"), F, 1)],
    "hard_shrink soft_shrink sparse_plus sparse_sigmoid squareplus": [(F,)],
    "sparsemax": [(F * 4,)],
    "threshold": [(F, 0.5, -1.0)],
    "batch_normalization": [(F, P[0], P[1], -1, G[0], G[1])],
    "layer_normalization": [(T,), (T, T[0, 0] + 1, T[1, 1])],
    "rms_normalization": [(T,), (T, T[0, 0] + 1)],
    "psnr": [(F, G, 2.0)],
    "ctc_loss": [
        (np.array([[1, 2]], "int32"), T[:1], np.array([2], "int32"), np.array([3], "int32"))
    ],
    "ctc_decode": [(T, np.array([3, 2], "int32"))],
    "dot_product_attention": [
        (V, V, V),
        (V, V[:, :, :1], V[:, :, :1]),
        (V, V, V, None, np.tril(np.ones((1, 1, 3, 3), bool))),
        (V, V, V, V[:, :1, :1, :1]),
    ],
    "conv": [(W, np.ones((2, 2, 2, 3), "float32"), 2, "same"), (T, np.ones((2, 4, 3), "float32"))],
    "conv_transpose": [(W, np.ones((2, 2, 3, 2), "float32"), 2, "same")],
    "depthwise_conv": [(W, np.ones((2, 2, 2, 1), "float32"))],
    "separable_conv": [
        (W, np.ones((2, 2, 2, 1), "float32"), np.ones((1, 1, 2, 3), "float32"), 1, "same")
    ],
    "average_pool max_pool": [(W, 2), (W, 2, 1, "same"), (T, 2, 1)],
    "adaptive_average_pool adaptive_max_pool": [(W, 2)],
    "depth_to_space": [(W.reshape(1, 2, 4, 4), 2)],
    "space_to_depth": [(W, 2)],
    "unfold": [(W, 2)],
    "fold": [(T.reshape(1, 8, 3)[:, :, :1], 2, 2)],
    "extract_sequences": [(T, 3, 1)],
    "fft fft2 ifft2": [((T, T),)],
    "rfft": [(T,), (T, 3)],
    "irfft": [((T, T),)],
    "stft": [(T.reshape(1, 24), 8, 4, 8)],
    "istft": [((T.reshape(2, 4, 3)[:, :, :3], T.reshape(2, 4, 3)), 4, 2, 4)],
    "polar": [(P, F)],
    "scatter": [(np.array([[1], [3]], "int32"), F, (5, 3))],
    "scatter_update": [
        (F, np.array([[0, 1], [1, 2]], "int32"), G[0, :2]),
        (F, np.array([[0, 1], [1, 2]], "int32"), G[0, :2], "max"),
    ],
    "slice_update": [(F, np.array([0, 1], "int32"), G[:, :2])],
    "segment_max segment_min segment_prod segment_sum": [
        (F, np.array([1, 0], "int32"), 2),
        (T[0], np.array([0, 2, 0], "int32"), 4),
    ],
    "associative_scan": [(_add, F), (_add, T, True, 1)],
    "cond": [(True, lambda: 1.0 + torch.ones(2), lambda: torch.ones(2))],
    "fori_loop": [(0, 3, lambda at, x: x + at, F)],
    "map vectorized_map": [(torch.sin, F)],
    "scan": [(lambda carry, x: (carry + x, carry * x), F[0], G)],
    "switch": [(1, [_add, torch.sub], F, G)],
    "while_loop": [(lambda x: torch.all(x < 9), lambda x: x * 2, P)],
    "mean std var": [(F,), (F, 0), (F, -1, True), (I, 1), (T, (0, 2))],
    "max min amax amin": [(F,), (F, 0), (F, -1, True), (I,), (T, (0, 2))],
    "all any": [(B,), (B, 0), (F, 1), (B, -1, True)],
    "argmax argmin": [(F,), (F, 0), (F, -1, True)],
    "argsort sort": [(F,), (G, 0), (I,)],
    "average": [(F,), (F, 0), (F, 1, U), (F, 1, np.array([1.0, 2.0, 3.0], "float32"))],
    "count_nonzero": [(I,), (I, 0)],
    "cumsum cumprod": [(F, 0), (F, 1), (I, 1), (F,)],
    "logsumexp": [(F,), (F, 1), (F, -1, True)],
    "moments": [(F, [0]), (T, [0, 2], True)],
    "top_k": [(F, 2)],
    "arange": [(3,), (1, 7, 2), (0.0, 1.0, 0.25)],
    "broadcast_to": [(F, (4, 2, 3))],
    "concatenate": [([F, G],), ([F, G], 1), ([F, I], 0)],
    "convert_to_tensor": [(F,), (F, "int32"), ([1, 2],), ([0.5],), (3,)],
    "diag": [(S,), (S[0],), (S, 1)],
    "diagonal": [(S,), (S, 1)],
    "expand_dims": [(F, 0), (F, -1), (F, (0, 2))],
    "eye": [(3,), (2, 3), (3, 3, 1)],
    "flip": [(F,), (F, 1)],
    "full": [((2, 3), 1.5), ((2,), 3, "int32")],
    "full_like": [(F, 2.0), (I, 2)],
    "get_item": [(F, 0), (F, (slice(None), 1))],
    "hstack": [([F, G],)],
    "vstack": [([F, G],)],
    "identity": [(3,)],
    "linspace": [(0.0, 1.0, 5), (0.0, 1.0, 4, False)],
    "meshgrid": [(F[0], G[1])],
    "moveaxis": [(T, 0, -1), (T, [0, 1], [1, 2])],
    "zeros ones": [((2, 3),), ((2,), "int32")],
    "zeros_like ones_like": [(F,), (I,), (F, "int32")],
    "pad": [(F, ((1, 0), (2, 1))), (F, ((1, 1), (2, 1)), "reflect")],
    "ravel": [(F,)],
    "repeat": [(F, 2), (F, 2, 1)],
    "reshape": [(F, (3, 2)), (F, (-1,))],
    "roll": [(F, 1), (F, 2, 1)],
    "slice": [(T, (0, 1, 1), (2, 1, 2))],
    "split": [(T, 2, 2), (T, 3, 1), (T, [1, 3], 2)],
    "squeeze": [(T[:, :1],), (T[:, :1], 1)],
    "stack": [([F, G],), ([F, G], -1)],
    "swapaxes": [(T, 0, 2)],
    "take": [(F, [2, 0], 1), (F, [[0, 1], [1, 0]], 1), (F, 1, 0), (F, [-1], 1), (F, 4)],
    "take_along_axis": [(F, np.array([[2, 0], [1, 1]], "int32"), 1)],
    "tile": [(F, 2), (F, (2, 1))],
    "transpose": [(T,), (T, (0, 2, 1))],
    "tril triu": [(S,), (S, 1), (S, -1)],
    "unstack": [(T, 3, 1), (F,)],
    "dot": [(F, G.T), (F[0], G[0]), (F, 2.0)],
    "einsum": [("ij,kj->ik", F, G), ("ij->ji", F), ("bij,kj->bik", T, T[0])],
    "inner": [(F, G)],
    "matmul": [(F, G.T), (T, T[0].T), (I, J.T), (F, S[0])],
    "outer": [(F[0], G[0])],
    "tensordot": [(F, G, [[0], [0]]), (T, T[0], [[1, 2], [0, 1]]), (F, S, 1)],
    "vdot": [(F[0], G[0])],
    "cholesky": [(S,)],
    "det": [(S,)],
    "inv": [(S,)],
    "norm": [(F,), (F, 1, 1), (F, "fro", (0, 1)), (F, None, -1, True)],
    "solve": [(S, S[:, :2])],
    "elu celu gelu hard_sigmoid hard_silu hard_swish": [(F * 3,)],
    "hard_tanh leaky_relu log_sigmoid relu6 selu": [(F * 3,)],
    "sigmoid silu softplus softsign swish tanh_shrink": [(F,)],
    "relu": [(F,), (I,)],
    "glu": [(T,)],
    "softmax log_softmax": [(F,), (F, 0), (T, (1, 2))],
    "normalize": [(F,), (F, 0, 1)],
    "one_hot": [(np.array([2, 0, 1], "int32"), 3), (np.array([[2, 0]], "int32"), 3, 1)],
    "multi_hot": [(np.array([[2, 0], [1, 1]], "int32"), 3)],
    "binary_crossentropy": [(B.astype("float32"), U), (B.astype("float32"), F, True)],
    "categorical_crossentropy": [(np.eye(3, dtype="float32")[[2, 0]], U)],
    "sparse_categorical_crossentropy": [
        (np.array([2, 0], "int32"), U),
        (np.array([2, 0], "int32"), F, True),
    ],
}
CASES = {name: several for names, several in TABLE.items() for name in names.split()}
CASES.update(PICTURE_CASES)
# What Keras documents so, and does otherwise or not at all on torch; NumPy does it.
NUMPY_CASES = [
    ("pad", (F, 1)),
    ("pad", (F, ((1, 1), (2, 1)), "symmetric")),
    ("repeat", (F, [1, 2], 0)),
    ("repeat", (F, [2], 1)),
]
# A gradient would not pass: torch has none, or Keras's is wrong or fails, or the sum is complex.
_WITHOUT_GRADIENT = {
    *("bincount", "ctc_decode", "eig", "floor_divide", "heaviside", "histogram", "ldexp", "polar"),
    *("scatter_update", "vander", "view_as_complex", "image.affine_transform"),
}
PAIRS = [
    pytest.param(name, arguments, id=f"{name}-{number}", marks=[pytest.mark.slow] if number else [])
    for name, several in CASES.items()
    for number, arguments in enumerate(several)
]


def _numbers(result: Any) -> list[Any]:
    return [one.detach().numpy() for one in find_leaves(result, torch.Tensor)]


def _compare(ours: Any, theirs: Any) -> None:
    expected = _numbers(theirs)
    found = _numbers(ours)
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_every_function_of_the_table_has_a_case() -> None:
    draw = {"image.elastic_transform", *(name for name in OPERATIONS if name.startswith("random."))}
    assert CASES.keys() == OPERATIONS.keys() - draw


def test_every_name_is_one_of_keras() -> None:
    assert [name for name in ops.__all__ if not hasattr(keras.ops, name)] == []
    assert set(ops.image.__all__) == {name for name in dir(keras.ops.image) if name[0] != "_"}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_function_documents_itself_and_names_its_arguments_as_keras_does(name: str) -> None:
    is_random = name.startswith("random.")
    ours, theirs = attrgetter(name)(kplug if is_random else ops), keras if is_random else keras.ops
    assert ours.__doc__.startswith("Return ")
    assert ours.__doc__.endswith(f"``{theirs.__name__.replace('keras.api', 'keras')}.{name}``.")
    expected = [
        one.name
        for one in inspect.signature(attrgetter(name)(theirs)).parameters.values()
        if one.kind is not one.VAR_KEYWORD
    ]
    assert list(inspect.signature(ours).parameters)[: len(expected)] == expected


def test_the_first_argument_may_be_given_by_its_name() -> None:
    assert torch.equal(ops.diff(a=F), ops.diff(F))
    assert torch.equal(ops.softmax(x=F, axis=0), ops.softmax(F, 0))
    assert torch.equal(ops.prod(I, dtype="float32"), torch.tensor(0.0))


@pytest.mark.parametrize(("name", "arguments"), PAIRS)
def test_a_function_equals_that_of_keras(name: str, arguments: tuple[Any, ...]) -> None:
    tensors = map_leaves(arguments, np.ndarray, torch.tensor)
    _compare(attrgetter(name)(ops)(*arguments), attrgetter(name)(keras.ops)(*tensors))


@pytest.mark.parametrize(("name", "arguments"), NUMPY_CASES)
def test_a_function_equals_that_of_numpy(name: str, arguments: tuple[Any, ...]) -> None:
    found = attrgetter(name)(ops)(*arguments)
    np.testing.assert_array_equal(found, getattr(np, name)(*arguments))


# Those that make tensors out of numbers, or compute no part of a graph here.
_MAKE_TENSORS = {
    *(
        "array",
        "bartlett",
        "blackman",
        "empty",
        "empty_like",
        "geomspace",
        "hamming",
        "hanning",
        "kaiser",
    ),
    *("cond", "jvp", "logspace", "tri"),
    "arange",
    "eye",
    "full",
    "identity",
    "linspace",
    "zeros",
    "ones",
    "convert_to_tensor",
}


@pytest.mark.parametrize(
    ("name", "arguments"), [one for one in PAIRS if one.values[0] not in _MAKE_TENSORS]
)
def test_a_function_computes_in_a_graph(name: str, arguments: tuple[Any, ...]) -> None:
    arrays = list(find_leaves(arguments, np.ndarray))
    inputs = [
        Input(batch_shape=array.shape, dtype=str(array.dtype), name=f"x{number}")
        for number, array in enumerate(arrays)
    ]
    rest = iter(inputs)
    symbolic = map_leaves(arguments, np.ndarray, lambda array: next(rest))
    outputs = attrgetter(name)(ops)(*symbolic)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    model = Model(inputs, outputs)
    found = model([torch.tensor(array) for array in arrays])
    expected = attrgetter(name)(ops)(*arguments)
    expected = list(expected) if isinstance(expected, (list, tuple)) else [expected]
    _compare(found, expected)
    for one, other in zip(outputs, expected, strict=True):
        assert len(one.shape) == other.ndim
        sizes = zip(one.shape, other.shape, strict=True)
        assert all(size in (None, found) for size, found in sizes)


@pytest.mark.parametrize(
    ("name", "arguments"), [one for one in PAIRS if one.values[0] not in _WITHOUT_GRADIENT]
)
def test_a_gradient_equals_that_of_keras(name: str, arguments: tuple[Any, ...]) -> None:
    gradients = []
    for module in (ops, keras.ops):
        leaves: list[torch.Tensor] = []

        def watch(array: Any, leaves: list[torch.Tensor] = leaves) -> torch.Tensor:
            leaves.append(torch.tensor(array, requires_grad=array.dtype.kind == "f"))
            return leaves[-1]

        result = attrgetter(name)(module)(*map_leaves(arguments, np.ndarray, watch))
        results = [one for one in find_leaves(result, torch.Tensor) if one.requires_grad]
        if results:
            sum(one.sum() for one in results).backward()  # type: ignore[union-attr]
        gradients.append([leaf.grad for leaf in leaves])
    for ours, theirs in zip(*gradients, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=3e-5, equal_nan=True)
