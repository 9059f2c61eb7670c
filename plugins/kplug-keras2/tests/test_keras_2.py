"""Small programs for Keras 2: custom layers, immutable tensors, helpers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kplug

PREAMBLE = """
import numpy as np
from keras import backend as K, initializers
from keras.models import Sequential, Model
from keras.layers import *
X, Y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")
"""

PROGRAMS = {
    "an intermediate result is scaled in place": """
class Attend(Layer):
    def call(self, x, mask=None):
        weights = K.exp(K.sum(x, axis=-1, keepdims=True))
        before = weights
        weights *= 2.
        weights /= K.sum(weights, axis=1, keepdims=True)
        return K.sum(x * weights, axis=1) + 0 * K.sum(before, axis=1)
inputs = Input((5, 3))
model = Model(inputs, Dense(1)(Attend()(TimeDistributed(Dense(3))(inputs))))
model.compile("sgd", "mse")
model.fit(np.ones((4, 5, 3)), Y, verbose=0)
""",
    "other names of a tensor keep their values": """
class Twice(Layer):
    def call(self, x):
        once = K.square(x)
        twice = once
        twice += once
        return K.concatenate([once, twice])
model = Sequential([Twice(input_shape=(3,))])
assert model.predict(X)[0].tolist() == [1, 1, 1, 2, 2, 2]
""",
    "a variable is updated after the step that uses it": """
class Normed(Dense):
    def build(self, input_shape):
        super(Normed, self).build(input_shape)
        self.u = self.add_weight(shape=(1, self.units), initializer="ones", name="u", trainable=False)
    def call(self, inputs):
        v = K.dot(self.u, K.transpose(self.kernel))
        new = K.dot(v, self.kernel)
        self.add_update([K.update(self.u, new)], inputs)
        return K.dot(inputs, self.kernel / K.sum(K.dot(v, self.kernel) * new))
model = Sequential([Normed(2, use_bias=False, kernel_initializer="ones", input_dim=3)])
model.compile("sgd", "mse")
model.train_on_batch(X, np.ones((4, 2)))
assert model.layers[0].u.tolist() == [[6., 6.]]
model.predict(X)
""",
    "a wrapper that builds the layer inside": """
class Times(Wrapper):
    def __init__(self, layer, factor=3, **kwargs):
        super(Times, self).__init__(layer, **kwargs)
        self.factor = factor
        self.supports_masking = True
    def build(self, input_shape=None):
        self.input_spec = InputSpec(shape=input_shape)
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
        super(Times, self).build()
    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)
    def call(self, inputs, training=None, mask=None):
        return self.layer.call(inputs) * self.factor
    def get_config(self):
        return dict(list(super(Times, self).get_config().items()) + [("factor", self.factor)])
model = Sequential([Times(Dense(2, kernel_initializer="ones"), input_shape=(3,))])
assert model.predict(X)[0].tolist() == [9, 9] and len(model.get_weights()) == 2
again = Sequential.from_config(model.get_config(), custom_objects={"Times": Times})
assert again.layers[0].factor == 3
""",
    "a wrapper that sets its layer before anything else": """
class Times(Wrapper):
    def __init__(self, layer, **kwargs):
        self.layer, self.layers = Dense(9, input_dim=3), [layer]
        self.supports_masking = self.layer.supports_masking
        super(Times, self).__init__(self.layer, **kwargs)
    def call(self, inputs):
        return 3 * self.layers[0](inputs)
    @property
    def trainable_weights(self):
        weights = self._trainable_weights[:]
        for layer in self.layers:
            weights += layer.trainable_weights
        return weights
class Holder(Layer):
    def __init__(self, **kwargs):
        self.inner = [Dense(2, kernel_initializer="ones")]
        super(Holder, self).__init__(**kwargs)
    def call(self, inputs):
        return self.inner[0](inputs)
model = Sequential([Holder(input_shape=(3,)), Times(Dense(1, kernel_initializer="ones"))])
assert model.predict(X)[0].tolist() == [18] and len(model.get_weights()) == 4
assert len(model.layers[1].trainable_weights) == len(model.layers[1].get_weights()) == 2
""",
    "a chain that begins with an embedding knows its input": """
model = Sequential()
model.add(Embedding(9, 4))
model.build()
assert model.output_shape == (None, None, 4) and Embedding(9, 4)(Input((7,))).shape == (None, 7, 4)
model = Sequential([Embedding(input_dim=9, output_dim=4, input_length=5)])
assert model.output_shape == (None, 5, 4)
""",
    "a metric that is given as a function is read from a file": """
from keras import losses, metrics, models
model = Sequential([Dense(2, activation="softmax", input_dim=3)])
given = [metrics.sparse_categorical_accuracy, metrics.mean_absolute_error]
model.compile("sgd", losses.sparse_categorical_crossentropy, metrics=given)
model.save("model.h5")
again = models.load_model("model.h5")
assert again.metrics_names == model.metrics_names
""",
    "an error in build is raised by the call": """
class Refusing(Layer):
    def build(self, input_shape):
        raise IndexError("invalid head number")
try:
    Refusing()(Input((3,)))
except IndexError:
    pass
else:
    raise AssertionError
""",
    "objects that are written and read by name": """
from keras.utils.generic_utils import serialize_keras_object, deserialize_keras_object
written = serialize_keras_object(initializers.RandomNormal(stddev=.5))
assert written["class_name"] == "RandomNormal"
read = deserialize_keras_object(written, module_objects=vars(initializers))
assert read.stddev == .5
assert serialize_keras_object(PREAMBLE_FUNCTION) == "PREAMBLE_FUNCTION"
""",
    "batches that a script makes itself": """
from keras.engine.training import make_batches, slice_X, batch_shuffle
from keras.utils import GeneratorEnqueuer
assert make_batches(5, 2) == [(0, 2), (2, 4), (4, 5)]
assert slice_X([X, Y], 1, 3)[0].shape == (2, 3) and slice_X(X, [0]).shape == (1, 3)
assert sorted(batch_shuffle(np.arange(5), 2).tolist()) == [0, 1, 2, 3, 4]
queue = GeneratorEnqueuer((one for one in [1, 2]), use_multiprocessing=False)
queue.start(workers=2, max_queue_size=10)
assert next(queue.get()) == 1
queue.stop()
""",
    "a file of arrays": """
import h5py
from keras.utils.io_utils import HDF5Matrix
with h5py.File("data.h5", "w") as file:
    file["x"] = np.arange(12.).reshape(6, 2)
assert HDF5Matrix("data.h5", "x", start=1, end=3, normalizer=lambda a: a * 2).tolist() == [[4, 6], [8, 10]]
model = Sequential([Dense(1, input_dim=2)])
model.compile("sgd", "mse")
model.fit(HDF5Matrix("data.h5", "x"), np.ones((6, 1)), shuffle="batch", verbose=0)
""",
    "optimizers by their lower-case names": """
from keras import optimizers
from keras.optimizers import rmsprop, adam
assert isinstance(rmsprop(lr=.1), optimizers.RMSprop) and adam(lr=.5).lr == .5
""",
    "all positions of fit_generator": """
def batches():
    while True:
        yield X, Y
model = Sequential([Dense(1, input_dim=3)])
model.compile("sgd", "mse")
model.fit_generator(batches(), 3, 2, 0, [], (X, Y), None, None, 10, 1, False, True, 1)
model.fit_generator(batches(), 3, 2, 0, [], (X, Y), None, 1, None, 10, 1, False, True, 1)
assert model.history.epoch == [1]
assert model.predict_generator(batches(), 2, 10, 1, False, 0).shape == (8, 1)
assert model.evaluate_generator(batches(), 2, 10, 1) >= 0
""",
    "old names of arguments of the backend": """
assert K.int_shape(K.expand_dims(K.ones((2,)), dim=0)) == (1, 2)
assert K.int_shape(K.random_uniform((2,), low=0., high=1.)) == (2,)
same = K.conv2d(K.ones((1, 4, 4, 1)), K.ones((3, 3, 1, 1)), border_mode="same", dim_ordering="tf")
assert same.shape == (1, 4, 4, 1)
K.manual_variable_initialization(True)
""",
}


@pytest.mark.sampled
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.filterwarnings("ignore::kplug.errors.KplugWarning")
def test_a_program_of_keras_2_runs(
    installed: Any, name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(PREAMBLE + "def PREAMBLE_FUNCTION():\n    pass\n" + PROGRAMS[name], names)


def test_the_code_of_functions_is_not_read(installed: Any) -> None:
    with pytest.raises(kplug.KplugError, match="func_load: the code of functions is neither"):
        installed.utils.generic_utils.func_load("4wAAAA==")
    with pytest.raises(kplug.KplugError, match="func_dump"):
        installed.utils.generic_utils.func_dump(np.square)


def test_data_for_tests_is_drawn(installed: Any) -> None:
    (x, y), (x_test, _) = installed.utils.test_utils.get_test_data(
        num_train=10, num_test=4, input_shape=(3, 2), num_classes=3
    )
    assert (x.shape, x_test.shape, y.shape) == ((10, 3, 2), (4, 3, 2), (10,))
    (x, y), _ = installed.utils.test_utils.get_test_data(
        10, 4, (3,), output_shape=(2,), classification=False
    )
    np.testing.assert_allclose(x[:, :2], y, rtol=1e-6)


def test_kernels_are_turned(installed: Any) -> None:
    kernel = np.arange(4.0).reshape(2, 2, 1, 1)
    assert installed.utils.conv_utils.convert_kernel(kernel).ravel().tolist() == [3, 2, 1, 0]
    assert installed.utils.np_utils.probas_to_classes([[0.2, 0.8], [0.9, 0.1]]).tolist() == [1, 0]
    assert (
        installed.utils.layer_utils.count_params(
            kplug.Sequential([kplug.layers.Dense(2, input_dim=3)]).weights
        )
        == 8
    )


def test_a_program_without_keras_changes_its_tensors_in_place(installed: Any) -> None:
    """The namespace of a program that has ended lends its identity to the next one's."""
    program = "import torch\nx = torch.ones(2)\ny = x\nx /= 2\n"
    for first, expected in [("from keras import backend", 1.0), ("import math", 0.5)] * 3:
        names: dict[str, Any] = {"__name__": "program"}
        exec(f"{first}\n{program}", names)
        assert names.pop("y").tolist() == [expected] * 2
        del names
