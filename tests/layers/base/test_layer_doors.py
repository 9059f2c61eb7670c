"""Methods and attributes with which a layer's author changes how it is called, built and asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import kplug
from kplug.errors import ArgumentValueError, KplugError, WeightsError
from kplug.layers import Input, Layer


class _Refusing(Layer):
    def build(self, input_shape: Any) -> None:
        raise LookupError("no table")

    def call(self, inputs: Any) -> Any:
        return inputs


class _RefusingAtOnce(_Refusing):
    defers_build_errors = False


class _Misnamed(Layer):
    """Names an activation that nobody offers."""

    defers_build_errors = False

    def build(self, input_shape: Any) -> None:
        self.add_slot("activation", "activation", "no_such_activation")

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)  # type: ignore[operator]


def test_what_build_raises_waits_unless_the_class_says_otherwise() -> None:
    output = _Refusing()(Input((4,)))
    with pytest.raises(LookupError, match="no table"):
        _ = output.shape
    with pytest.raises(LookupError, match="no table"):
        _RefusingAtOnce()(Input((4,)))


def test_a_component_that_is_not_found_waits_in_any_case() -> None:
    output = _Misnamed()(Input((4,)))
    with pytest.raises(KplugError, match="no_such_activation"):
        _ = output.shape


class _Remembering(Layer):
    def call(self, inputs: Tensor) -> Tensor:
        self.seen = id(inputs)
        return inputs * 2.0


@kplug.non_mutating
class _Unwatched(_Remembering):
    pass


def test_a_class_may_ask_for_the_very_tensors() -> None:
    inputs = torch.ones(2, 3)
    for layer, gets_them in ((_Remembering(), False), (_Unwatched(), True)):
        layer(inputs)
        assert (layer.seen == id(inputs)) is gets_them
    assert type("Further", (_Unwatched,), {})().is_watched


class _AsGiven(Layer):
    def convert_inputs(self, inputs: Any) -> Any:
        return inputs

    def call(self, inputs: Any) -> Any:
        self.seen = inputs
        return torch.zeros(1)


def test_a_class_may_take_its_inputs_as_they_are() -> None:
    layer, given = _AsGiven(), np.ones(2)
    layer(given)
    assert layer.seen is given


class _Constrained(Layer):
    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight("scale", input_shape[-1:], "ones")
        self.set_weight_component(self.scale, "constraint", "non_neg")
        self.set_weight_component(self.scale, "regularizer", "l2(0.5)")

    def call(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = inputs * self.scale
        return outputs


def test_a_weight_may_get_its_components_after_it_was_added() -> None:
    layer = _Constrained(input_shape=(3,), name="scaled")
    model = kplug.Sequential([layer])
    model.compile(loss="mse", optimizer="sgd")
    assert {"scaled.scale_constraint", "scaled.scale_regularizer"} <= {
        row.slot for row in model.components
    }
    ((constraint, weight),) = layer.weight_constraints()
    assert weight is layer.scale
    assert constraint(torch.tensor([-1.0, 2.0])).tolist() == [0.0, 2.0]
    assert [loss.item() for loss in layer.losses] == [1.5]


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        (
            "initializer",
            ArgumentValueError,
            r"_Constrained\.set_weight_component: argument 'kind' is 'initializer'; allowed",
        ),
        (
            "constraint",
            WeightsError,
            "layer 'scaled': set_weight_component was given a tensor of shape "
            r"\(3,\), which is no weight that the layer has added\n  Give it what add_weight returned\.",
        ),
    ],
)
def test_a_component_of_no_weight_is_refused(kind: Any, error: Any, message: str) -> None:
    layer = _Constrained(input_shape=(3,), name="scaled")
    with pytest.raises(error, match=message):
        layer.set_weight_component(torch.ones(3), kind, None)


class _Unready(Layer):
    @property
    def table(self) -> Any:
        raise AttributeError("fit the table first")

    def call(self, inputs: Any) -> Any:
        return inputs


def test_an_attribute_error_of_a_property_keeps_its_text() -> None:
    with pytest.raises(AttributeError, match=r"^fit the table first$"):
        _ = _Unready().table
    with pytest.raises(AttributeError, match="'_Unready' object has no attribute 'tables'"):
        _ = _Unready().tables


@kplug.non_mutating
class _Pair(Layer):
    def call(self, inputs: Tensor) -> Any:
        return inputs, inputs * 2.0


@kplug.non_mutating
class _Named(Layer):
    def call(self, inputs: Tensor) -> Any:
        return {"same": inputs, "double": inputs * 2.0}


def test_the_outputs_of_a_layer_that_changes_nothing_are_counted() -> None:
    inputs = Input((3,))
    same, double = _Pair()(inputs)
    named = _Named()(inputs)
    model = kplug.Model(inputs, [same, double, named["double"]])
    found = model.predict(np.ones((1, 3), "float32"), verbose=0)
    np.testing.assert_allclose(found, [[[1.0] * 3], [[2.0] * 3], [[2.0] * 3]])


def _fail_in_python(x: Tensor) -> Tensor:
    return [x][x.ndim]


def _fail_in_a_kernel(x: Tensor) -> Tensor:
    return x @ x


def _fail_in_torch(x: Tensor) -> Tensor:
    return torch.einsum("ij,jk->", x)


def _raise(error: Exception) -> Any:
    raise error


@kplug.non_mutating
class _Failing(Layer):
    def __init__(self, fail: Any) -> None:
        super().__init__(name="own")
        self.fail = fail

    def call(self, inputs: Tensor) -> Any:
        return self.fail(inputs)


@pytest.mark.parametrize(
    "fail",
    [
        lambda x: _raise(RuntimeError(f"the table has no {x.ndim}")),
        lambda _: _raise(NotImplementedError("later")),
        lambda _: _raise(IndexError("no such row")),
        _fail_in_python,
    ],
)
def test_an_authors_own_error_is_not_explained_as_one_of_torch(fail: Any) -> None:
    for _ in range(2):
        with pytest.raises((RuntimeError, IndexError)) as caught:
            _Failing(fail)(torch.ones(2, 3))
        assert type(caught.value) in (RuntimeError, NotImplementedError, IndexError)


@pytest.mark.parametrize("fail", [_fail_in_a_kernel, lambda x: x[..., 7], _fail_in_torch])
def test_an_error_of_torch_names_a_layer_that_changes_nothing(fail: Any) -> None:
    with pytest.raises(kplug.errors.ComputationError, match=r"^layer 'own' \(_Failing\) cannot"):
        _Failing(fail)(torch.ones(2, 3))
