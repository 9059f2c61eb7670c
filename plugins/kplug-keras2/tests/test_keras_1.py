"""Small programs for Keras 1: imports, calls and results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kplug

PREAMBLE = """
import numpy as np
from keras import backend as K
from keras.models import Sequential, Model
from keras.layers import *
X, Y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
"""

PROGRAMS = {
    "a chain that begins with a merge of two": """
from keras.layers.core import Merge
left, right = Sequential([Dense(4, input_dim=3)]), Sequential([Dense(4, input_shape=(5,))])
model = Sequential()
model.add(Merge([left, right], mode="concat", concat_axis=-1))
model.add(Dense(1))
model.compile("rmsprop", "mse")
model.fit([X, np.ones((8, 5))], Y, nb_epoch=1, verbose=0)
assert model.output_shape == (None, 1) and model.layers[-1].input_shape == (None, 8)
""",
    "merge with a function": """
a, b = Input(shape=(3,)), Input((3,))
model = Model(input=[a, b], output=merge([a, b], mode=lambda x: x[0] - 2 * x[1], output_shape=lambda s: s[0]))
assert model.predict([X, X]).tolist() == (-X).tolist()
""",
    "old arguments of convolutions and their neighbours": """
from keras.regularizers import l2, activity_l2
from keras.constraints import maxnorm
model = Sequential()
model.add(Convolution2D(4, 3, 3, border_mode="same", input_shape=(8, 8, 3), W_regularizer=l2(.01),
                        W_constraint=maxnorm(m=3), subsample=(1, 1), dim_ordering="tf", bias=True))
model.add(AtrousConvolution2D(4, 3, 3, atrous_rate=(2, 2), border_mode="same"))
model.add(BatchNormalization(mode=0, gamma_init="one", beta_init="zero"))
model.add(GlobalAveragePooling2D())
model.add(Dense(output_dim=2, init="uniform", activity_regularizer=activity_l2(.01)))
model.compile("sgd", "mse")
model.fit(np.ones((4, 8, 8, 3)), np.ones((4, 2)), nb_epoch=1, verbose=0, show_accuracy=True)
assert model.layers[0].kernel_size == (3, 3) and model.layers[1].dilation_rate == (2, 2)
""",
    "sizes of kernels one by one": """
layer = Convolution3D(nb_filter=4, kernel_dim1=3, kernel_dim2=3, kernel_dim3=2)
assert layer.kernel_size == (3, 3, 2)
model = Sequential([Convolution1D(nb_filter=4, filter_length=3, input_dim=5, input_length=10),
                    MaxPooling1D(pool_length=2)])
assert model.output_shape == (None, 4, 4)
""",
    "a transposed convolution that is told its output": """
x = Input(batch_shape=(2, 4, 4, 3))
y = Deconvolution2D(5, 3, 3, output_shape=(2, 8, 8, 5), border_mode="same", subsample=(2, 2))(x)
assert Model(input=x, output=y).output_shape == (2, 8, 8, 5)
""",
    "recurrent layers": """
model = Sequential([
    Embedding(20, 4, input_length=6, mask_zero=True, init="uniform"),
    LSTM(output_dim=5, inner_init="orthogonal", forget_bias_init="one", inner_activation="hard_sigmoid",
         dropout_W=.2, dropout_U=.2, consume_less="gpu"),
])
assert model.layers[1].unit_forget_bias is True and model.layers[1].recurrent_dropout == .2
assert model.predict(np.ones((2, 6))).shape == (2, 5)
""",
    "functions that draw weights": """
from keras import initializations
model = Sequential([
    Dense(4, input_dim=3, init=lambda shape, name: initializations.normal(shape, scale=.02, name=name)),
    Dense(2, init=lambda shape, name=None: initializations.uniform(shape, scale=.05, name=name)),
])
assert 0 < abs(model.get_weights()[0]).max() < .2 and abs(model.get_weights()[2]).max() <= .05
assert initializations.get("glorot_uniform")((3, 4), name="w").shape == (3, 4)
""",
    "a layer that lists its weights": """
from keras import initializations
from keras.engine.topology import Layer, InputSpec
class Own(Layer):
    def __init__(self, output_dim, **kwargs):
        self.output_dim = output_dim
        self.init = initializations.get("glorot_uniform")
        self.input_spec = [InputSpec(ndim=2)]
        super(Own, self).__init__(**kwargs)
    def build(self, input_shape):
        self.W = self.init((input_shape[1], self.output_dim), name="{}_W".format(self.name))
        self.b = K.zeros((self.output_dim,), name="{}_b".format(self.name))
        self.trainable_weights = [self.W, self.b]
    def call(self, x, mask=None):
        return K.dot(x, self.W) + self.b
    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.output_dim)
model = Sequential([Own(4, input_shape=(3,)), Own(1)])
model.compile("sgd", "mse")
before = model.get_weights()
model.fit(X, Y, nb_epoch=1, verbose=0)
assert len(before) == 4 and all(abs(a - b).max() > 0 for a, b in zip(before, model.get_weights()))
""",
    "a weight by shape and initializer": """
class Own(Layer):
    def build(self, s):
        self.W = self.add_weight((s[1], 2), initializer="one", name="{}_W".format(self.name))
        self.V = self.add_weight("W", (s[1], 2), None, "one")
        self.built = True
    def call(self, x):
        return K.dot(x, self.W + self.V)
    def compute_output_shape(self, s):
        return (s[0], 2)
assert Sequential([Own(input_shape=(3,))]).predict(X)[0].tolist() == [6., 6.]
""",
    "generators that are counted by samples": """
seen = [0]
def batches():
    while True:
        seen[0] += 1
        yield X, Y
model = Sequential([Dense(1, input_dim=3)])
model.compile("sgd", "mse")
model.fit_generator(batches(), samples_per_epoch=32, nb_epoch=2, validation_data=batches(), nb_val_samples=16,
                    max_q_size=10, nb_worker=1, pickle_safe=False, verbose=0)
assert seen[0] < 32, seen
assert model.predict_generator(batches(), val_samples=16).shape == (16, 1)
assert model.evaluate_generator(batches(), val_samples=16) >= 0
""",
    "metrics that are computed batch by batch": """
from keras.metrics import precision, recall, fmeasure, fbeta_score, matthews_correlation
t, p = K.variable([1., 1., 0., 0.]), K.variable([.9, .2, .8, .1])
assert abs(K.eval(precision(t, p)) - .5) < 1e-5 and abs(K.eval(recall(t, p)) - .5) < 1e-5
assert abs(K.eval(fmeasure(t, p)) - .5) < 1e-5 and abs(K.eval(matthews_correlation(t, p))) < 1e-5
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.filterwarnings("ignore::kplug.errors.KplugWarning")
def test_a_program_of_keras_1_runs(installed: Any, name: str) -> None:
    exec(PREAMBLE + PROGRAMS[name], {"__name__": "__main__"})


CHANCE = np.random.default_rng(0)
INPUTS = CHANCE.normal(size=(5, 3))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def rectify(x: Any, slope: Any, limit: Any) -> Any:
    """Return Keras 1's ``K.relu`` with the slope and the limit."""
    return np.minimum(np.maximum(x, 0), limit) - slope * np.maximum(-x, 0)


def compute_maxout(x: Any, w: Any, b: Any) -> Any:
    return (np.einsum("ni,kio->nko", x, w) + b).max(1)


def compute_highway(x: Any, w: Any, w_carry: Any, b: Any, b_carry: Any) -> Any:
    gate = sigmoid(x @ w_carry + b_carry)
    return np.tanh(x @ w + b) * gate + (1 - gate) * x


def compute_s_shape(x: Any, t_left: Any, a_left: Any, t_right: Any, a_right: Any) -> Any:
    border = t_left + abs(t_right)
    left = t_left + rectify(x - t_left, a_left, border - t_left)
    return left + np.maximum(x - border, 0) * a_right


def compute_softplus(x: Any, alpha: Any, beta: Any) -> Any:
    return alpha * np.log1p(np.exp(beta * x))


@pytest.mark.parametrize(
    ("name", "options", "compute"),
    [
        ("MaxoutDense", {"output_dim": 2, "nb_feature": 3}, compute_maxout),
        ("Highway", {"activation": "tanh"}, compute_highway),
        ("SReLU", {}, compute_s_shape),
        ("ParametricSoftplus", {}, compute_softplus),
    ],
)
def test_a_former_layer_computes_its_formula(
    installed: Any, name: str, options: dict[str, Any], compute: Any
) -> None:
    model: Any = installed.models.Sequential(
        [getattr(installed.layers, name)(input_shape=(3,), **options)]
    )
    weights = [CHANCE.normal(size=one.shape) for one in model.get_weights()]
    model.set_weights(weights)
    np.testing.assert_allclose(
        model.predict(INPUTS), compute(INPUTS, *weights), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda layers: layers.Embedding(5, 2, dropout=0.2),
            "dropout=0.2 of Embedding is left out",
        ),
        (
            lambda layers: layers.BatchNormalization(mode=2, axis=1),
            "mode=2 of BatchNormalization is left out; only mode=0 is here",
        ),
    ],
)
def test_what_changes_the_result_and_is_left_out_is_said(
    installed: Any, make: Any, text: str
) -> None:
    with pytest.warns(kplug.errors.KplugWarning, match=text):
        make(installed.layers)


@pytest.mark.parametrize(
    ("arguments", "size", "output_shape"),
    [
        ({"subsample": (2, 2)}, 6, (None, 14, 14, 4)),
        ({"subsample": (2, 2)}, 6, (None, 13, 13, 4)),
        ({"subsample": (3, 3), "border_mode": "valid"}, 4, (2, 14, 13, 4)),
        ({"subsample": (2, 2), "border_mode": "same"}, 6, (None, 12, 12, 4)),
        ({"subsample": (2, 2), "dim_ordering": "th"}, 6, (None, 4, 14, 14)),
    ],
)
@pytest.mark.filterwarnings("ignore::kplug.errors.KplugWarning")
def test_a_transposed_convolution_makes_the_output_that_it_is_told(
    installed: Any, arguments: Any, size: int, output_shape: Any
) -> None:
    is_last = "dim_ordering" not in arguments
    x = installed.layers.Input((size, size, 3) if is_last else (3, size, size))
    layer = installed.layers.Deconvolution2D(4, 3, 3, output_shape=output_shape, **arguments)
    assert layer(x).shape[1:] == output_shape[1:]


@pytest.mark.filterwarnings("ignore::kplug.errors.KplugWarning")
def test_an_output_that_no_transposed_convolution_makes_is_refused(installed: Any) -> None:
    told = {"output_shape": (None, 13, 12, 4), "subsample": (2, 2), "border_mode": "same"}
    with pytest.raises(
        kplug.KplugError, match=r"strides \(2, 2\) cannot make an output of \(13, 12\)"
    ):
        installed.layers.Deconvolution2D(4, 3, 3, **told)


def make_own_dense(keras: Any, **kept: Any) -> Any:
    """Return a layer as Keras 1 wrote its own, which keeps components in attributes."""

    class Own(keras.layers.Layer):  # type: ignore[misc]
        def build(self, input_shape: Any) -> None:
            self.W = keras.backend.ones((input_shape[1], 2))
            self.trainable_weights = [self.W]
            self.constraints = {self.W: kept["constraint"]} if "constraint" in kept else {}
            self.regularizers = []
            if "regularizer" in kept:
                kept["regularizer"].set_param(self.W)
                self.regularizers.append(kept["regularizer"])
            super().build(input_shape)

        def call(self, x: Any, mask: Any = None) -> Any:
            return keras.backend.dot(x, self.W)

    return Own(input_shape=(3,))


def test_constraints_and_regularizers_in_attributes_have_their_effect(installed: Any) -> None:
    limit = installed.constraints.MaxNorm(0.5, axis=0)
    model = installed.models.Sequential([make_own_dense(installed, constraint=limit)])
    model.compile("sgd", "mse")
    model.train_on_batch(INPUTS, np.zeros((5, 2)))
    np.testing.assert_allclose(np.linalg.norm(model.get_weights()[0], axis=0), 0.5, rtol=1e-5)

    penalty = installed.regularizers.l2(0.1)
    model = installed.models.Sequential([make_own_dense(installed, regularizer=penalty)])
    model.compile("sgd", "mse")
    targets = INPUTS.sum(1, keepdims=True).repeat(2, 1)
    assert model.evaluate(INPUTS, targets, verbose=0) == pytest.approx(0.1 * 6, rel=1e-5)


def test_a_constraint_of_something_else_is_refused(installed: Any) -> None:
    class Own(installed.layers.Layer):  # type: ignore[misc]
        def build(self, input_shape: Any) -> None:
            self.constraints = {installed.backend.ones((4,)): "non_neg"}

        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(kplug.KplugError, match=r"constraints name a tensor of shape \(4,\), which"):
        _ = Own()(installed.layers.Input((3,))).shape


def test_a_chain_that_begins_with_a_merge_loses_no_layer(installed: Any) -> None:
    branches = [installed.models.Sequential([kplug.layers.Dense(2, input_dim=3)]) for _ in "ab"]
    model = installed.models.Sequential([installed.layers.Merge(branches)])
    with pytest.raises(kplug.KplugError, match="begins with Merge"):
        model.pop()
