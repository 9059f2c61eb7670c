"""Epsilon, float type, layout, counters and automatic names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from keras.src.utils.naming import to_snake_case

from kplug import backend as K
from kplug.errors import ArgumentValueError


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    K.clear_session()
    yield
    K.set_epsilon(1e-7)
    K.set_floatx("float32")
    K.set_image_data_format("channels_last")
    K.clear_session()


def test_defaults_are_those_of_keras() -> None:
    assert (K.epsilon(), K.floatx(), K.image_data_format()) == (1e-7, "float32", "channels_last")


def test_setters_change_what_the_getters_return() -> None:
    K.set_epsilon(1e-3)
    K.set_floatx("float64")
    K.set_image_data_format("channels_first")
    assert (K.epsilon(), K.floatx(), K.image_data_format()) == (1e-3, "float64", "channels_first")


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "small", True, None])
def test_epsilon_must_be_a_positive_number(value: Any) -> None:
    with pytest.raises(ArgumentValueError, match="allowed: a finite number > 0"):
        K.set_epsilon(value)
    assert K.epsilon() == 1e-7


def test_unknown_floatx_is_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        K.set_floatx("float33")
    assert str(caught.value) == (
        "set_floatx: argument 'value' is 'float33'; allowed: one of 'float16', 'bfloat16', "
        "'float32', 'float64'"
    )


def test_unknown_layout_is_refused() -> None:
    with pytest.raises(ArgumentValueError, match="one of 'channels_last', 'channels_first'"):
        K.set_image_data_format("NHWC")


def test_uid_counts_from_one_for_each_prefix() -> None:
    assert [K.get_uid("a"), K.get_uid("a"), K.get_uid("b")] == [1, 2, 1]
    K.reset_uids()
    assert K.get_uid("a") == 1


@pytest.mark.parametrize(
    "name",
    [
        "Dense", "Conv2D", "Conv2DTranspose", "UpSampling2D", "MaxPooling2D", "LeakyReLU", "PReLU",
        "ELU", "ReLU", "InputLayer", "GRU", "LSTM", "SimpleRNN", "LSTMCell", "BatchNormalization",
        "GlobalAveragePooling1D", "RMSprop", "MyLayer", "My_Layer", "HTTPServer", "aB", "AaBbCc",
    ],
)  # fmt: skip
def test_snake_case_equals_keras(name: str) -> None:
    assert K.snake_case(name) == to_snake_case(name)


def test_auto_names_count_as_in_keras_3() -> None:
    names = [K.auto_name("Dense"), K.auto_name("Dense"), K.auto_name("Conv2D")]
    assert names == ["dense", "dense_1", "conv2d"]
    K.clear_session()
    assert K.auto_name("Dense") == "dense"


def test_layouts_have_two_more_names() -> None:
    assert (K.backend(), K.image_dim_ordering()) == ("torch", "tf")
    K.set_image_dim_ordering("th")
    assert (K.image_data_format(), K.image_dim_ordering()) == ("channels_first", "th")
    assert K.normalize_data_format(None) == "channels_first"
    with pytest.raises(ArgumentValueError, match="allowed: 'th' or 'tf'"):
        K.set_image_dim_ordering("channels_last")
    with pytest.raises(ArgumentValueError, match="normalize_data_format"):
        K.normalize_data_format("th")
