"""What Keras 2 says about sessions, placeholders and layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from kplug import backend as K
from kplug.errors import ArgumentValueError, GraphError, KplugError
from kplug.layers import Dense, Input


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    yield
    K.set_image_data_format("channels_last")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: K.placeholder(),
            "placeholder: a tensor of torch has its values from the start\n"
            "  kplug.layers.Input(shape) is the symbolic input of a model, which K.function takes too; "
            "what computes with tensors alone is a plain Python function.",
        ),
        (lambda: K.placeholder((None, 3)), r"kplug.layers.Input((3,)) is the symbolic input"),
        (lambda: K.get_session(), "K.get_value(x) reads a tensor"),
        (lambda: K.set_session(None), "Leave the call out."),
        (lambda: K.manual_variable_initialization(True), "K.set_value(variable, value)"),
    ],
)
def test_what_has_no_meaning_is_refused_with_advice(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(KplugError) as caught:
        call()
    assert text in str(caught.value)


def test_variables_that_start_by_themselves_are_how_it_is() -> None:
    K.manual_variable_initialization(False)


def test_k_computes_with_values_only() -> None:
    with pytest.raises(GraphError) as caught:
        K.sum(Input((3,), name="pixels"))  # type: ignore[arg-type]
    assert str(caught.value) == (
        "<SymbolicTensor 'pixels', shape (None, 3)> has no values until the model runs, so K cannot "
        "compute with it\n  Write a layer whose call(self, inputs) computes with K, and call it on the "
        "tensor."
    )


def test_placeholder_is_the_tensor_of_an_input() -> None:
    inputs = Input((3,))
    assert K.is_placeholder(inputs)
    assert not K.is_placeholder(Dense(1)(inputs))
    assert not K.is_placeholder(torch.zeros(1))


def test_layouts_have_two_more_names() -> None:
    assert (K.backend(), K.image_dim_ordering()) == ("torch", "tf")
    K.set_image_dim_ordering("th")
    assert (K.image_data_format(), K.image_dim_ordering()) == ("channels_first", "th")
    assert K.normalize_data_format(None) == "channels_first"
    with pytest.raises(ArgumentValueError, match="allowed: 'th' or 'tf'"):
        K.set_image_dim_ordering("channels_last")
    with pytest.raises(ArgumentValueError, match="normalize_data_format"):
        K.normalize_data_format("th")


def test_sparse_tensors_are_written_out() -> None:
    dense = torch.eye(2)
    assert not K.is_sparse(dense)
    assert K.is_sparse(dense.to_sparse())
    assert torch.equal(K.to_dense(dense.to_sparse()), dense)
    assert K.to_dense(dense) is dense


def test_identity_is_a_copy_with_a_gradient() -> None:
    x = K.variable([1.0, 2.0])
    copy = K.identity(x, name="copy")
    (gradient,) = K.gradients(K.sum(copy), x)
    assert gradient.tolist() == [1.0, 1.0]
    assert copy.data_ptr() != x.data_ptr()
