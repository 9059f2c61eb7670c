"""Sessions and placeholders of Keras 2 are refused with advice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kplug import backend as K
from kplug.errors import KplugError


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


def test_variables_have_values_without_a_session() -> None:
    K.manual_variable_initialization(False)
    assert K.get_value(K.variable(3.0)) == 3.0
