"""Graphs with fixed inputs, layers that add graph losses, and masks of symbolic tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kplug

X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
Y = X[:, :2]

# -- inputs and targets that are tensors with values ---------------------------------------------


def make_model(keras: Any) -> tuple[Any, Any]:
    """Return a model with the fixed input X, and one that takes it as an argument."""
    fixed = keras.layers.Input(tensor=keras.backend.variable(X))
    given = keras.layers.Input((3,))
    layer = keras.layers.Dense(2)
    models = [keras.models.Model(one, layer(one)) for one in (fixed, given)]
    for model in models:
        model.compile(keras.optimizers.SGD(lr=0.0), "mse")
    return models[0], models[1]


def test_an_input_with_values_is_not_given(installed: Any) -> None:
    fixed, given = make_model(installed)
    loss = given.evaluate(X, Y, verbose=0)
    predicted = given.predict(X)
    for found in (
        fixed.train_on_batch(None, Y),
        fixed.test_on_batch(None, Y),
        fixed.evaluate(None, Y, verbose=0),
        fixed.evaluate(None, Y, steps=2, verbose=0),
        fixed.fit(None, Y, verbose=0).history["loss"][0],
        fixed.fit(None, Y, steps_per_epoch=2, verbose=0).history["loss"][0],
    ):
        assert found == pytest.approx(loss, rel=1e-5)
    for found in (fixed.predict(), fixed.predict_on_batch(), fixed.predict(None, steps=1)):
        np.testing.assert_allclose(found, predicted, rtol=1e-5)
    np.testing.assert_allclose(fixed.predict(None, steps=2), [*predicted, *predicted], rtol=1e-5)
    compute = installed.backend.function([], [fixed.output])
    np.testing.assert_allclose(compute([])[0], predicted, rtol=1e-5)


def test_other_inputs_are_given_beside_it(installed: Any) -> None:
    layers = installed.layers
    fixed = layers.Input(tensor=installed.backend.variable(X))
    given = layers.Input((3,), name="given")
    model = installed.models.Model([fixed, given], layers.subtract([fixed, given]))
    for form in (2 * X, [2 * X], {"given": 2 * X}):
        np.testing.assert_allclose(model.predict(form), -X, rtol=1e-6)


def test_predict_reads_as_many_samples_as_the_first_input_has(installed: Any) -> None:
    layers = installed.layers
    both = [layers.Input((3,)), layers.Input((3,))]
    model = installed.models.Model(both, layers.add(both))
    np.testing.assert_allclose(model.predict([X[:2], X]), 2 * X[:2], rtol=1e-6)
    with pytest.raises(kplug.DataError, match="different numbers of samples"):
        model.predict([X, X[:2]])


def test_the_source_of_a_tensor_with_values_is_its_input(installed: Any) -> None:
    K, find = installed.backend, installed.utils.layer_utils.get_source_inputs
    image, other = K.variable(X), K.variable(X)
    x = installed.layers.Input(tensor=image)
    installed.layers.Input(tensor=other)
    assert find(image) == find(x * 2) == [x]
    with pytest.raises(kplug.KplugError, match="argument 'tensor' is"):
        find(K.variable(X))
    network = installed.applications.vgg16.VGG16(
        input_tensor=K.variable(np.zeros((1, 32, 32, 3))), weights=None, include_top=False
    )
    assert network.predict(None, steps=1).shape == (1, 1, 1, 512)


def test_targets_with_values_are_not_given(installed: Any) -> None:
    fixed, given = make_model(installed)
    fixed.compile("sgd", "mse", target_tensors=[installed.backend.variable(Y)])
    assert fixed.evaluate(None, None, steps=1, verbose=0) == pytest.approx(
        given.evaluate(X, Y, verbose=0), rel=1e-5
    )
    with pytest.raises(kplug.KplugError, match="target_tensors are tensors of a TensorFlow graph"):
        given.compile("sgd", "mse", target_tensors=given.outputs)


@pytest.mark.parametrize(
    ("args", "named", "shape"),
    [
        ((), {"input_shape": (3,), "batch_size": 4, "sparse": False, "name": "x"}, (4, 3)),
        (((3,), 4, None, "float32", None, False, "x"), {}, (4, 3)),
        ((), {"batch_input_shape": (None, 3), "dtype": "float32"}, (None, 3)),
        ((None, None, (7, 3)), {}, (7, 3)),
        ((), {"input_tensor": np.zeros((2, 3))}, (None, 3)),
    ],
)
def test_an_input_layer_takes_the_arguments_of_keras_2(
    installed: Any, args: Any, named: Any, shape: Any
) -> None:
    layers = installed.layers
    first = layers.InputLayer(*args, **named)
    assert isinstance(first, layers.InputLayer)
    model = installed.models.Sequential([first, layers.Dense(2)])
    assert model.input_shape == shape
    assert (first.is_placeholder, first.sparse) == ("input_tensor" not in named, False)


def test_an_input_layer_of_a_symbolic_tensor_is_its_layer(installed: Any) -> None:
    x = installed.layers.Input((3,))
    assert installed.layers.InputLayer(input_tensor=x) is x.layer


def test_an_input_is_what_functions_have_made(installed: Any) -> None:
    K, layers = installed.backend, installed.layers
    wanted = K.placeholder(shape=(1, 3))
    both = K.concatenate([K.variable(X[:1]), wanted], axis=0)
    assert not K.is_keras_tensor(both)
    assert K.is_keras_tensor(layers.Activation("linear")(both))
    x = layers.Input(tensor=both, name="both")
    assert installed.utils.layer_utils.get_source_inputs(both) == [x]
    model = installed.models.Model(x, layers.Dense(2, name="dense")(x))
    assert [one.name for one in model.layers] == ["both", "dense"]
    loss = K.sum(K.square(model.output[1:]))
    compute = K.function([wanted], [loss, K.gradients(loss, wanted)[0]])
    kernel = model.get_weights()[0].astype("float64")
    found, gradient = compute([X[1:2]])
    np.testing.assert_allclose(found, np.square(X[1] @ kernel).sum(), rtol=1e-4)
    np.testing.assert_allclose(gradient, [2 * kernel @ (X[1] @ kernel)], rtol=1e-4, atol=1e-5)


# -- losses of a layer, of tensors around it -----------------------------------------------------


def make_coder(keras: Any) -> tuple[Any, Any]:
    """Return a model with a layer at its end that adds losses, and one in which the model adds them."""
    K, layers = keras.backend, keras.layers
    x = layers.Input((3,))
    middle = layers.Dense(2, name="middle")(x)
    y = layers.Dense(3)(middle)

    def penalty(x: Any, y: Any) -> Any:
        distance = K.mean(K.square(K.flatten(x) - K.flatten(y)), axis=-1)
        return K.mean(distance + 0.5 * K.mean(K.square(middle), axis=-1))

    class Penalised(layers.Layer):  # type: ignore[misc,name-defined]
        def call(self, inputs: Any) -> Any:
            self.add_loss(penalty(*inputs), inputs=inputs)
            return inputs[0]

    model = keras.models.Model(x, Penalised()([x, y]))
    plain = keras.models.Model(x, y)
    plain.add_loss(penalty(x, y))
    for one in (model, plain):
        one.compile(optimizer=keras.optimizers.SGD(lr=0.1), loss=None)
    return model, plain


def test_a_layer_adds_a_loss_of_tensors_around_it(installed: Any) -> None:
    model, plain = make_coder(installed)
    weights = plain.get_weights()
    loss = plain.train_on_batch(X)
    wanted = plain.get_weights()
    model.set_weights(weights)
    np.testing.assert_array_equal(model.predict(X), X)
    assert model.evaluate(X, None, verbose=0) == pytest.approx(loss, rel=1e-5)
    assert model.train_on_batch(X, None) == pytest.approx(loss, rel=1e-5)
    for found, other in zip(model.get_weights(), wanted, strict=True):
        np.testing.assert_allclose(found, other, rtol=1e-4, atol=1e-6)
    model.compile("sgd", loss=None)  # the loss is there once
    now = plain.evaluate(X, verbose=0)
    losses = model.fit(X, None, verbose=0, validation_data=(X, None)).history
    assert losses["loss"][0] == pytest.approx(now, rel=1e-4)
    assert losses["val_loss"][0] == pytest.approx(plain.evaluate(X, verbose=0), rel=1e-4)


@pytest.mark.parametrize("is_symbolic", [True, False])
def test_a_constant_stands_as_the_loss_beside_one_that_a_layer_adds(
    installed: Any, is_symbolic: bool
) -> None:
    K, layers = installed.backend, installed.layers
    x = layers.Input((3,))
    middle = layers.Dense(2, name="middle")(x)
    y = layers.Dense(3)(middle)

    class Penalised(layers.Layer):  # type: ignore[misc,name-defined]
        def call(self, inputs: Any) -> Any:
            x, y = inputs
            self.add_loss(K.mean(K.square(x - y) + (K.mean(middle) if is_symbolic else 0.0)))
            return K.ones_like(x)

    def zero_loss(y_true: Any, y_pred: Any) -> Any:
        return K.zeros_like(y_pred)

    model, plain = (installed.models.Model(x, Penalised()([x, y])) for _ in range(2))
    model.compile("sgd", zero_loss)
    assert model.loss.name == "zero_loss"
    plain.compile("sgd", loss=None)
    wanted = plain.evaluate(X, None, verbose=0)
    losses = model.fit(X, X, verbose=0, epochs=3, validation_data=(X, X)).history
    assert losses["loss"][0] == pytest.approx(wanted, rel=1e-4)
    assert losses["loss"] == sorted(losses["loss"], reverse=True)
    assert losses["val_loss"][-1] == pytest.approx(plain.evaluate(X, None, verbose=0), rel=1e-4)
    alone = installed.models.Model(x, y)
    alone.compile("sgd", zero_loss)
    with pytest.raises(kplug.errors.LossWithoutGradientError):
        alone.fit(X, X, verbose=0)


def test_a_symbolic_loss_of_a_call_with_values_is_refused(installed: Any) -> None:
    x = installed.layers.Input((3,))

    class Lost(installed.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            self.add_loss(installed.backend.sum(x))
            return inputs

    with pytest.raises(kplug.GraphError, match="add_loss got a symbolic tensor"):
        Lost()(installed.backend.variable(X))


# -- derivatives ---------------------------------------------------------------------------------


def test_a_lambda_turns_a_maximum_around(installed: Any) -> None:
    K, layers = installed.backend, installed.layers

    def find_places(tensors: Any) -> Any:
        before, after = tensors
        return K.gradients(K.sum(after), before)

    x = layers.Input((4, 4, 1))
    before = layers.Dense(1, kernel_initializer="ones")(x)
    after = layers.MaxPooling2D()(before)
    places = layers.Lambda(find_places, output_shape=lambda shapes: shapes[0])([before, after])
    y = layers.multiply([layers.UpSampling2D()(after), places])
    model = installed.models.Model(x, [y, places])
    model.compile("sgd", "mse")
    pictures = (
        np.random.default_rng(1)
        .permutation(np.arange(1.0, 33.0))
        .reshape(2, 4, 4, 1)
        .astype("float32")
    )
    cells = pictures.reshape(2, 2, 2, 2, 2)
    is_largest = cells == cells.max(axis=(2, 4), keepdims=True)
    wanted = (cells * is_largest).reshape(2, 4, 4, 1), is_largest.reshape(2, 4, 4, 1)
    for found, other in zip(model.predict(pictures), wanted, strict=True):
        np.testing.assert_allclose(found, other, rtol=1e-5)
    loss = model.evaluate(pictures, [*wanted], verbose=0)
    assert np.ravel(loss)[0] == pytest.approx(0, abs=1e-6)
    before_step = model.get_weights()[0]
    model.train_on_batch(pictures, [wanted[0] + 1, wanted[1]])
    assert (model.get_weights()[0] != before_step).all()


# -- masks and history ---------------------------------------------------------------------------


def test_a_symbolic_tensor_has_its_mask(installed: Any) -> None:
    K, layers = installed.backend, installed.layers
    x = layers.Input((4,))
    y = layers.LSTM(2, return_sequences=True)(layers.Embedding(5, 3, mask_zero=True)(x))
    z = layers.Flatten()(layers.Embedding(5, 3)(x))
    assert x._keras_mask is None
    assert z._keras_mask is None
    values = np.array([[3, 1, 0, 0]])
    for mask in (y._keras_mask, y.layer.output_mask, y.layer.inbound_nodes[0].input_masks[0]):
        found = K.function([x], [K.cast(mask, "float32")])([values])[0]
        assert found.tolist() == [[1, 1, 0, 0]]
    assert y._shape_val == (None, 4, 2)


def test_a_loss_asks_which_layer_made_an_output(installed: Any) -> None:
    K, layers = installed.backend, installed.layers
    x = layers.Input((4,))
    y = layers.Dense(2)(layers.Embedding(5, 3, mask_zero=True)(x))
    values = np.array([[3, 1, 0, 0]])

    def masked(y_true: Any, y_pred: Any) -> Any:
        layer, place = y_pred._keras_history[:2]
        node = layer._inbound_nodes[place]
        return K.sum(K.square(y_true - y_pred), -1) * K.cast(node.input_masks[0], "float32")

    def scaled(y_true: Any, y_pred: Any) -> Any:
        return y_pred._keras_history[0].units * K.sum(K.square(y_true - y_pred), -1)

    model = installed.models.Model(x, y)
    predicted = model.predict(values)
    for loss, wanted in (
        (masked, np.square(predicted[:, :2]).sum() / 2),
        (scaled, np.square(predicted[:, :2]).sum()),
    ):
        model.compile("sgd", loss)
        found = model.test_on_batch(values, np.zeros((1, 4, 2)))
        assert found == pytest.approx(wanted, rel=1e-4)
