"""``kplug bench`` on small files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from kplug import backend
from kplug.cli.app import app
from kplug.cli.bench.command import split_target
from kplug.cli.bench.loading import load_workload, make_samples
from kplug.cli.bench.run import make_loop, prepare
from kplug.errors import KplugError

HEAD = """
import numpy as np, torch
from kplug.layers import *
from kplug.models import Model, Sequential
"""
SMALL = HEAD + (
    "model = Sequential([Dense(3, input_shape=(4,), kernel_constraint='non_neg')], name='small')\n"
    "model.compile('adam', 'mse', metrics=['mae'])\n"
)


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    backend.clear_session()


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text)
    return path


def bench(*arguments: object) -> Any:
    options = ["--no-jit", "--rounds", "1", "--steps", "3", "--batch-size", "4"]
    return CliRunner().invoke(
        app, ["bench", *map(str, arguments), *options], env={"COLUMNS": "200"}
    )


def refuse(*arguments: object) -> str:
    error = bench(*arguments).exception
    assert isinstance(error, KplugError)
    return str(error)


def test_a_table_shows_the_loop_and_fit(tmp_path: Path) -> None:
    result = bench(write(tmp_path, SMALL))
    assert result.exit_code == 0, result.output
    assert "small: 3 steps of 4, cpu" in result.output
    rows = [line for line in result.output.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in row.strip("│").split("│")] for row in rows]
    assert [row[0] for row in cells] == ["a loop by hand", "fit"]
    assert cells[0][3] == "1.00"
    assert float(cells[1][3]) > 0
    for row in cells:
        # Both are rounded, on a busy machine few steps a second more than many.
        assert float(row[2]) == pytest.approx(1e6 / float(row[1]), rel=0.01, abs=0.6)


@pytest.mark.slow
def test_the_compiled_step_is_timed_too(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL)
    result = CliRunner().invoke(
        app,
        ["bench", str(path), "--rounds", "1", "--steps", "4", "--batch-size", "4"],
        env={"COLUMNS": "200"},
    )
    assert result.exit_code == 0, result.output
    row = next(line for line in result.output.splitlines() if "jit_compile=True" in line)
    assert float(row.strip("│ ").split("│")[-1].split()[0]) > 0


def test_data_of_the_file_are_used_and_another_name_can_be_given(tmp_path: Path) -> None:
    text = SMALL + "net = model\nx, y = np.ones((11, 4)), np.zeros((11, 3))\n"
    assert "small: 3 steps of 4" in bench(f"{write(tmp_path, text)}:net").output
    samples = make_samples(load_workload(tmp_path / "mine.py", "net"), 99)
    assert len(samples) == 11


MODELS = {
    "sparse_categorical_crossentropy": "Sequential([Dense(3, 'softmax', input_shape=(4,))])",
    "categorical_crossentropy": "Sequential([Dense(3, 'softmax', input_shape=(4,))])",
    "binary_crossentropy": "Sequential([Dense(1, 'sigmoid', input_shape=(4,))])",
    "mse": "Sequential([Conv2D(2, 3, input_shape=(8, 8, 1)), Flatten(), Dense(2)])",
    "hinge": "Sequential([Embedding(7, 2, input_length=3), Flatten(), Dense(1)])",
    "poisson": "Sequential([Embedding(7, 2, input_shape=(None,)), GlobalAveragePooling1D(), "
    "Dense(1, 'softplus')])",
}


@pytest.mark.parametrize("loss", MODELS)
def test_random_data_fit_the_model_and_its_loss(tmp_path: Path, loss: str) -> None:
    text = HEAD + f"model = {MODELS[loss]}\nmodel.compile('sgd', {loss!r})\n"
    workload = load_workload(write(tmp_path, text), "model")
    samples = make_samples(workload, 40)
    assert len(samples) == 40
    workload.model.fit(samples.x, samples.y, verbose=0)


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    text = HEAD + (
        "a, b = Input((3,), name='a'), Input((2,), name='b')\n"
        "joined = Concatenate()([a, b])\n"
        "model = Model([a, b], [Dense(1)(joined), Dense(4, 'softmax')(joined)])\n"
        "model.compile('sgd', ['mse', 'sparse_categorical_crossentropy'])\n"
    )
    workload = load_workload(write(tmp_path, text), "model")
    samples = make_samples(workload, 8)
    assert [tuple(array.shape) for array in samples.x] == [(8, 3), (8, 2)]
    assert [tuple(array.shape) for array in samples.y] == [(8, 1), (8,)]
    workload.model.fit(samples.x, samples.y, verbose=0)


def test_the_loop_by_hand_makes_the_updates_of_fit(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL)
    weights = []
    for by_hand in (True, False):
        torch.manual_seed(1)
        model = prepare(load_workload(path, "model"), jit_compile=False)
        samples = make_samples(load_workload(path, "model"), 20)
        torch.manual_seed(2)
        model.set_weights([torch.ones(4, 3), torch.zeros(3)])
        if by_hand:
            make_loop(model, samples, 4).train()
        else:
            model.fit(samples.x, samples.y, batch_size=4, verbose=0)
        weights.append(model.get_weights()[0])
    assert weights[0] == pytest.approx(weights[1], rel=1e-6)


def test_files_that_cannot_be_timed(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL + "raw = Sequential([Dense(3)])\nnumber = 5\nopen_ended = raw\n")
    assert refuse(f"{path}:raw") == (
        f"the model 'raw' in {str(path)!r} is not compiled\n"
        "  Call raw.compile(optimizer=…, loss=…) in the file."
    )
    assert refuse(f"{path}:number") == (
        f"'number' in {str(path)!r} is an int; a model of kplug's is needed\n"
        "  Other torch modules become one in Sequential([Input(shape), module])."
    )
    assert refuse(f"{path}:nothing") == (
        f"{str(path)!r} defines no 'nothing'\n  The models in it: 'model', 'raw', 'open_ended'."
    )
    write(tmp_path, "x = 5")
    assert refuse(path) == (
        f"{str(path)!r} defines no 'model'\n"
        "  Define it at the top of the file: model = Sequential([…])."
    )


def test_a_model_of_unknown_shape_needs_data(tmp_path: Path) -> None:
    text = HEAD + "model = Sequential([Dense(3)], name='open')\nmodel.compile('sgd', 'mse')\n"
    assert refuse(write(tmp_path, text)) == (
        "model 'open' does not know its input shape, and the file defines no 'x'\n"
        "  Define x and y in the file, or give the first layer an input_shape."
    )
    path = write(tmp_path, text + "x = np.zeros((9, 2))\n")
    assert bench(path).exit_code == 0


def test_batches_instead_of_arrays_are_refused(tmp_path: Path) -> None:
    assert refuse(write(tmp_path, SMALL + "x = iter([])\n")) == (
        "'x' is a list_iterator; kplug bench needs arrays, which it can go through again and again"
    )


def test_a_loss_that_takes_no_random_numbers(tmp_path: Path) -> None:
    text = SMALL + (
        "def picky(y_true, y_pred):\n    raise ValueError('no')\nmodel.compile('sgd', picky)\n"
    )
    assert refuse(write(tmp_path, text)) == (
        "the loss 'picky' takes no random targets of shape (12, 3)\n  Define x and y in the file."
    )


def test_names_behind_the_colon(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    assert split_target(str(path)) == (path, "model")
    assert split_target(f"{path}:net_2") == (path, "net_2")
    for name in ("2", "a b", ""):
        with pytest.raises(KplugError, match=f"'{name}' cannot be the name of a model"):
            split_target(f"{path}:{name}")
    (tmp_path / "data.csv").write_text("")
    with pytest.raises(KplugError, match="is no Python file"):
        split_target(str(tmp_path / "data.csv"))


def test_errors_of_the_command_are_sentences_without_torch(tmp_path: Path) -> None:
    code = "import sys; from kplug.cli.app import app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    done = subprocess.run(
        [sys.executable, "-m", "kplug", "bench", "no.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "kplug: there is no file 'no.py'")
