from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kplug import layers
from kplug.errors import ArgumentValueError
from kplug.models import Model, Sequential, print_summary
from kplug.models.summary.rows import format_size


def make_model() -> Sequential:
    frozen = layers.Dense(4, input_shape=(3,))
    frozen.trainable = False
    return Sequential([frozen, layers.Activation("relu"), layers.Dense(1000)], name="net")


def test_plain_text_comes_line_by_line() -> None:
    lines: list[str] = []
    make_model().summary(print_fn=lines.append)
    assert lines == [
        'Model: "net"',
        "_" * 65,
        "Layer (type)                 Output Shape              Param #",
        "=" * 65,
        "dense (Dense)                (None, 4)                 16",
        "_" * 65,
        "activation (Activation)      (None, 4)                 0",
        "_" * 65,
        "dense_1 (Dense)              (None, 1000)              5000",
        "=" * 65,
        "Total params: 5,016",
        "Trainable params: 5,000",
        "Non-trainable params: 16",
        "_" * 65,
    ]


def test_width_and_columns_can_be_chosen() -> None:
    lines: list[str] = []
    print_summary(make_model(), line_length=40, positions=[0.5, 0.8, 1.0], print_fn=lines.append)
    assert lines[2] == "Layer (type)        Output Shap Param #"


def test_columns_of_a_graph_do_for_a_chain_as_in_keras_2() -> None:
    lines: list[str] = []
    make_model().summary(50, [0.4, 0.7, 0.8, 1.0], lines.append)
    assert lines[2] == "Layer (type)        Output Shape   Param #"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"positions": [0.5, 1.0]}, "'positions' is [0.5, 1.0]; allowed: the ends of 3 columns"),
        ({"line_length": 10}, "'line_length' is 10; allowed: enough for every column"),
        (
            {"layer_range": ["dense"]},
            "'layer_range' is ['dense']; allowed: the names of the first and the last layer, or "
            "patterns for them",
        ),
        (
            {"layer_range": ["dense", "conv"]},
            "'layer_range' is ['dense', 'conv']; allowed: the names of the first and the last layer, "
            "or patterns for them, of dense, activation, dense_1",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make_model().summary(**options)
    assert str(caught.value) == f"summary: argument {text}"


def test_layers_of_several_outputs_show_all_shapes_and_shared_ones_multiple() -> None:
    class Split(layers.Layer):
        output_count = 2

        def call(self, inputs: Any) -> Any:
            return [inputs[:, :1], inputs[:, 1:]]

    inputs = layers.Input((4,), name="inputs")
    activation = layers.ReLU(name="shared")
    first, second = Split(name="split")(inputs)
    model = Model(inputs, [activation(first), activation(second)])
    lines: list[str] = []
    model.summary(line_length=120, print_fn=lines.append)
    rows = [line.split(maxsplit=2) for line in lines if "[0]" in line]
    assert rows[0][:2] == ["split", "(Split)"]
    assert rows[0][2].startswith("[(None, 1), (None, 3)]")
    assert rows[1][2].startswith("multiple")
    assert any(line.strip() == "split[0][1]" for line in lines)


def test_a_table_is_printed(capsys: Any) -> None:
    make_model().summary(line_length=80)
    text = capsys.readouterr().out
    for part in ('Model: "net"', "dense_1 (Dense)", "(None, 1000)", "5,000", "Total params: 5,016"):
        assert part in text


def test_an_open_model_shows_question_marks_until_it_is_built() -> None:
    lines: list[str] = []
    model = Sequential([layers.Dense(2)])
    model.summary(print_fn=lines.append)
    assert "dense (Dense)                ?                         0 (unbuilt)" in lines
    model.predict(np.zeros((1, 3)), verbose=0)
    lines.clear()
    model.summary(print_fn=lines.append)
    assert "dense (Dense)                (None, 2)                 8" in lines


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0.00 B"), (7052, "6.89 KB"), (3 << 20, "3.00 MB"), (5 << 40, "5120.00 GB")],
)
def test_sizes_have_the_unit_that_suits_them(size: int, text: str) -> None:
    assert format_size(size) == text
