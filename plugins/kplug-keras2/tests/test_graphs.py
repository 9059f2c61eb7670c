"""Graph attributes that programs read, and custom training loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kplug

X = np.ones((4, 3), "float32")


@pytest.fixture
def model(installed: Any) -> Any:
    inputs = kplug.Input((3,))
    hidden = kplug.layers.Dense(4, kernel_initializer="ones", name="first")(inputs)
    return installed.models.Model(inputs, kplug.layers.Dense(2, name="second")(hidden))


def test_names_with_an_underscore_are_read(model: Any) -> None:
    first, second = model.layers[1:]
    assert first._inbound_nodes is first.inbound_nodes
    assert first._outbound_nodes == second._inbound_nodes
    assert first._trainable_weights[0] is first.kernel
    assert model._feed_input_names == model.input_names
    assert model._input_layers == model.input_layers == [model.layers[0]]
    assert model.output._keras_shape == model.output.get_shape() == (None, 2)
    assert model.output.get_shape().as_list() == model.output.shape.as_list() == [None, 2]
    assert first.kernel._keras_shape == (3, 4)
    assert not model.uses_learning_phase
    assert not model.stateful
    assert first.inbound_nodes[0].input_masks == [None]


def test_the_output_of_several_calls_is_refused(installed: Any) -> None:
    layer, inputs = installed.layers.Dense(2), [installed.layers.Input((3,)) for _ in "ab"]
    first = layer(inputs[0])
    assert layer.output == first
    second = layer(inputs[1])
    with pytest.raises(AttributeError, match="has several inbound nodes, so output has no single"):
        _ = layer.output
    assert [layer.get_output_at(place) for place in (0, 1)] == [first, second]
    assert layer.output_shape == (None, 2)


def test_layers_and_nodes_by_their_depth_are_those_of_keras(model: Any) -> None:
    assert model._layers_by_depth == {
        depth: [one] for depth, one in zip((2, 1, 0), model.layers, strict=True)
    }
    assert {
        depth: [one.layer for one in nodes] for depth, nodes in model._nodes_by_depth.items()
    } == (model._layers_by_depth)


def test_the_last_layer_is_taken_off_the_list(installed: Any, model: Any) -> None:
    model.layers.pop()
    cut = installed.models.Model(model.input, model.layers[-1].output)
    assert cut.output_shape == (None, 4)


def test_a_chain_is_cut_at_a_tensor(installed: Any) -> None:
    chain = installed.models.Sequential(
        [kplug.layers.Dense(2, input_dim=3), kplug.layers.Dense(1), kplug.layers.Dense(5)]
    )
    with pytest.raises(kplug.KplugError, match="made by none of its layers"):
        chain.outputs = [kplug.Input((3,))]
    assert len(chain.layers) == 3
    chain.outputs = [chain.layers[0].output]
    chain.layers[-1].outbound_nodes = []
    assert chain.output_shape == (None, 2)


def test_updates_of_an_optimizer_are_one_step_of_it(installed: Any, model: Any) -> None:
    K = installed.backend
    factors = K.placeholder((None, 2))
    loss = K.mean(K.sum(K.square(model.output - factors), axis=-1))
    step = K.function(
        [model.input, factors],
        [loss],
        updates=installed.optimizers.SGD(0.1).get_updates(loss, model.weights),
    )
    same = installed.models.clone_model(model)
    same.set_weights(model.get_weights())
    same.compile(kplug.optimizers.SGD(0.1), lambda t, p: K.sum(K.square(t - p), axis=-1))
    targets = np.full((4, 2), 0.5, "float32")
    assert step([X, targets])[0] == pytest.approx(same.train_on_batch(X, targets), rel=1e-5)
    for ours, theirs in zip(model.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_the_older_order_of_arguments_is_read(installed: Any, model: Any) -> None:
    loss = installed.backend.mean(model.output)
    (step,) = installed.optimizers.Adam().get_updates(model.trainable_weights, [], loss)
    assert step.loss is loss
    with pytest.raises(kplug.KplugError, match="the loss is no symbolic tensor"):
        installed.optimizers.Adam().get_updates(0.0, model.trainable_weights)


def test_a_variable_gets_its_new_value_when_the_function_runs(installed: Any) -> None:
    K = installed.backend
    count, x = K.variable(np.zeros(3)), K.placeholder((3,))
    add = K.function([x], [K.sum(x)], updates=[K.update(count, x * 2)])
    assert K.get_value(count).tolist() == [0, 0, 0]
    assert add([np.ones(3)]) == [3.0]
    assert K.get_value(count).tolist() == [2, 2, 2]


def test_the_loss_of_a_compiled_model_is_differentiated(installed: Any, model: Any) -> None:
    model.compile("sgd", "mse")
    found = model.optimizer.get_gradients(model.total_loss, model.trainable_weights)
    places = [
        model.inputs[0],
        model.sample_weights[0],
        model.targets[0],
        installed.backend.learning_phase(),
    ]
    targets = np.zeros((4, 2), "float32")
    values = installed.backend.function(places, found)([X, np.ones(4), targets, 0])
    outputs = model.predict(X)
    np.testing.assert_allclose(values[3], outputs.mean(0), rtol=1e-5)  # d mean(p²) / d bias


def test_the_variables_of_an_optimizer_are_read_and_set(installed: Any, model: Any) -> None:
    model.compile(kplug.optimizers.SGD(0.1, momentum=0.9), "mse")
    model.train_on_batch(X, np.zeros((4, 2)))
    count, *moments = model.optimizer.get_weights()
    assert (count, len(moments)) == (1, 4)
    model.optimizer.set_weights([5, *[np.zeros_like(one) for one in moments]])
    assert model.optimizer.iterations == 5
    assert not model.optimizer.weights[1].any()
    with pytest.raises(kplug.KplugError, match="has 5 variables, got 1"):
        model.optimizer.set_weights([1])


def test_variables_and_arrays_are_operands_beside_symbolic_tensors(installed: Any) -> None:
    K = installed.backend
    x, v = installed.layers.Input((3,)), K.variable(np.ones(3))
    made = [
        v + x,
        x * v,
        np.full(3, 2.0) * x,
        v - x,
        x / np.full(3, 2.0),
        K.variable(0.0) + K.sum(x),
    ]
    graph = K.function([x], made)
    found = [float(one.flat[0]) for one in graph([np.full((1, 3), 4.0)])]
    assert found == [5.0, 4.0, 8.0, -3.0, 2.0, 12.0]
    K.set_value(v, np.full(3, 2.0))
    assert graph([np.full((1, 3), 4.0)])[0].tolist() == [[6.0] * 3]
