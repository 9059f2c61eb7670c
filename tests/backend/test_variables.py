"""Variables: values are assigned in place, and torch takes them for what they are."""

from __future__ import annotations

import multiprocessing.reduction
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import Variable
from kplug.backend.variables import like_variable, make_variable
from kplug.errors import ArgumentValueError, ContractError, WeightsError


def test_a_variable_has_a_name_and_shares_the_memory_of_its_values() -> None:
    values = torch.zeros(2)
    variable = make_variable(values, "total")
    assert (variable.name, variable.path) == ("total", "total")
    values[1] = 3.0
    assert variable.tolist() == [0.0, 3.0]
    assert not make_variable(torch.zeros(2, requires_grad=True), "total").requires_grad


@pytest.mark.parametrize("is_trainable", [False, True])
@pytest.mark.parametrize("value", [[1.0, 2.0], np.array([1.0, 2.0]), torch.tensor([1.0, 2.0])])
def test_numbers_arrays_and_tensors_are_assigned_in_place(
    value: object, is_trainable: bool
) -> None:
    variable = make_variable(torch.full((2,), 8.0), "total", is_trainable=is_trainable)
    memory = variable.data_ptr()
    assert variable.assign(value) is variable
    assert variable.tolist() == [1.0, 2.0]
    assert variable.assign_add(value).assign_add(value).tolist() == [3.0, 6.0]
    assert variable.assign_sub(value).tolist() == [2.0, 4.0]
    assert variable.data_ptr() == memory
    assert variable.is_leaf


def test_the_number_type_stays_that_of_the_variable() -> None:
    variable = make_variable(torch.zeros(2, dtype=torch.int32), "count")
    variable.assign_add(torch.tensor([1, 2], dtype=torch.int64)).assign_add(2.5)
    assert variable.dtype == torch.int32
    assert variable.tolist() == [3, 4]


def test_results_of_operations_are_plain_tensors() -> None:
    variable = make_variable(torch.ones(2), "total")
    assert isinstance(variable, Variable)
    assert type(variable + 1) is torch.Tensor


def test_no_gradient_flows_into_what_is_assigned() -> None:
    source = torch.tensor([1.0, 2.0], requires_grad=True)
    variable = make_variable(torch.zeros(2), "total").assign(source * 2).assign_add(source)
    assert variable.tolist() == [3.0, 6.0]
    assert not variable.requires_grad


@pytest.mark.parametrize("value", [[1.0, 2.0, 3.0], 1.0, [[1.0, 2.0]]])
def test_values_of_a_shape_that_does_not_fit_are_refused(value: Any) -> None:
    variable = Variable([0.0, 0.0], name="total")
    with pytest.raises(WeightsError) as caught:
        variable.assign(value)
    assert caught.value.message == (
        f"variable 'total' has shape (2,), the value has shape {np.shape(value)}; nothing was assigned"
    )
    assert variable.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Variable(2.0), ("float32", 2.0)),
        (lambda: Variable(np.ones(2)), ("float64", [1.0, 1.0])),
        (lambda: Variable([1, 2], trainable=False), ("int64", [1, 2])),
        (lambda: Variable([1, 2], dtype="float32"), ("float32", [1.0, 2.0])),
        (lambda: Variable(torch.ones(1)), ("float32", [1.0])),
        (lambda: Variable("ones", shape=(2,)), ("float32", [1.0, 1.0])),
        (lambda: Variable("ones", (1,), "float64"), ("float64", [1.0])),
        (
            lambda: Variable(lambda shape, dtype: torch.ones(shape, dtype=dtype), (1,)),
            ("float32", [1.0]),
        ),
        (lambda: Variable(kplug.initializers.Constant(3), (1,)), ("float32", [3.0])),
    ],
)
def test_a_variable_is_made_of_values_or_by_an_initializer(
    make: Callable[[], Variable], expected: tuple[str, Any]
) -> None:
    variable = make()
    assert (str(variable.dtype).removeprefix("torch."), variable.tolist()) == expected


def test_a_variable_keeps_a_copy_of_its_first_value() -> None:
    values = torch.zeros(2)
    Variable(values).assign([1.0, 1.0])
    assert values.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"initializer": "zeros"}, "argument 'shape' is None; allowed: a shape"),
        (
            {"initializer": 1.0, "name": "a/b"},
            "argument 'name' is 'a/b'; allowed: a string without '/'",
        ),
    ],
)
def test_an_initializer_needs_a_shape_and_a_name_has_no_slash(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        Variable(**arguments)
    assert message in caught.value.message


def test_a_trainable_variable_is_a_parameter_whose_training_can_be_stopped() -> None:
    variable = Variable(1.0)
    assert isinstance(variable, torch.nn.Parameter)
    (variable.value * 3.0).backward()  # type: ignore[no-untyped-call]
    assert variable.value.grad == 3.0
    variable.trainable = False
    assert not variable.requires_grad
    variable.trainable = True
    assert variable.requires_grad


def test_a_variable_that_was_made_fixed_stays_so() -> None:
    variable = Variable(1.0, trainable=False, name="count")
    assert not variable.trainable
    with pytest.raises(ContractError) as caught:
        variable.trainable = True
    assert str(caught.value) == (
        "variable 'count' was made with trainable=False, so no optimizer knows it\n"
        "  Make it with trainable=True, and set trainable = False while it is to stay as it is."
    )


def test_a_trainable_variable_becomes_a_copy_in_numpy() -> None:
    variable = Variable([1.0, 2.0])
    variable.numpy()[0] = 9.0
    assert np.asarray(variable).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize(
    "copied",
    [
        lambda variable: pickle.loads(pickle.dumps(variable)),
        lambda variable: like_variable(torch.tensor([1.0, 2.0]), variable),
    ],
    ids=["pickle", "like"],
)
def test_a_copy_is_a_variable_of_the_same_name_in_memory_of_its_own(
    trainable: bool, copied: Callable[[Any], Any]
) -> None:
    variable = make_variable(torch.tensor([1.0, 2.0]), "scale", "net/scale", is_trainable=trainable)
    twin = copied(variable)
    assert type(twin) is type(variable)
    assert (twin.name, twin.path, twin.trainable) == ("scale", "net/scale", trainable)
    twin.assign([5.0, 5.0])
    assert variable.tolist() == [1.0, 2.0]


@pytest.mark.usefixtures("short_names_of_sockets")
def test_processes_share_the_memory_of_a_variable() -> None:
    variable: Any = Variable([1.0, 2.0])
    variable.share_memory_()
    made = multiprocessing.reduction.ForkingPickler.loads(
        multiprocessing.reduction.ForkingPickler.dumps(variable)
    )
    made.assign([3.0, 4.0])
    assert variable.tolist() == [3.0, 4.0]


def test_a_variable_is_of_torchs_own_class() -> None:
    assert (
        type(Variable(1.0)) is torch.nn.Parameter
    )  # subclasses cost time, and torch.compile refuses them
    assert not isinstance(torch.nn.Parameter(torch.ones(1)), Variable)
