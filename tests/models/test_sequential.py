from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import nn

from kplug import backend, layers
from kplug.errors import (
    ArgumentError,
    ContractError,
    DataError,
    GraphError,
    KplugError,
    NotBuiltError,
    WeightsError,
)
from kplug.models import Model, Sequential, model_from_config

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own tensors.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    backend.clear_session()
    keras.backend.clear_session(free_memory=False)


def make_small() -> Sequential:
    return Sequential([layers.Dense(4, input_shape=(3,), activation="relu"), layers.Dense(2)])


@pytest.mark.parametrize(
    "first",
    [
        [lambda: layers.Input((3,)), lambda: layers.Dense(4)],
        [lambda: layers.Dense(4, input_shape=(3,))],
        [lambda: layers.Dense(4, input_dim=3)],
        [lambda: layers.Dense(4, batch_input_shape=(None, 3))],
    ],
)
def test_the_input_shape_can_be_given_in_several_ways(first: list[Any]) -> None:
    model = Sequential([*(make() for make in first), layers.Dense(2)])
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"]
    assert model.count_params() == 3 * 4 + 4 + 4 * 2 + 2


def test_a_model_whose_input_is_known_is_built_without_a_shape() -> None:
    model = make_small()
    model.build()
    assert model.built
    assert [weight.shape for weight in model.get_weights()] == [(3, 4), (4,), (4, 2), (2,)]
    with pytest.raises(
        NotBuiltError, match=r"cannot be built: .*\n  Write build\(\(None, size\)\)"
    ):
        Sequential([layers.Dense(2)]).build()


def test_a_list_of_one_tensor_is_that_tensor() -> None:
    model, x = make_small(), layers.Input((3,))
    assert model([x]).shape == (None, 2)
    array = np.ones((1, 3), "float32")
    assert model([array]).shape == model([torch.ones(1, 3)]).shape == (1, 2)
    assert model([[1.0, 2.0, 3.0]]).shape == (1, 2)


def test_inputs_and_outputs_are_the_ends_of_the_graph() -> None:
    model = make_small()
    assert [tuple(each.shape) for each in model.inputs] == [(None, 3)]
    assert [tuple(each.shape) for each in model.outputs] == [(None, 2)]
    first, second = model.layers
    assert len(first.inbound_nodes) == len(first.outbound_nodes) == len(second.inbound_nodes) == 1
    assert second.outbound_nodes == []
    assert second.inbound_nodes[0].inbound_layers == [first]


def test_automatic_names_are_those_of_keras() -> None:
    def names(lib: Any, module: Any) -> list[str]:
        model = lib.Sequential(
            [
                module.Conv2D(2, 1),
                module.MaxPooling2D(1),
                module.UpSampling2D(),
                module.Conv2D(1, 1),
            ]
        )
        return [model.name, *(layer.name for layer in model.layers)]

    class Ours:
        Sequential = Sequential

    assert names(Ours, layers) == names(keras, keras.layers)


def test_without_an_input_shape_the_first_data_build_the_model() -> None:
    model = Sequential([layers.Dense(4), layers.Dense(2)])
    assert not model.built
    assert model.weights == []
    with pytest.raises(NotBuiltError) as caught:
        model.get_weights()
    assert str(caught.value) == (
        "model 'sequential' has no weights yet: its input shape is unknown\n"
        "  Give the first layer an input_shape, or call the model on data once."
    )
    assert model.predict(np.zeros((5, 3)), verbose=0).shape == (5, 2)
    assert model.input_shape == (None, 3)
    assert len(model.get_weights()) == 4


def test_fit_builds_a_model_without_input_shape() -> None:
    model = Sequential([layers.Dense(4), layers.Dense(1)])
    model.compile(loss="mse")
    model.fit(np.zeros((8, 3)), np.zeros(8), verbose=0)
    assert model.output_shape == (None, 1)


def test_data_that_do_not_fit_leave_an_open_model_open() -> None:
    model = Sequential([layers.Conv2D(2, 3), layers.Flatten()])
    with pytest.raises(KplugError):
        model.predict(np.zeros((5, 3)), verbose=0)
    assert model.predict(np.zeros((1, 4, 4, 1)), verbose=0).shape == (1, 8)


def test_calling_the_model_on_a_tensor_computes_in_inference_mode() -> None:
    model = Sequential([layers.Dropout(0.9, input_shape=(50,))])
    ones = torch.ones(2, 50)
    assert torch.equal(model(ones), ones)
    assert not torch.equal(model(ones, training=True), ones)


def test_a_torch_module_is_a_layer() -> None:
    model = Sequential([nn.Linear(3, 4), nn.ReLU(), layers.Dense(2)])
    assert model.predict(np.zeros((5, 3)), verbose=0).shape == (5, 2)
    model.compile(loss="mse", optimizer="sgd")
    before = model.get_weights()
    model.fit(np.ones((8, 3)), np.ones((8, 2)), verbose=0)
    assert len(before) == 4
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_models_nest() -> None:
    inner = Sequential([layers.Dense(4, input_shape=(3,))], name="inner")
    model = Sequential([inner, Sequential([layers.Dense(5), layers.Dense(2)], name="open")])
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))
    model.compile(loss="mse", optimizer="sgd")
    assert len(model.get_weights()) == 6
    inner_layer: Any = model.layers[1]
    assert inner_layer.layers[0].name in {row.slot.split(".")[0] for row in model.components}
    before = inner.get_weights()[0]
    model.fit(np.ones((8, 3)), np.ones((8, 2)), verbose=0)
    assert not np.array_equal(before, inner.get_weights()[0])


def test_adding_and_removing_layers_changes_the_chain_and_the_graph() -> None:
    model = make_small()
    last = model.pop()
    assert last.inbound_nodes == []
    assert model.layers[0].outbound_nodes == []
    assert model.output_shape == (None, 4)
    model.add(layers.Dense(7))
    assert model.predict(np.zeros((2, 3)), verbose=0).shape == (2, 7)


def test_a_layer_is_named_by_a_spec() -> None:
    model = Sequential(["dense(units=4, input_dim=3)", {"name": "dense", "args": {"units": 2}}])
    assert model.output_shape == (None, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda model: model.add(layers.Dense(2, name="dense")),
            "model 'sequential' already has a layer named 'dense'\n"
            "  Names are unique in a model; give the layer another name=….",
        ),
        (
            lambda model: model.add(model.layers[0]),
            "model 'sequential' already contains layer 'dense'\n"
            "  A chain holds each layer once; make a second layer.",
        ),
        (
            lambda model: model.add(layers.Input((3,))),
            "model 'sequential' already has an input; an input comes first, and once",
        ),
        (lambda model: Sequential(name="empty").pop(), "model 'empty' has no layer to remove"),
    ],
)
def test_a_chain_that_cannot_be_is_refused(change: Any, message: str) -> None:
    model = make_small()
    with pytest.raises(GraphError) as caught:
        change(model)
    assert str(caught.value) == message
    assert len(model.layers) == 2


def test_layers_are_found_by_name_and_place() -> None:
    model = make_small()
    assert model.get_layer("dense_1") is model.get_layer(index=1) is model.layers[1]
    with pytest.raises(KplugError) as caught:
        model.get_layer("dens")
    assert str(caught.value) == "model 'sequential' has no layer 'dens'; its layers: dense, dense_1"


def test_weights_go_out_and_in() -> None:
    model, other = make_small(), make_small()
    other.set_weights(model.get_weights())
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights[:3], "model 'sequential' has 4 weights, got 3 arrays"),
        (
            lambda weights: [*weights[:2], weights[2].T, weights[3]],
            "model 'sequential': weight 'dense_1/kernel' has shape (4, 2), the array has shape "
            "(2, 4); nothing was assigned",
        ),
    ],
)
def test_weights_that_do_not_fit_change_nothing(change: Any, message: str) -> None:
    model = make_small()
    before = model.get_weights()
    with pytest.raises(WeightsError) as caught:
        model.set_weights(change([each + 1 for each in before]))
    assert str(caught.value).startswith(message)
    for kept, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)


@pytest.mark.parametrize(
    "make",
    [
        make_small,
        lambda: Sequential([layers.Input((3,)), layers.Dense(2, kernel_regularizer="l2(0.5)")]),
        lambda: Sequential([layers.Dense(2)]),
        lambda: Sequential([make_small(), layers.Dense(1)]),
        lambda: Sequential(name="empty"),
    ],
)
def test_a_configuration_makes_the_same_model_again(make: Any) -> None:
    model = make()
    again = Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    wrapped = {"class_name": "Sequential", "config": model.get_config()}
    assert model_from_config(wrapped).get_config() == model.get_config()


def test_a_model_built_by_data_remembers_their_shape_in_its_configuration() -> None:
    model = Sequential([layers.Dense(2)])
    model.predict(np.zeros((1, 3)), verbose=0)
    again = Sequential.from_config(model.get_config())
    assert again.input_shape == (None, 3)


def test_a_configuration_of_keras_is_read() -> None:
    theirs = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(2, 3, activation="relu", kernel_regularizer="l2"),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    ours = Sequential.from_config(theirs.get_config())
    ours.set_weights(theirs.get_weights())
    x = np.random.default_rng(0).normal(size=(4, 6, 6, 1)).astype("float32")
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-5)


def test_parameters_are_there_for_an_optimizer_as_soon_as_the_input_shape_is_known() -> None:
    model = Sequential([layers.Dense(2, input_shape=(3,)), layers.Dense(1)])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert [tuple(weight.shape) for weight in optimizer.param_groups[0]["params"]] == [
        (3, 2),
        (2,),
        (2, 1),
        (1,),
    ]
    model.compile(optimizer=optimizer, loss="mse")
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)


def test_a_model_is_no_layer_of_itself() -> None:
    model = Sequential([layers.Dense(3, input_shape=(3,))])
    with pytest.raises(GraphError, match="cannot be a layer of itself"):
        model.add(model)
    outer = Sequential([model])
    with pytest.raises(GraphError, match="cannot be a layer of itself"):
        model.add(outer)
    assert len(model.layers) == 1


def test_the_shape_of_the_first_data_binds_no_other_axis_than_layers_do() -> None:
    """Keras takes batches of other lengths as well: sentences are padded batch by batch."""
    generator = np.random.default_rng(0)
    model = Sequential([layers.Embedding(20, 4, mask_zero=True), layers.GRU(3), layers.Dense(1)])
    model.compile(loss="mse")
    batches = [(generator.integers(1, 20, (8, length)), np.ones((8, 1))) for length in (6, 9, 4)]
    model.fit(iter(batches), verbose=0)
    assert model.predict(batches[1][0], verbose=0).shape == (8, 1)
    assert model.input_shape == (None, 6)
    dense = Sequential([layers.Dense(2)])
    dense.predict(np.ones((3, 5)), verbose=0)
    with pytest.raises(DataError, match=r"expects inputs of shape \(None, 5\), got shape \(3, 6\)"):
        dense.predict(np.ones((3, 6)), verbose=0)


def test_a_shape_of_the_author_binds() -> None:
    model = Sequential([layers.Input((6,)), layers.Embedding(20, 4), layers.GRU(3)])
    with pytest.raises(DataError, match=r"x has samples of shape \(9,\)"):
        model.predict(np.ones((8, 9)), verbose=0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_layers_that_are_not_in_a_list(count: int) -> None:
    make: Any = Sequential
    with pytest.raises(ArgumentError) as caught:
        make(*(layers.Dense(1) for _ in range(count)))
    assert str(caught.value) == (
        "Sequential takes its layers in one list\n  Write Sequential([first, second, …])."
    )


def test_a_configuration_that_is_none() -> None:
    with pytest.raises(ArgumentError) as caught:
        Sequential.from_config(5)
    assert str(caught.value) == (
        "the configuration of a Sequential is a dict, or a list of layers, got int\n"
        "  get_config() returns one."
    )


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model(torch.ones(2, 3)),
        lambda model: model.predict(np.ones((2, 3)), verbose=0),
        lambda model: model.build((None, 3)),
        lambda model: Model(inputs := layers.Input((3,)), model(inputs)).output_shape,
    ],
)
def test_a_chain_without_layers_computes_nothing(use: Any) -> None:
    with pytest.raises(ContractError) as caught:
        use(Sequential(name="chain"))
    assert str(caught.value) == (
        "model 'chain' cannot be built: it has no layers\n"
        "  Add some first: model.add(Dense(1)). One that changes nothing is Identity()."
    )
    inputs_alone = Sequential([layers.Input((3,))])
    assert torch.equal(inputs_alone(torch.ones(2, 3)), torch.ones(2, 3))


@pytest.mark.parametrize("given", [3, 1.5, object()])
def test_what_is_no_list_of_layers_is_said(given: Any) -> None:
    with pytest.raises(ArgumentError, match="Sequential takes a list of layers, got "):
        Sequential(given)


@pytest.mark.parametrize("answer", [None, 3.0, "abc", "scalar", "numpy"])
def test_a_constraint_that_returns_no_weight_is_named(answer: Any) -> None:
    def constrain(weight: Any) -> Any:
        if answer == "scalar":
            return weight.sum()
        return weight.numpy() if answer == "numpy" else answer

    model = Sequential([layers.Dense(2, input_dim=3, kernel_constraint=constrain)])
    model.compile("sgd", "mse")
    with pytest.raises(
        ContractError, match=r"a constraint returned .* for a weight of shape \(3, 2\)"
    ):
        model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
