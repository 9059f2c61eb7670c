"""TensorFlow names in scripts and packages: tensor functions, and settings."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
import torch

X = np.array([[1.0, 2.0, 4.0], [3.0, 0.5, 8.0]], "float32")

FUNCTIONS = [
    ("reduce_sum", (X,), {"axis": 1}, X.sum(1)),
    ("reduce_max", (X,), {"axis": -1, "keep_dims": True}, X.max(-1, keepdims=True)),
    ("reduce_mean", (X,), {"reduction_indices": 0}, X.mean(0)),
    ("math.log", (X,), {"name": "a"}, np.log(X)),
    ("math.reduce_prod", (X,), {}, X.prod()),
    ("clip_by_value", (X, 1, 3), {}, X.clip(1, 3)),
    ("expand_dims", (X, -1), {}, X[..., None]),
    ("concat", ([X, X],), {"axis": 1}, np.concatenate([X, X], 1)),
    ("transpose", (X,), {"perm": [1, 0]}, X.T),
    ("tile", (X, [1, 2]), {}, np.tile(X, (1, 2))),
    ("gather", (X, [1, 0]), {}, X[[1, 0]]),
    ("pad", (X, [[1, 0], [0, 2]]), {}, np.pad(X, [[1, 0], [0, 2]])),
    ("pad", (X, [[0, 0], [1, 1]]), {"mode": "REFLECT"}, np.pad(X, [[0, 0], [1, 1]], "reflect")),
    ("nn.softmax", (X,), {}, np.exp(X) / np.exp(X).sum(-1, keepdims=True)),
    ("nn.l2_normalize", (X,), {"axis": 1}, X / np.sqrt((X**2).sum(1, keepdims=True))),
    ("add_n", ([X, X, X],), {}, 3 * X),
    ("boolean_mask", (X, [False, True]), {}, X[1:]),
    ("slice", (X, [0, 1], [2, -1]), {}, X[:, 1:]),
    ("compat.v1.reduce_min", (X,), {}, X.min()),
    (
        "nn.softmax_cross_entropy_with_logits",
        (),
        {"labels": np.eye(3, dtype="float32")[:2], "logits": X},
        np.log(np.exp(X).sum(1)) - [X[0, 0], X[1, 1]],
    ),
    (
        "nn.sigmoid_cross_entropy_with_logits",
        (),
        {"labels": np.ones_like(X), "logits": X},
        np.log1p(np.exp(-X)),
    ),
    (
        "image.resize_nearest_neighbor",
        (X[None, ..., None], (4, 6)),
        {},
        X.repeat(2, 0).repeat(2, 1)[None, ..., None],
    ),
]


def find(path: str) -> Any:
    found: Any = importlib.import_module("tensorflow")
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize(("path", "args", "kwargs", "expected"), FUNCTIONS)
def test_a_function_of_tensors_computes_the_same(
    installed: Any, path: str, args: Any, kwargs: Any, expected: Any
) -> None:
    def read(value: Any) -> Any:
        if isinstance(value, list) and isinstance(value[0], np.ndarray):
            return [torch.tensor(one) for one in value]
        return torch.tensor(value) if isinstance(value, np.ndarray) else value

    found = find(path)(*map(read, args), **{name: read(one) for name, one in kwargs.items()})
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_such_a_function_connects_to_symbolic_tensors(installed: Any) -> None:
    tf = importlib.import_module("tensorflow")
    inputs = installed.layers.Input((3,))
    model = installed.models.Model(
        inputs, tf.gather(tf.reduce_sum(inputs, axis=1, keepdims=True), [0], axis=1)
    )
    np.testing.assert_allclose(model.predict(X), X.sum(1, keepdims=True))
    assert installed.backend.tf.square is not None


def test_settings_of_a_session_change_nothing(installed: Any) -> None:
    exec("""
import tensorflow as tf
from keras.backend.tensorflow_backend import set_session
config = tf.ConfigProto(allow_soft_placement=True)
config.gpu_options.allow_growth = True
session = tf.Session(config=config)
set_session(session)
tf.logging.set_verbosity(tf.logging.ERROR)
tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
with tf.device("/cpu:0"), tf.get_default_graph().as_default():
    assert int(tf.__version__.split(".")[0]) == 1
""")


def test_a_seed_is_set(installed: Any) -> None:
    tf = importlib.import_module("tensorflow")
    drawn = []
    for _ in range(2):
        tf.set_random_seed(3)
        drawn.append(torch.rand(2).tolist())
    assert drawn[0] == drawn[1]


def test_a_session_that_runs_something_is_refused(installed: Any) -> None:
    tf = importlib.import_module("tensorflow")
    session = tf.Session(config=tf.ConfigProto())
    with pytest.raises(AttributeError, match=r"tensorflow.Session.run .* needs TensorFlow itself"):
        session.run(None)
    with pytest.raises(AttributeError, match=r"tensorflow.Session .* needs TensorFlow itself"):
        tf.Session()


def test_tensorboard_does_without_tensorflow(installed: Any, tmp_path: Any) -> None:
    pytest.importorskip("tensorboard")
    callback = installed.callbacks.TensorBoard(
        str(tmp_path), histogram_freq=0, batch_size=32, write_grads=False, embeddings_freq=0
    )
    model = installed.models.Sequential([installed.layers.Dense(1, input_dim=3)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], callbacks=[callback], verbose=0)
    assert list(tmp_path.rglob("events.out*"))
