"""State that is assigned to, as metrics that were written for Keras do."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

import kplug
from kplug.metrics.base.variable import StateVariable, make_variable


def test_a_variable_has_a_label_and_shares_the_memory_of_its_values() -> None:
    values = torch.zeros(2)
    variable = make_variable(values, "total")
    assert variable.label == "total"
    values[1] = 3.0
    assert variable.tolist() == [0.0, 3.0]
    assert not make_variable(torch.zeros(2, requires_grad=True), "total").requires_grad


@pytest.mark.parametrize("value", [[1.0, 2.0], np.array([1.0, 2.0]), torch.tensor([1.0, 2.0])])
def test_numbers_arrays_and_tensors_are_assigned_in_place(value: object) -> None:
    variable = make_variable(torch.full((2,), 8.0), "total")
    memory = variable.data_ptr()
    assert variable.assign(value) is variable
    assert variable.tolist() == [1.0, 2.0]
    assert variable.assign_add(value).assign_add(value).tolist() == [3.0, 6.0]
    assert variable.assign_sub(value).tolist() == [2.0, 4.0]
    assert variable.data_ptr() == memory


def test_the_number_type_stays_that_of_the_variable() -> None:
    variable = make_variable(torch.zeros(2, dtype=torch.int32), "count")
    variable.assign_add(torch.tensor([1, 2], dtype=torch.int64)).assign_add(2.5)
    assert variable.dtype == torch.int32
    assert variable.tolist() == [3, 4]


def test_results_of_operations_are_plain_tensors() -> None:
    variable = make_variable(torch.ones(2), "total")
    assert isinstance(variable, StateVariable)
    assert type(variable + 1) is torch.Tensor
    assert type(torch.sqrt(variable)) is torch.Tensor


def test_its_value_is_a_plain_tensor_that_follows_it() -> None:
    variable = make_variable(torch.zeros(2), "total")
    value = variable.value
    variable.assign(torch.ones(2))
    assert type(value) is torch.Tensor
    assert value.tolist() == [1.0, 1.0]


def test_no_gradient_flows_into_what_is_assigned() -> None:
    source = torch.tensor([1.0, 2.0], requires_grad=True)
    variable = make_variable(torch.zeros(2), "total").assign(source * 2).assign_add(source)
    assert variable.tolist() == [3.0, 6.0]
    assert not variable.requires_grad


def test_values_of_a_shape_that_does_not_fit_are_refused() -> None:
    variable = make_variable(torch.zeros(2), "total")
    with pytest.raises(RuntimeError, match="size of tensor"):
        variable.assign([1.0, 2.0, 3.0])
    assert variable.tolist() == [0.0, 0.0]


def test_a_copy_is_one_variable_with_memory_of_its_own() -> None:
    variable = make_variable(torch.ones(2), "total")
    first, second = copy.deepcopy([variable, variable])
    assert first is second
    assert isinstance(first, StateVariable)
    assert first.label == "total"
    variable.assign_add(1.0)
    assert first.tolist() == [1.0, 1.0]


class CountsRows(kplug.Metric):
    def __init__(self, name: str = "rows") -> None:
        super().__init__(name=name)
        self.rows = self.add_weight(name="rows", initializer="zeros")

    def update_state(
        self, y_true: object, y_pred: torch.Tensor, sample_weight: object = None
    ) -> None:
        self.rows.assign_add(float(len(y_pred)))

    def result(self) -> torch.Tensor:
        return self.rows


def test_a_model_with_a_metric_that_keeps_variables_is_cloned_and_copied() -> None:
    model = kplug.Sequential([kplug.layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse", metrics=[CountsRows()])
    x, y = np.ones((5, 2)), np.ones((5, 1))
    model.fit(x, y, verbose=0)
    twin = copy.deepcopy(model)
    assert twin.evaluate(x, y, verbose=0, return_dict=True)["rows"] == 5
    assert kplug.models.clone_model(model).count_params() == 3
