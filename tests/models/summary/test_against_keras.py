"""The rows and the totals of summaries, compared with those that Keras 3 prints of the same models."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import keras
import numpy as np
import pytest

import kplug

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own variables.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(autouse=True)
def _fresh_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "210")
    keras.backend.clear_session(free_memory=False)
    kplug.backend.clear_session()


Make = Callable[[Any, str], Any]


def table_of_keras(model: Any, **options: Any) -> tuple[list[list[str]], list[str]]:
    texts: list[str] = []
    model.summary(line_length=200, print_fn=texts.append, **options)
    return read_table("".join(texts))


def table_of_ours(model: Any, **options: Any) -> tuple[list[list[str]], list[str]]:
    output = io.StringIO()
    with redirect_stdout(output):
        model.summary(line_length=200, **options)
    return read_table(output.getvalue())


def read_table(text: str) -> tuple[list[list[str]], list[str]]:
    """Return the cells of a printed table, and the lines below it."""
    lines = text.splitlines()
    rows = [re.split("[│┃]", line)[1:-1] for line in lines if line[:1] in "│┃"]
    notes = [line.strip() for line in lines if " params: " in line]
    return [[cell.strip() for cell in row] for row in rows], notes


@pytest.mark.parametrize(
    "name", ["chain", "straight", "branches", "siamese", "nested", "frozen", "unbuilt"]
)
def test_rows_and_totals_are_those_of_keras(make: Make, name: str) -> None:
    assert table_of_ours(make(kplug, name)) == table_of_keras(make(keras, name))


@pytest.mark.parametrize("name", ["nested", "frozen"])
@pytest.mark.parametrize(
    "options", [{"expand_nested": True}, {"show_trainable": True}, {"layer_range": ["f", "sum|h"]}]
)
def test_options_do_what_they_do_in_keras(make: Make, name: str, options: dict[str, Any]) -> None:
    if name == "nested" and "layer_range" in options:
        options = {"layer_range": ["coder", "head"]}
    assert table_of_ours(make(kplug, name), **options) == table_of_keras(
        make(keras, name), **options
    )


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_the_state_of_the_optimizer_counts_as_in_keras(make: Make, optimizer: str) -> None:
    notes = []
    for library in (kplug, keras):
        model = make(library, "straight")
        model.compile(optimizer, "mse")
        model.fit(np.zeros((4, 4)), np.zeros((4, 2)), verbose=0)
        notes.append((table_of_ours if library is kplug else table_of_keras)(model)[1])
    assert notes[0] == notes[1]
    assert any(note.startswith("Optimizer params: ") for note in notes[0])


# ------------------------------------------------------------- Keras 2's lines of plain text


def lines_of_keras_2(
    model: Any, shown: list[list[str]], width: int, ends: list[float]
) -> list[str]:
    """Print rows as ``print_summary`` of Keras 2.3 does; a row is a list of cells."""
    positions = [int(width * end) for end in ends]

    def row(fields: list[str]) -> str:
        line = ""
        for index, field in enumerate(fields):
            if index > 0:
                line = line[:-1] + " "
            line += field
            line = line[: positions[index]]
            line += " " * (positions[index] - len(line))
        return line.rstrip()

    titles = ["Layer (type)", "Output Shape", "Param #", "Connected to"]
    lines = [f'Model: "{model.name}"', "_" * width, row(titles[: len(ends)]), "=" * width]
    for number, (name, shape, params, *connected) in enumerate(shown):
        connections = connected[0].split(", ") if connected and connected[0] != "-" else [""]
        fields = [name, shape, params.replace(",", "")]
        lines.append(row(fields + connections[:1] if connected else fields))
        lines += [row(["", "", "", each]) for each in connections[1:]]
        lines.append(("=" if number == len(shown) - 1 else "_") * width)
    trainable, others = (
        sum(int(np.prod(weight.shape)) for weight in weights)
        for weights in (model.trainable_weights, model.non_trainable_weights)
    )
    return [
        *lines,
        f"Total params: {trainable + others:,}",
        f"Trainable params: {trainable:,}",
        f"Non-trainable params: {others:,}",
        "_" * width,
    ]


@pytest.mark.parametrize("name", ["chain", "straight", "branches", "siamese", "nested", "frozen"])
def test_plain_text_has_the_layout_of_keras_2(make: Make, name: str) -> None:
    lines: list[str] = []
    make(kplug, name).summary(print_fn=lines.append)
    model = make(keras, name)
    cells, _ = table_of_keras(model)
    is_graph = len(cells[0]) == 4
    width, ends = (98, [0.33, 0.55, 0.67, 1.0]) if is_graph else (65, [0.45, 0.85, 1.0])
    assert lines == lines_of_keras_2(model, cells[1:], width, ends)
