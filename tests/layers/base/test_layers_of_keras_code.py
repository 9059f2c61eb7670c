"""Layers as Keras code has them, against Keras where it runs the same code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import kplug
from kplug import backend as K
from kplug.errors import DataError
from kplug.layers import Dense, Embedding, Input, InputSpec, Layer
from kplug.models import Model, Sequential

BOTH = pytest.mark.parametrize("library", [kplug, keras], ids=["kplug", "keras"])


@BOTH
def test_an_input_spec_may_be_a_list(library: Any) -> None:
    class First(library.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="first")
            self.input_spec = [library.layers.InputSpec(ndim=2), library.layers.InputSpec(ndim=3)]

        def call(self, inputs: Any) -> Any:
            return inputs[0] * 2.0

    assert First()([np.ones((2, 3)), np.ones((2, 3, 4))]).shape == (2, 3)
    with pytest.raises(ValueError, match="first"):
        First()([np.ones((2, 3, 4)), np.ones((2, 3, 4))])
    with pytest.raises(ValueError, match="2 input"):
        First()([np.ones((2, 3))])


def test_a_list_of_one_input_spec_is_that_of_the_only_input() -> None:
    layer = Dense(3, name="score")
    layer.input_spec = [InputSpec(ndim=2)]
    assert layer(np.ones((2, 3))).shape == (2, 3)
    with pytest.raises(DataError, match="layer 'score' expects inputs of 2 axes, got shape"):
        Dense3(name="score")(np.ones((2, 3, 4)))


class Dense3(Dense):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(3, **kwargs)
        self.input_spec = [InputSpec(ndim=2)]


@BOTH
def test_an_output_shape_may_be_a_list_or_hold_numpy_integers(library: Any) -> None:
    class Double(library.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return inputs * 2.0

        def compute_output_shape(self, input_shape: Any) -> Any:
            return [input_shape[0], np.int64(input_shape[1])]

    inputs = library.Input((3,))
    outputs = library.layers.Dense(2)(Double()(inputs))
    assert library.Model(inputs, outputs).output_shape == (None, 2)


@pytest.mark.parametrize("writes_shape", [False, True])
@BOTH
def test_outputs_are_counted_where_the_class_does_not_say_how_many(
    library: Any, writes_shape: bool
) -> None:
    class Cut(library.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return [inputs[:, :2], inputs[:, 2:]]

    class CutWithShape(Cut):
        def compute_output_shape(self, input_shape: Any) -> Any:
            return [(input_shape[0], 2), (input_shape[0], input_shape[1] - 2)]

    inputs = library.Input((5,))
    first, second = (CutWithShape if writes_shape else Cut)()(inputs)
    model = library.Model(inputs, [second, first])
    assert model.output_shape == [(None, 3), (None, 2)]
    assert [made.shape for made in model(np.ones((4, 5), "float32"))] == [(4, 3), (4, 2)]


class Costs(Layer):
    def call(self, inputs: Any) -> Tensor:
        return K.ctc_batch_cost(*inputs)


class Choice(Layer):
    def call(self, inputs: Tensor) -> Tensor:
        return K.switch(K.sum(inputs) > 0, inputs, lambda: -inputs)


class Table(Layer):
    """Looks values up in constants, and adds another one."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = K.constant(np.arange(12.0).reshape(4, 3))
        self.offset = K.constant([1.0, 2.0, 3.0])

    def call(self, inputs: Tensor) -> Tensor:
        return K.gather(self.rows, K.cast(inputs, "int32")) + self.offset


def test_shapes_are_found_where_call_reads_values() -> None:
    inputs = [Input((4,)), Input((10, 5)), Input((1,), dtype="int64"), Input((1,), dtype="int64")]
    assert Model(inputs, Costs()(inputs)).output_shape == (None, 1)
    signs = Model(inputs[0], Choice()(inputs[0]))
    assert signs.output_shape == (None, 4)
    np.testing.assert_array_equal(signs.predict(-np.ones((2, 4)), verbose=0), np.ones((2, 4)))
    table = Model(inputs[0], Table()(inputs[0]))
    assert table.output_shape == (None, 4, 3)
    found = table.predict(np.array([[0, 1, 2, 3]]), verbose=0)
    np.testing.assert_array_equal(found[0], np.arange(12.0).reshape(4, 3) + np.array([1, 2, 3]))


def test_a_torch_module_has_the_parameters_of_a_model_of_known_shape() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = Sequential([Input((4,)), Dense(3), Dense(2)])
            self.head = nn.Sequential(Dense(1, input_shape=(2,)))

    net = Net()
    sizes = [tuple(parameter.shape) for parameter in net.parameters()]
    assert sizes == [(4, 3), (3,), (3, 2), (2,), (2, 1), (1,)]
    assert not any(parameter.is_meta for parameter in net.parameters())


@BOTH
def test_losses_are_those_of_the_last_call(library: Any) -> None:
    class Summing(library.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            self.add_loss(inputs[0, 0] * 1.0)
            return inputs

    class Twice(library.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = Summing()

        def call(self, inputs: Any) -> Any:
            return self.inner(self.inner(inputs))

    outer, data = Twice(), torch.ones(2, 2)
    dense = library.layers.Dense(2, activity_regularizer="l2")
    for _ in range(3):
        outer(data)
        dense(data)
    assert (len(outer.losses), len(outer.inner.losses), len(dense.losses)) == (2, 2, 1)
    outer.inner(data)
    assert len(outer.losses) == 1


@BOTH
def test_an_embedding_makes_a_mask_of_ids_alone(library: Any) -> None:
    mask = library.layers.Embedding(4, 2, mask_zero=True).compute_mask(torch.tensor([[1, 0]]))
    assert mask.tolist() == [[True, False]]
    assert Embedding(4, 2).compute_mask(torch.tensor([[1, 0]])) is None


def test_an_initializer_may_take_the_shape_alone() -> None:
    class Ramp(kplug.initializers.Initializer):
        def __call__(self, shape: Any) -> Any:  # type: ignore[override]
            return np.arange(np.prod(shape)).reshape(shape)

    layer = Dense(2, kernel_initializer=Ramp(), input_shape=(3,))
    np.testing.assert_array_equal(layer.get_weights()[0], np.arange(6.0).reshape(3, 2))


def test_a_custom_object_may_have_a_private_name() -> None:
    def _act(inputs: Tensor) -> Tensor:
        return inputs * 2.0

    model = Sequential([Input((4,)), Dense(2, activation=_act)])
    read = kplug.models.model_from_json(model.to_json(), custom_objects={"_act": _act})
    read.set_weights(model.get_weights())
    data = np.ones((2, 4))
    np.testing.assert_array_equal(read.predict(data, verbose=0), model.predict(data, verbose=0))


@pytest.mark.filterwarnings("ignore:fit. x has .names., and model .* has no input of that name")
def test_strings_beside_the_inputs_of_a_dict_are_ignored() -> None:
    inputs = Input((4,), name="values")
    model = Model({"values": inputs}, Dense(1)(inputs))
    model.compile("sgd", "mse")
    data = {"values": np.ones((4, 4)), "names": np.array(["a", "b", "c", "d"])}
    model.fit(data, np.ones((4, 1)), verbose=0)
    assert model.predict(data, verbose=0).shape == (4, 1)


@pytest.mark.filterwarnings(
    "ignore:The model does not have any trainable weights", "ignore:.*__array__:DeprecationWarning"
)
@BOTH
def test_trainable_counts_when_a_step_runs_as_in_keras_3(library: Any) -> None:
    layers, data, targets = library.layers, np.ones((4, 3), "float32"), np.zeros((4, 1), "float32")
    judge = library.Sequential([library.Input((3,)), layers.Dense(1)])
    judge.compile("sgd", "mse")
    judge.train_on_batch(data, targets)
    judge.trainable = False
    both = library.Sequential([library.Input((3,)), layers.Dense(3), judge])
    both.compile("sgd", "mse")

    def find_changes(step: Any) -> list[bool]:
        before = [model.get_weights()[0] for model in (judge, both)]
        step()
        after = [model.get_weights()[0] for model in (judge, both)]
        return [not np.array_equal(*pair) for pair in zip(before, after, strict=True)]

    def train_judge() -> None:
        judge.train_on_batch(data, targets)

    if library is kplug:
        with pytest.warns(kplug.KplugWarning, match="Set trainable = True before train_on_batch"):
            assert find_changes(train_judge) == [False, False]
    else:
        assert find_changes(train_judge) == [False, False]
    assert find_changes(lambda: both.train_on_batch(data, targets)) == [False, True]
    judge.trainable = True
    assert find_changes(train_judge) == [True, False]


@pytest.mark.parametrize("file", ["model.keras", "model.h5"])
def test_names_with_a_slash_are_saved(file: str, tmp_path: Path) -> None:
    """Keras 2 takes such names, Keras 3 does not; one may begin with the whole name of another."""
    inputs = Input((4,))
    model = Model(inputs, Dense(1, name="block")(Dense(3, name="block/dense")(inputs)))
    model.save(tmp_path / file)
    read = kplug.models.load_model(tmp_path / file, compile=False)
    assert [layer.name for layer in read.layers[1:]] == ["block/dense", "block"]
    for one, other in zip(read.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    model.save_weights(tmp_path / "model.weights.h5")
    read.load_weights(tmp_path / "model.weights.h5")
